// The store through the clients that the functions use, over a network that throttles and loses answers.
import { randomBytes } from 'node:crypto';
import { BatchExecuteStatementCommand, BatchGetItemCommand, BatchStatementError, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient } from '../../src/adapters/aws-clients';
import { DynamoDbStore } from '../../src/adapters/dynamodb-store';
import { SystemClock } from '../../src/core/clock';
import { reportOf } from '../../src/core/error-report';
import { State } from '../../src/core/state';
import { firstTurn, rowKey, Turn, Webhook } from '../../src/core/webhook';
import { accepted } from '../support/accepted';
import { Cloud } from '../support/cloud';
import { FlakyProxy } from '../support/flaky-proxy';
import { RecordingLog } from '../support/recording-log';

let cloud: Cloud;
let proxy: FlakyProxy;
let client: DynamoDBClient;
let store: DynamoDbStore;
const log = new RecordingLog();

/** What load finds of the instant of a webhook's date. */
async function dueWith({ partition, dueAt }: Webhook): Promise<Turn[]> {
  const turns: Turn[] = [];
  for await (const page of store.dueBetween(partition, dueAt, dueAt + 1)) {
    turns.push(...page);
  }
  return turns;
}

/** A store on the same table, over this client. */
function storeOver(by: Pick<DynamoDBClient, 'send'>, retentionMs = 86_400_000, tableName = cloud.tableName): DynamoDbStore {
  return new DynamoDbStore(by, { tableName, retentionMs }, new SystemClock(), log);
}

beforeAll(async () => {
  cloud = await Cloud.start();
  cloud.setEnvironment();
  proxy = await FlakyProxy.start(cloud.dynamodbUrl);
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
  client = dynamoDbClient();
  store = storeOver(client);
});
beforeEach(() => {
  log.lines.length = 0;
  proxy.fateOf = () => 'pass';
  proxy.delayMs = 0;
  proxy.mostAtOnce = 0;
});
afterAll(async () => {
  client.destroy();
  proxy.close();
  await cloud.stop();
});

const turnOf = (id: string): Turn => firstTurn({ id, dueAt: Date.now(), partition: 0 });

interface Outcome {
  readonly outcome: 'claimed' | 'refused';
  readonly state?: State;
}

/** Of each the claimed state, or the one that did not allow it. */
function claimAll(turns: readonly Turn[], claimant: (index: number) => string, by = store): Promise<readonly Outcome[]> {
  const claims = by.claim(turns.map((turn, i) => ({ turn, claimant: claimant(i) })), Date.now(), Date.now() + 60_000, 10_000);
  return Promise.all(claims.map(async (claiming) => {
    const result = await claiming;
    return 'claimed' in result ? { outcome: 'claimed', state: result.claimed } : { outcome: 'refused', state: result.refused };
  }));
}

async function claim(id: string, claimant: string): Promise<Outcome> {
  const [outcome] = await claimAll([turnOf(id)], () => claimant);
  return outcome;
}
const outcomes = (claims: readonly { outcome: string }[]) => new Set(claims.map(({ outcome }) => outcome));

