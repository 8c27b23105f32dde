// One of the processes that run seeds.
import { Chunk } from './pool';
import { count, noTotals } from './totals';
import { simulate } from '../world';

process.on('message', ({ first, count: seeds }: Chunk) => {
  void run(first, seeds);
});

async function run(first: number, seeds: number): Promise<void> {
  const totals = noTotals();
  for (let seed = first; seed < first + seeds; seed++) {
    count(totals, await simulate(seed));
  }
  process.send?.(totals);
}
