// One world: everything the scheduler stands on, what goes wrong with it, and what producers do, all drawn from one seed.
import { Endpoints } from './endpoint';
import { EventLoop } from './event-loop';
import { EventSource } from './event-source';
import { FailureTopic } from './failure-topic';
import { drawRates, Faults, NO_FAULTS, Outage, ServiceName } from './faults';
import { Fleet, Handler } from './fleet';
import { Operator } from './operator';
import { Violation } from './oracle/invariants';
import { Oracle } from './oracle/oracle';
import { dueOf, POISON, Publisher } from './publication';
import { SimQueue } from './queue';
import { Random } from './random';
import { Planned, Scenario } from './scenario';
import { SimClient, SimServices } from './services';
import {
  DAY, drawSettings, environmentOf, FAILURE_TOPIC_ARN, FunctionName, hastySettings, HOUR, MAX_PARTITIONS, MINUTE, QueueName, queueUrl, REDRIVE,
  SECOND, Settings, TABLE_NAME,
} from './settings';
import { SimTable } from './table';
import { Ticker } from './ticker';
import { InputTopic } from './topic';
import { short, Trace } from './trace';
import { useVirtualTimeouts } from './virtual-timeout';
import { Worker } from './worker';
import { createDeliverHandler } from '../../src/handlers/deliver-handler';
import { Environment, Variable } from '../../src/handlers/environment';
import { createIngestHandler } from '../../src/handlers/ingest-handler';
import { createLoadHandler } from '../../src/handlers/load-handler';
import { Services } from '../../src/handlers/services';

const QUEUES: readonly QueueName[] = ['ingest', 'delay', 'ingestUnreported', 'delayUnreported', 'ingestDead', 'delayDead'];
const EPOCH = Date.UTC(2027, 0, 1);
/** After so many events everything works, and then it has to come to an end before so many. */
const [MAX_FAULTY_STEPS, MAX_STEPS] = [60_000, 300_000];
/** So many events, and then the process may do something else. */
const STEPS_AT_A_TIME = 5_000;
/** How often a webhook that has failed is redriven, at most. */
const MAX_REDRIVES = 2;
/** Sets the chance apart by which settings are drawn that there were not always. */
const ADDED_SEED = 1_000_000_007;
/** The same of whether it is a hasty world: one whose retries follow within seconds, while others of their burst are still to be fired. */
const HASTY_SEED = 1_500_000_001;
const HASTY_SHARE = 0.04;
/** The same of whether the number of partitions is changed, between one and as many as worlds have at most. */
const DEPLOYMENTS_SEED = 1_700_000_009;
const REDEPLOYED_SHARE = 0.2;
/** Without faults it is certain when a request has to be out, and that is what a hasty world is to show. */
const [FAULTLESS_SHARE, FAULTLESS_HASTY_SHARE] = [0.1, 0.5];

/** What the simulation may be told to break, to see whether that is noticed. */
export interface Sabotage {
  /** Wraps what a worker stands on. */
  readonly services?: (services: Services, worker: Worker) => Services;
}

export interface Outcome {
  readonly seed: number;
  readonly violation?: Violation;
  /** What the violation's subject is called in the trace. */
  readonly names: readonly string[];
  readonly trace: readonly string[];
  readonly simulatedMs: number;
  readonly steps: number;
  readonly webhooks: number;
  /** Of what was published, what came in lists. */
  readonly listed: number;
  readonly requests: number;
  readonly repeats: number;
  /** Batches of more than ten messages, which a batching window has brought together. */
  readonly gathered: number;
  readonly packs: number;
  readonly packsPutAside: number;
  readonly faults: ReadonlyMap<string, number>;
}

class World {
  private readonly random: Random;
  private readonly scenario: Scenario;
  private readonly loop: EventLoop;
  private readonly trace: Trace;
  private readonly settings: Settings;
  private readonly faults: Faults;
  private readonly oracle: Oracle;
  private readonly queues = new Map<QueueName, SimQueue>();
  private readonly fleets: readonly Fleet[];
  private readonly services: SimServices;
  private readonly ingestSource: EventSource;
  private readonly endpoints: Endpoints;
  private readonly ticker: Ticker;
  private readonly topic: InputTopic;
  private readonly publisher: Publisher;
  /** Where the number of partitions is changed. */
  private readonly deployments?: Random;
  private readonly redrives = new Map<string, number>();
  private listed = 0;
  private readonly start: number;