describe('many first claims at once', () => {
  const turnsOf = (name: string, count = 60) => Array.from({ length: count }, (_, i) => turnOf(`${name}-${i}`));
  const states = (turns: readonly Turn[]) => Promise.all(turns.map(({ id }) => store.readState(id)));
  let requests: string[];

  beforeEach(() => {
    requests = [];
    proxy.fateOf = (operation) => {
      requests.push(operation);
      return 'pass';
    };
  });

  test('travel in few requests, and each is kept as it is returned', async () => {
    const turns = turnsOf('many');
    const claims = await claimAll(turns, (i) => `worker#${i}`);
    expect(requests).toEqual(Array(3).fill('BatchExecuteStatement'));
    expect(outcomes(claims)).toEqual(new Set(['claimed']));
    const kept = await states(turns);
    expect(claims.map(({ state }) => state)).toEqual(kept);
    expect(kept.map((state) => state?.claimant)).toEqual(turns.map((_, i) => `worker#${i}`));
  });

  test('are the same as if they were made one by one', async () => {
    const [first, ...others] = turnsOf('alike', 3);
    const together = await claimAll(others, () => 'worker');
    const alone = await claimAll([first], () => 'worker');
    expect(requests).toEqual(['BatchExecuteStatement', 'UpdateItem']);
    const withoutOwn = ({ state }: Outcome) => ({ ...state, id: '', at: 0, dueAt: 0, leaseUntil: 0, keepUntil: 0 });
    expect(together.map(withoutOwn)).toEqual([...alone, ...alone].map(withoutOwn));
  });

  test('find out which webhooks others have claimed, ended or withdrawn', async () => {
    const turns = turnsOf('contended');
    const before = await claimAll(turns.slice(0, 20), () => 'other');
    const { state: claimed } = before[0];
    await store.replaceState(claimed, { ...claimed!, leaseUntil: undefined, status: 'delivered', endedAt: Date.now() });
    const claims = await claimAll(turns, (i) => `worker#${i}`);
    expect(claims.map(({ outcome }) => outcome)).toEqual([...Array<string>(20).fill('refused'), ...Array<string>(40).fill('claimed')]);
    expect(claims.slice(0, 20).map(({ state }) => state?.status)).toEqual(['delivered', ...Array<string>(19).fill('delivering')]);
    expect((await states(turns)).map((state) => state?.claimant)).toEqual(turns.map((_, i) => (i < 20 ? 'other' : `worker#${i}`)));
    expect(log.lines).toEqual([]); // a row that is there is nothing out of order
  });

  test('of two copies of one webhook one has it', async () => {
    const [turn, other] = turnsOf('copied', 2);
    const claims = await claimAll([turn, other, turn], (i) => `worker#${i}`);
    expect(claims.map(({ outcome }) => outcome).sort()).toEqual(['claimed', 'claimed', 'refused']);
    const winner = claims.findIndex(({ outcome, state }) => outcome === 'claimed' && state?.id === turn.id);
    expect((await store.readState(turn.id))?.claimant).toBe(`worker#${winner}`);
  });

  test('whose answer was lost on the way are still their claimants\'', async () => {
    proxy.fateOf = (operation, attempt) => (operation === 'BatchExecuteStatement' && attempt === 1 ? 'lose' : 'pass');
    const turns = turnsOf('lost');
    expect(outcomes(await claimAll(turns, (i) => `worker#${i}`))).toEqual(new Set(['claimed']));
    expect((await states(turns)).map((state) => state?.claimant)).toEqual(turns.map((_, i) => `worker#${i}`));
    expect(outcomes(await claimAll(turns, (i) => `other#${i}`))).toEqual(new Set(['refused']));
  });

  test('take the row of a webhook that is long past', async () => {
    const past = storeOver(client, -1_000);
    const turns = turnsOf('past', 2);
    const claimWith = (by: DynamoDbStore, claimant: string) => (
      Promise.all(by.claim(turns.map((turn) => ({ turn, claimant })), Date.now(), Date.now() + 60_000, 10_000))
    );
    await claimWith(past, 'forerunner');
    while (await store.readState(turns[1].id)) {
      await new Promise((resolve) => setTimeout(resolve, 50)); // until it counts as gone, by the second
    }
    expect(await claimWith(store, 'worker')).toEqual(turns.map(({ id }) => ({ claimed: expect.objectContaining({ id, claimant: 'worker' }) as unknown })));
  });

  describe('that are not taken as a batch', () => {
    const told = () => log.lines.map(({ level, message, fields: { claims, error } }) => ({ level, message, claims, error: reportOf(error) }));
    const telling = (claims: number, error: object) => [{
      level: 'warn', message: 'first claims not taken as a batch, made one by one', claims, error: expect.objectContaining(error) as unknown,
    }];

    /** A store whose batches of inserts fare as this says; whatever else it asks for comes to pass. */
    const storeWith = (insert: (command: BatchExecuteStatementCommand) => Promise<object>) => storeOver({
      send: (command: BatchExecuteStatementCommand) => (command instanceof BatchExecuteStatementCommand ? insert(command) : client.send(command)),
    } as unknown as DynamoDBClient);

    /** One that has these statements refused, by their place in the batch, and the others carried out. */
    const storeRefusing = (refusals: ReadonlyMap<number, BatchStatementError>) => storeWith(async ({ input: { Statements = [] } }) => {
      const { Responses = [], $metadata } = await client.send(new BatchExecuteStatementCommand({
        Statements: Statements.filter((_, i) => !refusals.has(i)),
      }));
      return { $metadata, Responses: Statements.map((_, i) => (refusals.has(i) ? { Error: refusals.get(i) } : Responses.shift())) };
    });

    test('since the role may not insert are made all the same, and that is told once, in the words of AWS', async () => {
      const message = 'User: arn:aws:sts::123456789012:assumed-role/deliver is not authorized to perform: dynamodb:PartiQLInsert';
      const denied = storeWith(() => Promise.reject(Object.assign(new Error(message), { name: 'AccessDeniedException', $metadata: {} })));
      const turns = turnsOf('denied');
      expect(outcomes(await claimAll(turns, (i) => `worker#${i}`, denied))).toEqual(new Set(['claimed']));
      expect((await states(turns)).map((state) => state?.claimant)).toEqual(turns.map((_, i) => `worker#${i}`));
      expect(told()).toEqual(telling(60, { name: 'AccessDeniedException', message }));
    });

    test('since the table does not answer are made in time, and that is told once', async () => {
      proxy.fateOf = (operation) => (operation === 'BatchExecuteStatement' ? 'hang' : 'pass');
      expect(outcomes(await claimAll(turnsOf('unanswered'), (i) => `worker#${i}`))).toEqual(new Set(['claimed']));
      expect(told()).toEqual(telling(60, { name: 'AbortError' }));
    });

    test('but for some, of several reasons, are told of by the first of these', async () => {
      const Message = 'User: arn:aws:sts::123456789012:assumed-role/deliver is not authorized to perform: dynamodb:PartiQLInsert';
      const turns = turnsOf('partly');
      const refusing = storeRefusing(new Map([[3, { Code: 'AccessDenied', Message }], [7, { Code: 'ThrottlingError', Message: 'Rate exceeded' }]]));
      expect(outcomes(await claimAll(turns, (i) => `worker#${i}`, refusing))).toEqual(new Set(['claimed']));
      expect(told()).toEqual(telling(6, { name: 'AccessDenied', message: Message }));
    });

    test('are not told of by what was sent, which the error may quote', async () => {
      const refusing = storeRefusing(new Map([[0, { Code: 'ValidationError', Message: 'Value quoted-0 at id is invalid', Item: { id: { S: 'quoted-0' } } }]]));
      expect(outcomes(await claimAll(turnsOf('quoted', 2), (i) => `worker#${i}`, refusing))).toEqual(new Set(['claimed']));
      expect(told()).toEqual(telling(1, { name: 'ValidationError' }));
      expect(JSON.stringify(told())).not.toContain('quoted-0');
    });

    test('since there are rows are told of only as far as there is another reason', async () => {
      const turns = turnsOf('both', 10);
      await claimAll(turns, () => 'other');
      const refusing = storeRefusing(new Map([[9, { Code: 'ProvisionedThroughputExceeded' }]]));
      expect(outcomes(await claimAll(turns, () => 'worker', refusing))).toEqual(new Set(['refused']));
      expect(told()).toEqual(telling(1, { name: 'ProvisionedThroughputExceeded' }));
    });
  });
});

