// Worlds one after the other, as tests. They are spread over files, since jest gives each worker whole files.
import { finding } from './cli/report';
import { Outcome, simulate } from './world';

const BATCH = 50;

/**
 * Declares tests that every invariant holds in the worlds of these seeds, from `first` on.
 *
 * @returns what these tests have come to so far, for those that follow
 */
export function testWorlds(first: number, count: number): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const batches = Array.from({ length: count / BATCH }, (_, i) => [first + i * BATCH, first + (i + 1) * BATCH - 1]);
  test.each(batches)('every invariant holds in the worlds %i to %i', async (from, to) => {
    for (let seed = from; seed <= to; seed++) {
      const outcome = await simulate(seed);
      outcomes.push(outcome);
      if (outcome.violation) {
        throw new Error(finding(await simulate(seed, true)));
      }
    }
  }, 120_000);
  return outcomes;
}