  public constructor(private readonly seed: number, withTrace: boolean, private readonly sabotage: Sabotage = {}) {
    const random = this.random = new Random(seed);
    this.start = EPOCH + Math.floor(random.next() * 365 * DAY);
    const loop = this.loop = new EventLoop(this.start);
    const trace = this.trace = new Trace(() => loop.now, withTrace);
    const added = new Random(seed + ADDED_SEED);
    const hasty = new Random(seed + HASTY_SEED);
    const isHasty = hasty.chance(HASTY_SHARE);
    const deployments = new Random(seed + DEPLOYMENTS_SEED);
    this.deployments = deployments.chance(REDEPLOYED_SHARE) ? deployments : undefined;
    const drawn = drawSettings(random, added);
    const settings = this.settings = isHasty ? hastySettings(hasty, drawn) : drawn;
    this.scenario = new Scenario(random, added, settings, this.start, isHasty);
    const { planned } = this.scenario;
    this.faults = this.drawFaults(planned, isHasty ? FAULTLESS_HASTY_SHARE : FAULTLESS_SHARE);
    const oracle = this.oracle = new Oracle(() => loop.now, settings, this.faults);
    trace.add('world', () => short(settings));

    const table = new SimTable(TABLE_NAME, () => loop.now, random, this.faults, settings.pageSize, oracle);
    this.createQueues();
    this.services = new SimServices(loop, random, this.faults, trace, oracle, (worker) => this.fleet(worker.functionName).crash(worker));
    this.services.add(TABLE_NAME, table);
    this.queues.forEach((queue, name) => this.services.add(queueUrl(name), queue));
    this.services.add(FAILURE_TOPIC_ARN, new FailureTopic((...notice) => this.notified(...notice)));
    this.endpoints = new Endpoints(loop, random, trace, oracle);
    this.fleets = (['ingest', 'load', 'deliver'] as const).map((name) => (
      new Fleet(name, settings, loop, random, this.faults, trace, (worker) => this.createHandler(worker), oracle)
    ));
    const concurrency = this.faults.isFaultless ? 100 : random.pick([2, 5, 100]);
    this.ingestSource = new EventSource(this.queue('ingest'), this.fleet('ingest'), settings, concurrency, loop, random, this.faults);
    new EventSource(this.queue('delay'), this.fleet('deliver'), settings, concurrency, loop, random, this.faults);
    new Operator([[this.queue('ingestDead'), this.queue('ingest')], [this.queue('delayDead'), this.queue('delay')]], loop, random, trace);
    this.ticker = new Ticker(
      this.fleet('load'), table, loop, random, this.faults, trace, () => this.isIdle(), (cursor) => oracle.skippedTo(cursor),
    );
    this.topic = new InputTopic(this.queue('ingest'), this.queue('ingestUnreported'), loop, random, this.faults);
    this.publisher = new Publisher(random);
    planned.forEach((one) => this.plan(one));
    this.plantPoison();
  }