test('a burst that meets a throttled table is slow, and complete', async () => {
  proxy.fateOf = (_, attempt) => (attempt <= 3 ? 'throttle' : 'pass');
  const claims = await Promise.all(Array.from({ length: 150 }, (__, i) => claim(`throttled-${i}`, 'worker')));
  expect(outcomes(claims)).toEqual(new Set(['claimed']));
});

test('a burst on a slow table waits for its turn outside the timeouts, with a bounded number of connections', async () => {
  proxy.delayMs = 300;
  const claims = await Promise.all(Array.from({ length: 500 }, (_, i) => claim(`slow-${i}`, 'worker')));
  expect(outcomes(claims)).toEqual(new Set(['claimed']));
  expect(proxy.mostAtOnce).toBeGreaterThan(50);
  expect(proxy.mostAtOnce).toBeLessThanOrEqual(100);
});

test('a claim whose answer was lost on the way is still its claimant\'s, and nobody else\'s', async () => {
  proxy.fateOf = (operation, attempt) => (operation === 'UpdateItem' && attempt === 1 ? 'lose' : 'pass');
  expect(await claim('ambiguous', 'first')).toMatchObject({ outcome: 'claimed', state: { claimant: 'first' } });
  proxy.fateOf = () => 'pass';
  expect(await claim('ambiguous', 'second')).toMatchObject({ outcome: 'refused', state: { claimant: 'first', status: 'delivering' } });
});

test('an outcome whose answer was lost is written all the same', async () => {
  const { state: claimed } = await claim('outcome', 'worker');
  proxy.fateOf = (operation, attempt) => (operation === 'PutItem' && attempt === 1 ? 'lose' : 'pass');
  const delivered: State = { ...claimed!, leaseUntil: undefined, status: 'delivered', endedAt: Date.now() };
  expect(await store.replaceState(claimed, delivered)).toBe(true);
  expect(await claim('outcome', 'worker')).toMatchObject({ outcome: 'refused', state: { status: 'delivered' } });
});

