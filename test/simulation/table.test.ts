// Batches of statements, as the simulated table carries them out, and as its workers' clients see them.
import type { BatchExecuteStatementCommandOutput, BatchStatementRequest } from '@aws-sdk/client-dynamodb';
import { EventLoop } from './event-loop';
import { Item } from './expressions';
import { FaultRates, Faults, NO_FAULTS } from './faults';
import { Random } from './random';
import { SimServices } from './services';
import { FunctionName, TABLE_NAME } from './settings';
import { RowKey, SimTable } from './table';
import { Trace } from './trace';
import { Worker } from './worker';

class BatchExecuteStatementCommand {
  public constructor(public readonly input: { readonly Statements: readonly BatchStatementRequest[] }) {}
}

/** A table, and a worker's client of it. */
class Client {
  public readonly written: RowKey[] = [];
  public readonly misused: string[] = [];
  public readonly table: SimTable;
  private readonly loop = new EventLoop(Date.UTC(2027, 0, 1));
  private readonly services: SimServices;
  private readonly worker: Worker;

  public constructor(rates: Partial<FaultRates> = {}, functionName: FunctionName = 'deliver') {
    const random = new Random(1);
    const faults = new Faults(random, { ...NO_FAULTS, ...rates }, [], false);
    const ignored = () => undefined;
    this.worker = new Worker('worker', functionName, 0, { loop: this.loop, timerLateness: () => 0, waits: ignored, stallOf: () => 0 });
    this.table = new SimTable(TABLE_NAME, () => this.loop.now, random, faults, 100, {
      wrote: (key, _, by) => this.written.push(by === this.worker ? key : { pk: 'another', sk: 'worker' }),
      expired: ignored,
    });
    const observer = { misused: (_: Worker, what: string) => this.misused.push(what), outlived: ignored, unanswered: ignored };
    this.services = new SimServices(this.loop, random, faults, new Trace(() => 0, false), observer, ignored);
    this.services.add(TABLE_NAME, this.table);
  }

  /** The outcome of each statement, by its code; `done` without one. */
  public async execute(...Statements: BatchStatementRequest[]): Promise<string[]> {
    const sent = this.services.client('dynamodb', this.worker).send(new BatchExecuteStatementCommand({ Statements }));
    let over = false;
    void sent.catch(() => undefined).then(() => { over = true; });
    while (!over) {
      await this.loop.step();
    }
    const { Responses = [] } = await sent as BatchExecuteStatementCommandOutput;
    return Responses.map(({ Error: error }) => error?.Code ?? 'done');
  }
}

const key = (pk: string): Item => ({ pk: { S: pk }, sk: { S: 'state' } });
const insertOf = (item: Item, table = TABLE_NAME): BatchStatementRequest => ({
  Statement: `INSERT INTO "${table}" VALUE {${Object.keys(item).map((name) => `'${name}': ?`).join(', ')}}`, Parameters: Object.values(item),
});

test('inserts what is new, and tells of what exists, which stays as it is', async () => {
  const client = new Client();
  expect(await client.execute(insertOf({ ...key('a'), n: { N: '1' } }))).toEqual(['done']);
  expect(await client.execute(insertOf({ ...key('a'), n: { N: '2' } }), insertOf(key('b')))).toEqual(['DuplicateItem', 'done']);
  expect(client.table.peek('a', 'state')).toEqual({ ...key('a'), n: { N: '1' } });
  expect(client.written).toEqual([{ pk: 'a', sk: 'state' }, { pk: 'b', sk: 'state' }]);
  expect(client.misused).toEqual([]);
});

test('throttles some statements of a batch, which have no effect', async () => {
  const client = new Client({ partial: 0.5 });
  const names = Array.from({ length: 25 }, (_, i) => `id-${i}`);
  const codes = await client.execute(...names.map((name) => insertOf(key(name))));
  expect(new Set(codes)).toEqual(new Set(['done', 'ThrottlingError']));
  expect(client.written.map(({ pk }) => pk)).toEqual(names.filter((_, i) => codes[i] === 'done'));
});

test('repeats a batch whose answer was lost, which then finds what it has inserted', async () => {
  const client = new Client({ repeated: 1 });
  expect(await client.execute(insertOf(key('a')))).toEqual(['DuplicateItem']);
  expect(client.written).toHaveLength(1);
});

test('fails a batch whose answer was lost for good, and has carried it out', async () => {
  const client = new Client({ answerLost: 1 });
  await expect(client.execute(insertOf(key('a')), insertOf(key('b')))).rejects.toThrow('gone wrong on purpose');
  expect(client.written).toHaveLength(2);
});

test.each<[string, BatchStatementRequest[], string]>([
  ['more statements than a batch takes', Array.from({ length: 26 }, (_, i) => insertOf(key(`${i}`))), 'cannot write more than 25 items'],
  ['two of one key', [insertOf(key('a')), insertOf(key('a'))], 'contains duplicates'],
  ['a key that is empty', [insertOf(key(''))], 'not given a value'],
])('reports %s', async (_, statements, message) => {
  const client = new Client();
  await expect(client.execute(...statements)).rejects.toThrow(message);
  expect(client.misused).toEqual([expect.stringContaining(message)]);
  expect(client.written).toEqual([]);
});

test('reports a statement that is not valid, and carries out the others', async () => {
  const client = new Client();
  expect(await client.execute(insertOf(key('a')), { ...insertOf(key('b')), Parameters: [] }, insertOf(key('c'), 'Other')))
    .toEqual(['done', 'ValidationError', 'ResourceNotFound']);
  expect(client.misused).toHaveLength(2);
  expect(client.written).toEqual([{ pk: 'a', sk: 'state' }]);
});

test('reports statements of a function whose role does not allow them', async () => {
  const client = new Client({}, 'ingest');
  await client.execute(insertOf(key('a')));
  expect(client.misused).toEqual([`BatchExecuteStatementCommand on ${TABLE_NAME}`]);
});
