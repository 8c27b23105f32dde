// How many messages a second are taken: by the topic, and by ingest, until all of them are stored.
import { median } from './measure';
import type { Section, SectionOptions } from './section';
import type { PlannedWebhook } from './sender';
import { ThroughEngine } from './through-engine';
import { exampleAssembly } from '../scripts/support/example';
import { table } from '../scripts/support/terminal';

/** So far ahead that load would send them: none is delivered while this is measured. */
const DUE_MS = 60 * 60_000;
const COUNT = 3_000;
/** Starts the workers; not measured. */
const WARM_UP = 1_000;
const REPETITIONS = 3;

interface Throughput {
  /** Messages a second that the topic has taken, from the first call to the last answer. */
  readonly published: number;
  /** Messages a second that are in the table, from the first call to the last row. */
  readonly stored: number;
}

/** Nobody is there to get them: what is measured ends with the table. */
const URL = 'http://127.0.0.1:9';

export async function measurePublish({ cleanup, repeat = REPETITIONS, onProgress }: SectionOptions): Promise<Section> {
  onProgress('publish throughput');
  const runs: Throughput[] = [];
  await cleanup.scope(async (running) => {
    const sender = await ThroughEngine.start(running, await exampleAssembly(running), URL, 0);
    await throughputOf(sender, WARM_UP);
    for (let repetition = 0; repetition < repeat; repetition++) {
      runs.push(await throughputOf(sender, COUNT));
    }
  });
  const medians = { published: median(runs.map(({ published }) => published)), stored: median(runs.map(({ stored }) => stored)) };
  return {
    name: 'publish',
    title: 'How many messages are taken',
    tables: [{
      caption: `publish: ${COUNT} messages in batches of 10, 4 batches at one time, medians of ${repeat} repetitions`,
      text: table(
        [{ title: 'Messages a second' }, { title: 'measured', align: 'right' }],
        [
          ['taken by the topic', String(Math.round(medians.published))],
          ['stored, by ingest and the emulated table, which takes about 1,000 writes a second', String(Math.round(medians.stored))],
        ],
      ),
    }],
    json: { count: COUNT, medians, runs },
    ok: true,
  };
}

async function throughputOf(sender: ThroughEngine, count: number): Promise<Throughput> {
  const dueAt = Date.now() + DUE_MS;
  const planned = Array.from({ length: count }, (_, i): PlannedWebhook => ({ target: `/publish?n=${i}`, dueAt }));
  const start = Date.now();
  await sender.schedule(planned);
  const published = Date.now();
  const stored = await sender.whenStored();
  const rate = (end: number) => count / (end - start) * 1_000;
  return { published: rate(published), stored: rate(stored) };
}