  /** Runs the world to its end, or to the first violation. */
  public async run(): Promise<Outcome> {
    this.ticker.start();
    while (!this.oracle.violation && !this.ticker.isQuiet) {
      await this.loop.step();
      this.oracle.checkStep();
      if (this.loop.steps % STEPS_AT_A_TIME === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (this.loop.steps === MAX_FAULTY_STEPS) {
        this.faults.stop();
      } else if (this.loop.steps >= MAX_STEPS) {
        this.oracle.checkEndless();
      }
    }
    if (!this.oracle.violation) {
      this.oracle.checkEnd();
    }
    const { violation, webhooks, repeats, packs: [packs, packsPutAside] } = this.oracle;
    return {
      seed: this.seed,
      violation,
      names: violation?.subject === undefined ? [] : this.oracle.namesOf(violation.subject),
      trace: this.trace.lines,
      simulatedMs: this.loop.now - this.start,
      steps: this.loop.steps,
      webhooks,
      listed: this.listed,
      requests: this.endpoints.requests,
      repeats,
      gathered: this.ingestSource.gathered,
      packs,
      packsPutAside,
      faults: this.faults.counts,
    };
  }

  private drawFaults(planned: readonly Planned[], faultlessShare: number): Faults {
    const { random } = this;
    const isFaultless = random.chance(faultlessShare);
    const moments = planned.flatMap(({ at, drafts }) => (
      drafts.flatMap(({ kind, fields }) => [at, ...(kind === 'webhook' ? [Math.max(at, dueOf(fields))] : [])])
    ));
    const last = Math.max(...moments);
    const outages = isFaultless || random.chance(0.4) ? [] : Array.from({ length: random.int(1, 4) }, () => drawOutage(random, random.pick(moments)));
    const faults = new Faults(random, isFaultless ? NO_FAULTS : drawRates(random), outages, isFaultless);
    this.loop.at(random.chance(0.5) ? last + random.spread(MINUTE, 2 * DAY) : this.start + random.next() * (last - this.start), () => {
      this.trace.add('world', () => 'from here on everything works');
      faults.stop();
    });
    return faults;
  }

  private createQueues(): void {
    for (const name of QUEUES) {
      this.queues.set(name, new SimQueue(name, this.settings, this.loop, this.random, this.faults, this.oracle));
    }
    for (const name of QUEUES) {
      const target = REDRIVE[name]?.to;
      this.queue(name).deadLetterQueue = target && this.queue(target);
    }
  }

  private createHandler(worker: Worker): Handler {
    const client = <T>(service: ServiceName) => this.services.client(service, worker) satisfies SimClient as unknown as T;
    const log = (level: string) => (message: string, fields: object) => this.trace.add(worker.name, () => `${level} ${message} ${short(fields)}`);
    const real: Services = {
      clock: worker.clock,
      dynamodb: client('dynamodb'),
      sqs: client('sqs'),
      sns: client('sns'),
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: () => this.oracle.metricsOf(worker),
      random: () => this.random.next(),
    };
    const services = this.sabotage.services?.(real, worker) ?? real;
    const environment = { ...environmentOf(worker.functionName, this.settings), ...this.redeployed(worker) };
    switch (worker.functionName) {
      case 'ingest':
        return createIngestHandler(environment, services);
      case 'load':
        return createLoadHandler(environment, services);
      case 'deliver':
        return createDeliverHandler(environment, services, () => this.endpoints.client(worker), () => {
          throw new Error('the simulated schedulers have no secrets');
        });
    }
  }

  /** Where the number of partitions is changed now and then, perhaps by deployments that are rolled back, a worker begins with any. */
  private redeployed({ functionName }: Worker): Environment {
    return functionName === 'ingest' && this.deployments ? { [Variable.PARTITIONS]: String(this.deployments.int(1, MAX_PARTITIONS)) } : {};
  }

  private plan({ at, drafts, isList }: Planned): void {
    this.loop.at(at, () => {
      const { now } = this.loop;
      const message = isList ? this.publisher.list(drafts, now) : this.publisher.message(drafts[0], now);
      this.trace.add('producer', () => `publishes ${message.messageId} ${message.text.replace(/\{ +/g, '{')}`);
      this.listed += isList ? message.publications.length : 0;
      this.oracle.published(message);
      this.topic.publish(message.messageId, message.text);
      for (const { kind, id, defaultId, fields } of message.publications) {
        if (kind === 'webhook' && id === undefined) {
          this.scenario.actionsOn(defaultId, now, dueOf(fields)).forEach((action) => this.plan(action));
        }
      }
    });
  }

  /** The failure topic's subscriber redrives now and then. */
  private notified(text: string, reason: string | undefined, by: Worker): void {
    this.oracle.notified(text, reason, by);
    const { id } = JSON.parse(text) as { id: string };
    const count = this.redrives.get(id) ?? 0;
    if (reason !== 'validation' && reason !== 'refused' && count < MAX_REDRIVES && this.random.chance(0.3)) {
      this.redrives.set(id, count + 1);
      this.plan(Scenario.redrive(id, this.loop.now + this.random.spread(SECOND, DAY)));
    }
  }

  private plantPoison(): void {
    if (!this.faults.isFaultless && this.random.chance(0.05)) {
      const queue = this.queue(this.random.pick(['ingest', 'delay']));
      this.loop.at(this.start + this.random.int(0, HOUR), () => queue.send(`${POISON} for ${queue.name}`));
    }
  }

  private isIdle(): boolean {
    return this.fleets.every(({ busy }) => busy === 0) && this.queue('ingestUnreported').messages.size + this.queue('delayUnreported').messages.size === 0;
  }

  private fleet(name: FunctionName): Fleet {
    return this.fleets.find((fleet) => fleet.name === name) as Fleet;
  }

  private queue(name: QueueName): SimQueue {
    return this.queues.get(name) as SimQueue;
  }
}

/** A service, or the schedule, is down from shortly before a moment that matters, for seconds to hours. */
function drawOutage(random: Random, moment: number): Outage {
  const from = moment - random.spread(SECOND, HOUR);
  return { service: random.pick(['dynamodb', 'sqs', 'sns', 'ticks']), from, to: from + random.spread(SECOND, 8 * HOUR) };
}

/** Runs the world of a seed. One at a time in a process. */
export async function simulate(seed: number, withTrace = false, sabotage?: Sabotage): Promise<Outcome> {
  const restore = useVirtualTimeouts();
  try {
    return await new World(seed, withTrace, sabotage).run();
  } finally {
    restore();
  }
}
