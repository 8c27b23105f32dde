// Shows that the simulator can fail: for each invariant, the code is broken on purpose, and a few worlds find it and name what is broken.
import { Invariant, INVARIANTS } from './oracle/invariants';
import { SimClient } from './services';
import { Worker } from './worker';
import { simulate } from './world';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SnsFailureReporter } from '../../src/adapters/sns-failure-reporter';
import { SqsDelayQueue } from '../../src/adapters/sqs-delay-queue';
import { SqsUnreportedQueue } from '../../src/adapters/sqs-unreported-queue';
import { Actions } from '../../src/core/actions';
import { DeadLetters } from '../../src/core/dead-letters';
import { Deliver, DeliverConfig } from '../../src/core/deliver';
import type { Failure } from '../../src/core/failure-notice';
import { Ingest } from '../../src/core/ingest';
import * as limits from '../../src/core/limits';
import * as message from '../../src/core/message';
import { MetricName } from '../../src/core/metric-names';
import type { ClaimedTurn, Cursor, FoundWebhook } from '../../src/core/ports';
import * as request from '../../src/core/request';
import * as retry from '../../src/core/retry';
import { Shipments } from '../../src/core/shipments';
import type { State } from '../../src/core/state';
import * as timing from '../../src/core/timing';
import * as environment from '../../src/handlers/environment';
import type { Services } from '../../src/handlers/services';

const MAX_SEEDS = 300;

/** What ingest has made of a part of a message. */
interface Result {
  readonly refused?: object;
  readonly comesAgain?: boolean;
}

type Change = (services: Services, worker: Worker) => Services;

interface Mutation {
  readonly invariant: Invariant;
  /** What is broken. */
  readonly what: string;
  /** Breaks it: by replacing a part of the code, or by changing what workers stand on. */
  readonly breakIt: () => Change | void;
}

afterEach(() => {
  jest.restoreAllMocks();
});

/** Runs worlds until one finds that this invariant does not hold. */
async function expectCaught(invariant: Invariant, services?: Change): Promise<void> {
  const found: string[] = [];
  for (let seed = 0; seed < MAX_SEEDS; seed++) {
    const { violation } = await simulate(seed, false, { services });
    if (violation?.invariant === invariant) {
      return;
    }
    if (violation) {
      found.push(`${seed}: ${violation.invariant}: ${violation.what}`);
    }
  }
  throw new Error(`not caught in ${MAX_SEEDS} worlds, which found:\n${found.slice(0, 10).join('\n')}`);
}

/** Replaces a method, private ones too; the replacement gets the original to call. */
function replace<T extends object>(type: T, method: string, replacement: (original: (...args: any[]) => any, ...args: any[]) => unknown): void {
  const prototype = type as Record<string, (...args: any[]) => any>;
  const original = prototype[method];
  jest.spyOn(prototype, method).mockImplementation(function (this: unknown, ...args: any[]) {
    return replacement(original.bind(this), ...args);
  });
}

/** Has a method do everything but what follows from the state, or is announced before it. */
function withoutFollowUp(type: object, method: string): void {
  const nothing = async () => undefined;
  const original = (type as Record<string, (...args: unknown[]) => unknown>)[method];
  jest.spyOn(type as Record<string, (...args: unknown[]) => unknown>, method).mockImplementation(function (this: object, ...args: unknown[]) {
    return original.apply(Object.create(this, { followUp: { value: { announce: nothing, of: nothing } } }), args);
  });
}

/** Has the calls of a client go through `change`. */
function through(client: unknown, change: (send: SimClient['send'], ...args: Parameters<SimClient['send']>) => Promise<object>): never {
  const { send } = client as SimClient;
  return { send: (...args: Parameters<SimClient['send']>) => change(send, ...args) } as never;
}

