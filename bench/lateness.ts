// How late webhooks are: runs the works through their senders, and sets what was measured side by side.
import { DeliverPath } from './deliver-path/deliver-path';
import { Floor } from './floor';
import { Measured, verdictOn } from './goal';
import { Figures, figuresOf, medianOf } from './measure';
import type { Options } from './options';
import { BullMq } from './peer/bullmq';
import { RedisServer } from './peer/redis';
import { limitReached } from './processor-time';
import { Row, workCaption, workTable } from './report';
import { precedenceOf, receiverFor, Run, Runner, SLOW_WARM_UP } from './runner';
import type { Section, SectionOptions, Table } from './section';
import type { Sender } from './sender';
import { ThroughEngine } from './through-engine';
import { Load, SenderName, Work, WORKS } from './work';
import type { Cleanup } from '../scripts/support/cleanup';
import { exampleAssembly } from '../scripts/support/example';

const NO_REDIS = 'redis-server is not installed, so BullMQ is left out (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)';

const LABELS: Readonly<Record<SenderName, string>> = {
  engine: 'this scheduler', deliver: 'this scheduler, deliver path', floor: 'bare HTTP client', peer: BullMq.label,
};

const TITLE = 'How late webhooks are';

/** What one sender is to send. */
interface Labelled {
  readonly as: keyof Measured;
  readonly label: string;
  readonly load: Load;
}

/** What it made of that. */
interface Result extends Omit<Labelled, 'load'> {
  readonly settings: string;
  readonly receiver: string;
  readonly median: Figures;
  readonly runs: readonly Run[];
}

export async function measureLateness(
  { works: names, senders, peer, repeat }: Pick<Options, 'works' | 'senders' | 'peer' | 'repeat'>, { cleanup, onProgress, onTable }: SectionOptions,
): Promise<Section> {
  const assembly = await exampleAssembly(cleanup);
  const hasPeer = peer !== undefined && RedisServer.version() !== undefined;
  if (peer !== undefined && !hasPeer) {
    onProgress(NO_REDIS);
  }
  const measured: { name: string; work: Work; results: readonly Result[]; table: Table }[] = [];
  for (const name of names.filter((other) => Object.hasOwn(WORKS, other))) {
    const work = WORKS[name];
    const results: Result[] = [];
    for (const sender of work.senders.filter((other) => senders.includes(other) && (other !== 'peer' || hasPeer))) {
      const loads: Labelled[] = [{ as: sender, label: LABELS[sender], load: work.load }];
      if (work.beside) {
        loads.push({ as: `${sender} beside`, label: `${LABELS[sender]}, ${work.beside.label}`, load: work.beside.load });
      }
      loads.forEach(({ label }) => onProgress(`${name}, ${label}`));
      results.push(...await measureOne(sender, work, loads, assembly, repeat ?? work.repeat, cleanup));
    }
    const table = { caption: workCaption(name, work), text: workTable(results.map(rowOf), verdictsOn(work, results)) };
    onTable(TITLE, table);
    measured.push({ name, work, results, table });
  }
  return {
    name: 'lateness',
    title: TITLE,
    tables: measured.map(({ table }) => table),
    json: measured.map(({ name, work, results }) => ({
      work: name, description: work.description, verdicts: verdictsOn(work, results), results: results.map(summaryOf),
    })),
    ok: measured.every(({ results }) => results.every(isRight)),
  };
}

/** Repeats loads with one sender, in turn, since no machine is the same for minutes. Nothing is left of them afterwards. */
async function measureOne(
  name: SenderName, work: Work, loads: readonly Labelled[], assembly: string, repeat: number, cleanup: Cleanup,
): Promise<Result[]> {
  // Where endpoints hang, workers are still busy with them when the next repetition would begin: each has a sender of its own.
  const starts = work.beside ? repeat : 1;
  const measured = loads.map((labelled) => ({ ...labelled, runs: [] as Run[], settings: '', receiver: '' }));
  for (let start = 0; start < starts; start++) {
    for (const one of measured) {
      await cleanup.scope(async (running) => {
        const receiver = await running.open(() => receiverFor(one.load.endpoint), (opened) => opened.close());
        const sender = await startSender(name, work, receiver.url, assembly, running);
        const runner = new Runner(receiver, sender, name);
        await runner.warmUp();
        for (let repetition = 0; repetition < repeat / starts; repetition++) {
          one.runs.push(await runner.run(one.load, repetition));
        }
        [one.settings, one.receiver] = [sender.settings, precedenceOf(receiver)];
      });
    }
  }
  return measured.map(({ as, label, settings, receiver, runs }) => (
    { as, label, settings, receiver, runs, median: medianOf(runs.map(({ samples }) => figuresOf(samples))) }
  ));
}

function startSender(name: SenderName, work: Work, url: string, assembly: string, cleanup: Cleanup): Promise<Sender> {
  switch (name) {
    case 'engine':
      return ThroughEngine.start(cleanup, assembly, url, work.aheadMs);
    case 'deliver':
      return DeliverPath.start(cleanup, assembly, url);
    case 'floor':
      return Floor.start(cleanup, url, work.connections, SLOW_WARM_UP);
    case 'peer':
      return BullMq.start(cleanup, url, work.peerConcurrency, SLOW_WARM_UP);
  }
}

/** Of the peer, nothing is asked: what it loses is shown, and is no fault of this scheduler. */
function isRight({ as, runs }: Result): boolean {
  return as === 'peer' || runs.every(({ samples, hanging }) => {
    const [figures, hung] = [figuresOf(samples), figuresOf(hanging)];
    return figures.lost + figures.early + figures.twice + hung.lost + hung.early === 0;
  });
}

function measuredOf(results: readonly Result[]): Measured {
  return Object.fromEntries(results.map(({ as, median }) => [as, median]));
}

function verdictsOn(work: Work, results: readonly Result[]) {
  return work.goals.map((goal) => verdictOn(goal, measuredOf(results)));
}

function rowOf(result: Result, _: number, results: readonly Result[]): Row {
  const { as, label, settings, receiver, median, runs } = result;
  const { floor } = measuredOf(results);
  return { label, settings, receiver, figures: median, repetitions: runs.length, ...(as === 'floor' ? {} : { floor }), limit: limitOf(result) };
}

function limitOf({ runs }: Pick<Result, 'runs'>): string | undefined {
  const [{ cores }] = runs;
  return cores && `before the date ${limitReached(cores.before)}, after it ${limitReached(cores.after)}`;
}

function summaryOf({ runs, ...result }: Result) {
  return {
    ...result,
    limit: limitOf({ runs }),
    runs: runs.map(({ samples, hanging, cores, notes }) => ({
      figures: figuresOf(samples),
      ...(hanging.length > 0 ? { hanging: figuresOf(hanging) } : {}),
      ...(cores ? { cores } : {}),
      ...notes,
    })),
  };
}