test('of two that replace one state, one prevails and the other is told', async () => {
  const { state: claimed } = await claim('contended', 'worker');
  const next = (status: 'delivered' | 'failed'): State => ({ ...claimed!, leaseUntil: undefined, status, endedAt: Date.now() });
  const results = await Promise.all([store.replaceState(claimed, next('delivered')), store.replaceState(claimed, next('failed'))]);
  expect(results.filter(Boolean)).toHaveLength(1);
  expect((await store.readState('contended'))?.status).toBe(results[0] ? 'delivered' : 'failed');
});

test('a webhook whose answer was lost when it was stored is stored once, under its first owner', async () => {
  const webhook = accepted('unused', { id: 'stored', date: '2030-01-01T00:00:00Z', url: 'https://example.com', method: 'get' });
  proxy.fateOf = (operation, attempt) => (operation === 'PutItem' && attempt === 1 ? 'lose' : 'pass');
  expect((await store.put(webhook, 'load'))).toMatchObject({ owner: 'load' });
  proxy.fateOf = () => 'pass';
  expect(await store.put(webhook, 'ingest')).toEqual({ owner: 'load', isNew: false, partition: webhook.partition });
  expect(await store.put({ ...webhook, url: 'https://example.org' }, 'ingest')).toBe('taken');
});

test('a copy of a webhook with an id of its own lies where the first one does, though the number of partitions has changed between them', async () => {
  const webhook = accepted('unused', { id: 'spread-anew', date: '2030-01-01T00:00:00Z', url: 'https://example.com', method: 'get' });
  const copy = { ...webhook, partition: webhook.partition + 1 };
  expect(await store.put(webhook, 'load')).toEqual({ owner: 'load', isNew: true, partition: webhook.partition });
  expect(await store.put(copy, 'ingest')).toEqual({ owner: 'load', isNew: false, partition: webhook.partition });
  expect([(await store.get([webhook])).size, (await store.get([copy])).size]).toEqual([1, 0]);
  expect(await dueWith(copy)).toEqual([]);
});

test('what an action wrote anew has the owner that the first copy of the action gave it', async () => {
  const webhook = { ...accepted('owned', { date: '2030-01-02T00:00:00Z', url: 'https://example.com', method: 'get' }), version: 'action' };
  await store.putVersion(webhook, 1, 'load');
  await store.putVersion(webhook, 1, 'ingest'); // by a worker that has stood still for a while, and may die before it sends it
  expect(await dueWith(webhook)).toMatchObject([{ id: 'owned', turn: 1 }]);
  await store.putVersion(webhook, 2, 'ingest');
  expect(await dueWith(webhook)).toEqual([]);
});

test('a table that hangs is given up after three tries', async () => {
  let tries = 0;
  proxy.fateOf = () => {
    tries++;
    return 'hang';
  };
  await expect(store.readCursor()).rejects.toThrow();
  expect(tries).toBe(3); // eight would have taken longer than a function has
});

test('what the table refuses for good is not tried again', async () => {
  let requests = 0;
  proxy.fateOf = () => {
    requests++;
    return 'pass';
  };
  const wrong = storeOver(client, 1, 'NoSuchTable');
  await expect(wrong.readCursor()).rejects.toThrow('Requested resource not found');
  expect(requests).toBe(1);
});