const MUTATIONS: readonly Mutation[] = [
  {
    invariant: 'neverEarly',
    what: 'timers that end a few milliseconds early are trusted',
    breakIt: () => ({ clock, ...services }) => ({
      ...services,
      clock: {
        now: () => clock.now(),
        // Not at once: who looks at the clock again would do nothing else.
        sleepUntil: (instant) => clock.sleepUntil(Math.max(instant - 5, Math.min(instant, clock.now() + 1))),
      },
    }),
  },
  {
    invariant: 'firesByRight',
    what: 'a refused claim counts as a claim',
    breakIt: () => replace(DynamoDbStore.prototype, 'claimOne', async (original, ...args) => {
      const { claimed, refused } = await original(...args) as { claimed?: State; refused?: State };
      return claimed || !refused ? { claimed, refused } : { claimed: { ...refused, ...(args[0] as ClaimedTurn).turn } };
    }),
  },
  {
    invariant: 'firesByRight',
    what: 'a batch of claims counts as successful, whatever has become of each',
    breakIt: () => replace(DynamoDbStore.prototype, 'insertClaims', async (original, turns, leaseUntil, ...rest) => {
      const inserted = await original(turns, leaseUntil, ...rest) as object;
      return {
        ...inserted,
        states: (turns as readonly ClaimedTurn[]).map(({ turn, claimant }) => (
          { ...turn, status: 'delivering', attempts: [], claimant, leaseUntil, keepUntil: turn.at + 86_400_000 }
        )),
      };
    }),
  },
  {
    invariant: 'rightRequest',
    what: 'a payload is parsed and serialized again',
    breakIt: () => replace(request, 'toRequest', (original, ...args) => {
      const made = original(...args) as request.HttpRequest;
      return made.body?.startsWith('{') ? { ...made, body: JSON.stringify(JSON.parse(made.body)) } : made;
    }),
  },
  {
    invariant: 'rightRequest',
    what: 'a request stays that of the second in which it was prepared',
    breakIt: () => replace(request, 'timestampOf', () => 'always the same'),
  },
  {
    invariant: 'repeats',
    what: 'a lease ends while its worker is still at it',
    breakIt: () => replace(DynamoDbStore.prototype, 'claim', (original, turns, now, _, timeoutMs) => original(turns, now, now + 1, timeoutMs)),
  },
  {
    invariant: 'cancelPrevails',
    what: 'a cancel is forgotten',
    breakIt: () => replace(Actions.prototype, 'take', (original, action, received) => (action.kind === 'cancel' ? 'ended' : original(action, received))),
  },
  {
    invariant: 'acceptedOnce',
    what: 'an id is not looked up before it is used again',
    breakIt: () => replace(DynamoDbStore.prototype, 'putName', async (original, webhook) => {
      await original(webhook);
      return true;
    }),
  },
  {
    invariant: 'nothingLost',
    what: 'what the delay queue has not taken counts as sent',
    breakIt: () => replace(SqsDelayQueue.prototype, 'send', async (original, turns) => {
      await original(turns);
      return [];
    }),
  },
  {
    invariant: 'everythingEnds',
    what: 'a message that could not be handled is not asked for again',
    breakIt: () => replace(Ingest.prototype, 'orLeave', async (original, ...args) => {
      const result = await original(...args) as Result;
      return result.comesAgain ? {} : result;
    }),
  },
  {
    invariant: 'everythingEnds',
    what: 'a message ends although one of its list could not be stored',
    breakIt: () => replace(Ingest.prototype, 'take', async (original, part: message.Part, received) => {
      try {
        return await original(part, received) as Result;
      } catch (error) {
        if (part.isListed) {
          return {};
        }
        throw error;
      }
    }),
  },
  {
    invariant: 'everythingEnds',
    what: 'of a list only the first is taken',
    breakIt: () => replace(message, 'partsOf', (original, ...args) => (original(...args) as message.Part[]).slice(0, 1)),
  },
  {
    invariant: 'acceptedOnce',
    what: 'the webhooks of a list have one id, that of the message',
    breakIt: () => replace(message, 'partsOf', (original, text, messageId) => (
      (original(text, messageId) as message.Part[]).map((part) => ({ ...part, defaultId: messageId }))
    )),
  },
  {
    invariant: 'acceptedOnce',
    what: 'a list of more webhooks than a message takes is taken',
    breakIt: () => void jest.replaceProperty(limits, 'MAX_WEBHOOKS_PER_MESSAGE', 100 as never),
  },
  {
    invariant: 'everythingEnds',
    what: 'of a batch that a window has gathered the first ten messages are looked at',
    breakIt: () => replace(Ingest.prototype, 'accept', (original, messages: readonly unknown[]) => original(messages.slice(0, 10))),
  },
  {
    invariant: 'notices',
    what: 'a failure is marked as told without being told',
    breakIt: () => replace(SnsFailureReporter.prototype, 'report', async (original, failure: Failure) => {
      if (failure.reason !== 'exhausted') {
        await original(failure);
      }
    }),
  },
  {
    invariant: 'notices',
    what: 'of a list nobody is told what is wrong',
    breakIt: () => replace(Ingest.prototype, 'refuse', async (original, refused: { part: message.Part }) => {
      if (!refused.part.isListed) {
        await original(refused);
      }
    }),
  },
  {
    invariant: 'notices',
    what: 'what is wrong with one of a list is told twice',
    breakIt: () => replace(Ingest.prototype, 'refuse', async (original, refused: { part: message.Part }) => {
      await original(refused);
      if (refused.part.isListed) {
        await original(refused);
      }
    }),
  },
  {
    invariant: 'notices',
    what: 'one of a list that is refused keeps those behind it from being taken',
    breakIt: () => {
      const refusals = new WeakMap<object, Promise<boolean>>();
      replace(Ingest.prototype, 'take', (original, part, received: object) => {
        const isRefused = refusals.get(received) ?? Promise.resolve(false);
        const result = isRefused.then((refused) => (refused ? {} : original(part, received) as Result));
        const isThisRefused = result.then(({ refused }) => refused !== undefined, () => false);
        refusals.set(received, Promise.all([isRefused, isThisRefused]).then((refused) => refused.includes(true)));
        return result;
      });
    },
  },
  {
    invariant: 'notices',
    what: 'what is wrong is told of a message that comes again',
    breakIt: () => replace(Ingest.prototype, 'finish', async (original, received, results: readonly Result[], unsent) => {
      await original(received, results.filter(({ refused }) => refused), unsent);
      return original(received, results.filter(({ refused }) => !refused), unsent);
    }),
  },
  {
    invariant: 'actions',
    what: 'an action in a list takes effect',
    breakIt: () => replace(message, 'parseMessage', (original, text, options) => original(text, { ...options, isListed: false })),
  },
  {
    invariant: 'actions',
    what: 'a refusal is kept silent',
    breakIt: () => replace(SnsFailureReporter.prototype, 'report', async (original, failure: Failure) => {
      if (failure.reason !== 'refused') {
        await original(failure);
      }
    }),
  },
  {
    invariant: 'retryPolicy',
    what: 'the time that an endpoint asks for is not respected',
    breakIt: () => replace(retry, 'verdictOf', (original, attempt, made, _, ...rest) => original(attempt, made, undefined, ...rest)),
  },
  {
    invariant: 'attemptsRecorded',
    what: 'only the last attempt is kept',
    breakIt: () => replace(Deliver.prototype, 'afterAttempt', (original, claimed, ...rest) => original({ ...claimed, attempts: [] }, ...rest)),
  },
  {
    invariant: 'permissions',
    what: 'a message is delayed for longer than SQS delays',
    breakIt: () => replace(timing, 'queueDelaySeconds', (_, at, now) => Math.max(0, Math.floor((at - now) / 1000) + 400)),
  },
  {
    invariant: 'answersInTime',
    what: 'a request outlives its invocation',
    breakIt: () => ({ clock, ...services }, { functionName }) => ({
      ...services, clock: functionName === 'deliver' ? { now: () => clock.now(), sleepUntil: (instant) => clock.sleepUntil(instant + 120_000) } : clock,
    }),
  },
  {
    invariant: 'legalStates',
    what: 'an outcome is written over whatever the state is',
    breakIt: () => (services) => ({
      ...services,
      dynamodb: through(services.dynamodb, (send, command, options) => {
        const { input } = command as { input: Record<string, unknown> };
        if (command.constructor.name === 'PutItemCommand' && String(input.ConditionExpression).includes('#status')) {
          ['ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'].forEach((name) => delete input[name]);
        }
        return send(command, options);
      }),
    }),
  },
  {
    invariant: 'keptLongEnough',
    what: 'rows are kept only so long from a day in the past',
    breakIt: () => replace(DynamoDbStore.prototype, 'keepFrom', () => Date.UTC(2026, 0, 1)),
  },
  {
    invariant: 'oneOwner',
    what: 'ingest sends what is left to load',
    breakIt: () => replace(DynamoDbStore.prototype, 'put', async (original, webhook, owner) => {
      const stored = await original(webhook, owner);
      return stored === 'taken' || webhook.dueAt - Date.UTC(2027, 0, 1) > 400 * 86_400_000 ? stored : { ...stored, owner: 'ingest' };
    }),
  },
  {
    invariant: 'metrics',
    what: 'a cancel is not counted',
    breakIt: () => (services) => ({
      ...services,
      metrics: (inputTopicName) => {
        const metrics = services.metrics(inputTopicName);
        return { ...metrics, count: (name) => (name === MetricName.CANCELLED ? undefined : metrics.count(name)) };
      },
    }),
  },
  {
    invariant: 'punctual',
    what: 'the delay queue gives a webhook back too late',
    breakIt: () => replace(timing, 'queueDelaySeconds', (original, at, now) => Math.min(original(at, now) + 4, 900)),
  },
  {
    invariant: 'punctual',
    what: 'a webhook counts as late that a batching window kept from being stored in time',
    breakIt: () => replace(environment, 'noticeMs', () => timing.NOTICE_MS),
  },
  {
    invariant: 'punctual',
    what: 'an outcome gives way to what is due for as long as any other, however near its next attempt is',
    breakIt: () => replace(Deliver.prototype, 'givesWayUntil', (original, next: State) => original({ ...next, status: 'delivered' })),
  },
  // Not as crude: only crashes, copies or lost answers at the wrong moment bring these to light.
  {
    invariant: 'nothingLost',
    what: 'a copy of a turn that is over goes without a look at what had to follow',
    breakIt: () => withoutFollowUp(Deliver.prototype, 'dropCopy'),
  },
  {
    invariant: 'nothingLost',
    what: 'an action takes effect, and its turn is neither announced nor placed',
    breakIt: () => withoutFollowUp(Actions.prototype, 'take'),
  },
  {
    invariant: 'nothingLost',
    what: 'an outcome that neither table nor queue take counts as sent on',
    breakIt: () => replace(SqsDelayQueue.prototype, 'sendOutcome', (original, outcome) => original(outcome).catch(() => undefined)),
  },
  {
    invariant: 'nothingLost',
    what: 'ingest tells load of one partition less than it uses',
    breakIt: () => replace(DynamoDbStore.prototype, 'open', (original, partitions: number, now: number) => original(Math.max(partitions - 1, 1), now)),
  },
  {
    invariant: 'nothingLost',
    what: 'the cursor is a second ahead of what was sent',
    breakIt: () => replace(DynamoDbStore.prototype, 'saveCursor', (original, cursor: Cursor) => (
      original({ ...cursor, loadedTo: new Map([...cursor.loadedTo].map(([partition, to]) => [partition, to + 1_000])) })
    )),
  },
  {
    invariant: 'nothingLost',
    what: 'load goes on as if all that it sends were taken',
    breakIt: () => replace(Shipments.prototype, 'send', async (original, turns) => {
      await original(turns);
      return [];
    }),
  },
  {
    invariant: 'nothingLost',
    what: 'a turn that could not be settled goes along with its pack',
    breakIt: () => replace(Deliver.prototype, 'sendOn', (original, due: readonly { isPacked: boolean }[], send) => (
      due.length === 1 && due[0].isPacked ? [] : original(due, send)
    )),
  },
  {
    invariant: 'nothingLost',
    what: 'what comes beyond an invocation\'s worth is dropped',
    breakIt: () => {
      const original = Deliver.prototype.deliver;
      jest.spyOn(Deliver.prototype, 'deliver').mockImplementation(function (this: Deliver, batch, invocation) {
        const { turnsPerInvocation } = (this as unknown as { readonly config: DeliverConfig }).config;
        const taken = new Set(batch.flatMap(({ turns }) => turns).sort((a, b) => a.at - b.at).slice(0, turnsPerInvocation));
        return original.call(this, batch.map((due) => ({ ...due, turns: due.turns.filter((turn) => taken.has(turn)) })), invocation);
      });
    },
  },
  {
    invariant: 'nothingLost',
    what: 'a pack that has been put aside is dropped without its turns',
    breakIt: () => replace(DeadLetters.prototype, 'takeApart', async () => 'dropped'),
  },
  {
    invariant: 'nothingLost',
    what: 'a message that is not noticed yet is given up',
    breakIt: () => replace(DynamoDbStore.prototype, 'readAll', (original, keys) => original(keys, false)),
  },
  {
    invariant: 'nothingLost',
    what: 'a retry far ahead is not put into the table',
    breakIt: () => replace(DynamoDbStore.prototype, 'putPointer', async () => undefined),
  },
  {
    invariant: 'nothingLost',
    what: 'any claim that is refused has its message dropped',
    breakIt: () => replace(Deliver.prototype, 'dropCopy', async () => true),
  },
  {
    invariant: 'cancelPrevails',
    what: 'webhooks are claimed twenty seconds before their date',
    breakIt: () => {
      jest.replaceProperty(timing, 'MAX_HOLD_MS', 30_000 as never);
      replace(timing, 'queueDelaySeconds', (original, at, now) => Math.max(0, original(at, now) - 20));
    },
  },
  {
    invariant: 'everythingEnds',
    what: 'dead letters are reported, and deleted',
    breakIt: () => {
      jest.spyOn(SqsUnreportedQueue.prototype, 'putAside').mockImplementation(function (this: SqsUnreportedQueue, letter) {
        return this.drop(letter);
      });
    },
  },
  {
    invariant: 'oneOwner',
    what: 'a message that is stored already is owned anew',
    breakIt: () => replace(DynamoDbStore.prototype, 'put', async (original, webhook, owner) => {
      const stored = await original(webhook, owner);
      return stored === 'taken' ? stored : { ...stored, owner };
    }),
  },
  {
    invariant: 'actions',
    what: 'an action published earlier undoes a later one',
    breakIt: () => replace(DynamoDbStore.prototype, 'find', async (original, id) => {
      const found = await original(id) as FoundWebhook | undefined;
      return found?.state ? { ...found, state: { ...found.state, actionAt: undefined } } : found;
    }),
  },
  {
    invariant: 'actions',
    what: 'a copy of an action takes effect again',
    breakIt: () => replace(DynamoDbStore.prototype, 'find', async (original, id) => {
      const found = await original(id) as FoundWebhook | undefined;
      return found?.state ? { ...found, state: { ...found.state, actions: undefined } } : found;
    }),
  },
  {
    invariant: 'retryPolicy',
    what: 'a retry comes half a second early',
    breakIt: () => replace(retry, 'verdictOf', (original, ...args) => {
      const verdict = original(...args) as retry.Verdict;
      return verdict.kind === 'retry' ? { ...verdict, at: verdict.at - 500 } : verdict;
    }),
  },
  {
    invariant: 'retryPolicy',
    what: 'a webhook that has waited beyond its life is fired',
    breakIt: () => replace(retry, 'isExpired', () => false),
  },
];

test('there is a break for each invariant', () => {
  expect(new Set(MUTATIONS.map(({ invariant }) => invariant))).toEqual(new Set(Object.keys(INVARIANTS)));
});

test.each(MUTATIONS)('$invariant is found broken where $what', async ({ invariant, breakIt }) => {
  await expectCaught(invariant, breakIt() ?? undefined);
}, 60_000);