describe('messages are read', () => {
  /** Of each BatchGetItem, whether it asked for consistency, and for how many rows. */
  let reads: { isConsistent: boolean; rows: number }[];
  /** Rows that a read which does not ask for consistency does not find yet; the emulator finds everything at once. */
  let unnoticed: (sortKey: string) => boolean;
  let lagging: DynamoDbStore;

  beforeEach(() => {
    reads = [];
    unnoticed = () => false;
    const send = async (command: BatchGetItemCommand) => {
      const { Keys = [], ConsistentRead: isConsistent = false } = command.input.RequestItems?.[cloud.tableName] ?? {};
      reads.push({ isConsistent, rows: Keys.length });
      const { Responses = {}, ...rest } = await client.send(command);
      const items = (Responses[cloud.tableName] ?? []).filter((item) => isConsistent || !unnoticed(item.sk.S ?? ''));
      return { ...rest, Responses: { [cloud.tableName]: items } };
    };
    lagging = storeOver({ send } as unknown as DynamoDBClient);
  });

  async function storedNow(id: string): Promise<Webhook> {
    const webhook = accepted(id, { date: new Date().toISOString(), url: `https://example.com/${id}`, method: 'get' });
    await store.put(webhook, 'ingest');
    return webhook;
  }
  const urls = (found: ReadonlyMap<string, Webhook>) => [...found.values()].map(({ url }) => url.split('/')[3]).sort();

  test('once, at half the price, where they are there', async () => {
    const webhooks = await Promise.all(['there-1', 'there-2'].map(storedNow));
    expect(urls(await lagging.get([...webhooks, webhooks[0]]))).toEqual(['there-1', 'there-2']);
    expect(reads).toEqual([{ isConsistent: false, rows: 2 }]);
  });

  test('and those that are not noticed yet once more, consistently', async () => {
    const webhooks = await Promise.all(Array.from({ length: 150 }, async (_, i) => storedNow(`noticed-${i}`)));
    unnoticed = (sortKey) => sortKey.endsWith('0');
    const gone = accepted('gone', { date: '2030-01-01T00:00:00Z', url: 'https://example.com', method: 'get' });
    expect((await lagging.get([...webhooks, gone])).size).toBe(150);
    expect(reads).toEqual([{ isConsistent: false, rows: 100 }, { isConsistent: false, rows: 51 }, { isConsistent: true, rows: 16 }]);
  });

  test('in as many calls as it takes where they are large, since a call brings some megabytes', async () => {
    const payload = () => randomBytes(180 * 1024).toString('base64');
    const webhooks = await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const webhook = accepted(`large-${i}`, { date: new Date().toISOString(), url: `https://example.com/large-${i}`, method: 'post', payload: payload() });
      await store.put(webhook, 'ingest');
      return webhook;
    }));
    expect((await lagging.get(webhooks)).size).toBe(60);
    expect(reads.length).toBeGreaterThan(6);
  });

  test('until six calls have brought nothing', async () => {
    const webhooks = await Promise.all(['left-1', 'left-2', 'left-3'].map(storedNow));
    let calls = 0;
    const send = async (command: BatchGetItemCommand) => {
      const { [cloud.tableName]: { Keys = [], ...rest } } = command.input.RequestItems!;
      const [read, left] = ++calls === 2 ? [Keys.slice(0, 1), Keys.slice(1)] : [[], Keys];
      const part = new BatchGetItemCommand({ RequestItems: { [cloud.tableName]: { Keys: read, ...rest } } });
      const { Responses } = read.length === 0 ? {} : await client.send(part);
      return { Responses, UnprocessedKeys: { [cloud.tableName]: { Keys: left } } };
    };
    const throttled = storeOver({ send } as unknown as DynamoDBClient);
    await expect(throttled.get(webhooks)).rejects.toThrow('2 of 3 rows could not be read: the table kept leaving them unprocessed');
    expect(calls).toBe(2 + 6);
  });

  test('all to the end before an error is thrown, so that nothing goes on behind who has given up', async () => {
    const webhooks = await Promise.all(['ended-1', 'ended-2'].map(storedNow));
    await store.putVersion({ ...webhooks[1], version: 'action' }, 1, 'ingest');
    let ended = 0;
    const send = async (command: BatchGetItemCommand) => {
      if (command.input.RequestItems?.[cloud.tableName].ConsistentRead) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        ended++;
        return client.send(command);
      }
      throw new Error('out of order');
    };
    const failing = storeOver({ send } as unknown as DynamoDBClient, 1);
    await expect(failing.get([webhooks[0], { ...webhooks[1], version: 'action' }])).rejects.toThrow('out of order');
    expect(ended).toBe(1);
  });

  test('consistently to begin with where an action wrote them, perhaps twice', async () => {
    const webhook = { ...await storedNow('rewritten'), version: 'action' };
    await store.putVersion(webhook, 1, 'ingest');
    await store.putVersion({ ...webhook, url: 'https://example.com/second' }, 2, 'ingest');
    expect(urls(await lagging.get([webhook]))).toEqual(['second']);
    expect(reads).toEqual([{ isConsistent: true, rows: 1 }]);
  });

  test('consistently where the row may be of an earlier webhook with the same id, whose time is over', async () => {
    const old = accepted('reused', { date: '2020-01-01T00:00:00Z', url: 'https://example.com/reused', method: 'get' });
    const expired = storeOver(client, -60_000);
    await expired.put(old, 'ingest');
    expect((await lagging.get([old])).get(rowKey(old))).toMatchObject({ url: 'https://example.com/reused' });
    expect(reads.map(({ isConsistent }) => isConsistent)).toEqual([false, true]);
  });
});
