// The bench of weight: what it measures with, and that the functions do in it what they do on AWS. What it measures is no test.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { bundleLikeHandlers, bundleOf, bytesOf } from '../../bench/weight/bundles';
import { coldStartTable, measureColdStarts } from '../../bench/weight/cold-start';
import { DueRows, DueRowsOptions, Page } from '../../bench/weight/due-rows';
import { deliverEvent, ingestEvent } from '../../bench/weight/events';
import { growth, growthText, invocationsFor, LoadRun, loadTable, measureLoad } from '../../bench/weight/load';
import { ProcessorLimit, quotaMs } from '../../bench/weight/processor-limit';
import { functionsOf, planScheduler } from '../../bench/weight/stacks';
import { World } from '../../bench/weight/world';
import { Cleanup } from '../../scripts/support/cleanup';
import { turnOfRow } from '../../src/adapters/table-schema';
import { parseDelayMessage, parseNotification } from '../../src/core/queue-message';
import { lambdaFlags } from '../../src/local/lambda-flags';

describe('the rows of a minute', () => {
  const FROM = 30_000_000 * 60_000;
  const options: DueRowsOptions = { from: FROM, count: 10_007, partitions: 16, rowBytes: 1_100 };

  function pagesOf(rows: DueRows, partition: number, limit?: number, [from, to] = [FROM, FROM + 60_000]): Page[] {
    const pages: Page[] = [];
    let start: Page['LastEvaluatedKey'];
    do {
      pages.push(rows.query({
        ExpressionAttributeValues: { ':pk': { S: `${FROM / 60_000}#${partition}` }, ':from': { S: String(from) }, ':to': { S: String(to) } },
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(start ? { ExclusiveStartKey: start } : {}),
      }));
      start = pages[pages.length - 1].LastEvaluatedKey;
    } while (start);
    return pages;
  }

  test('are as many as asked for, in order, each once, over all partitions', () => {
    const rows = new DueRows(options);
    const keys = Array.from({ length: 16 }, (_, partition) => pagesOf(rows, partition, 500).flatMap(({ Items }) => Items.map(({ sk }) => sk.S)));
    expect(new Set(keys.flat()).size).toBe(10_007);
    expect(keys.flat()).toHaveLength(10_007);
    keys.forEach((some) => expect(some).toEqual([...some].sort()));
  });

  test('are rows that load can read, due within the minute', () => {
    const turns = pagesOf(new DueRows(options), 3).flatMap(({ Items }) => Items.map((item) => turnOfRow(item, 3)));
    expect(turns.length).toBe(626);
    expect(turns.every(({ at, id }) => at >= FROM && at < FROM + 60_000 && /^[\w-]{36}$/.test(id))).toBe(true);
  });

  test('come in pages that end at the limit, or at a megabyte', () => {
    const rows = new DueRows({ ...options, count: 4_000, partitions: 1 });
    expect(pagesOf(rows, 0, 500).map(({ Items }) => Items.length)).toEqual(Array(8).fill(500));
    expect(pagesOf(rows, 0).map(({ Items }) => Items.length)).toEqual([954, 954, 954, 954, 184]);
  });

  test('are those of the range asked for, and of no other minute', () => {
    const rows = new DueRows(options);
    const within = pagesOf(rows, 0, 500, [FROM + 10_000, FROM + 11_000]).flatMap(({ Items }) => Items.map(({ sk }) => Number.parseInt(sk.S, 10)));
    expect(within.length).toBeGreaterThan(5);
    expect(within.every((due) => due >= FROM + 10_000 && due < FROM + 11_000)).toBe(true);
    expect(rows.query({ ExpressionAttributeValues: { ':pk': { S: '1#0' }, ':from': { S: '0' }, ':to': { S: '9' } } })).toEqual({ Items: [] });
  });

  test('are the same whole, for a table that keeps them', () => {
    const rows = new DueRows({ ...options, count: 100, partitions: 3 });
    const paged = [0, 1, 2].flatMap((partition) => pagesOf(rows, partition).flatMap(({ Items }) => Items.map(({ sk }) => sk.S)));
    expect(rows.items().map(({ sk }) => sk.S)).toEqual(paged);
  });
});

describe('the events', () => {
  const bodiesOf = (event: object) => (event as { Records: { body: string }[] }).Records.map(({ body }) => body);

  test.each([[1, [1]], [10, Array(10).fill(1)], [25, [3, 3, 3, 3, 3, 2, 2, 2, 2, 2]], [100, Array(10).fill(10)]])('of %d webhooks holds them in packs', (webhooks, sizes) => {
    const messages = bodiesOf(deliverEvent(1_000, webhooks)).map(parseDelayMessage);
    expect(messages.map((message) => ('turns' in message ? message.turns.length : 0))).toEqual(sizes);
  });

  test('of ingest holds notifications of messages', () => {
    const [body, ...others] = bodiesOf(ingestEvent(Date.parse('2030-01-01T00:00:00Z'), 3));
    expect(others).toHaveLength(2);
    expect(JSON.parse(parseNotification(body).text)).toMatchObject({ date: '2030-01-01T00:00:00.000Z', method: 'POST' });
  });
});

describe('the share of a processor', () => {
  test('is that of the memory', () => {
    expect([quotaMs(1_769), quotaMs(512), quotaMs(256)].map((ms) => Math.round(ms * 100) / 100)).toEqual([20, 5.79, 2.89]);
  });

  test('is set for a group of processes, where that can be', () => {
    const limit = ProcessorLimit.forMemory(512);
    limit?.remove(); // where it cannot be, there is nothing to remove
    expect(limit === undefined || limit instanceof ProcessorLimit).toBe(true);
  });
});

test('a function gets the flags that Lambda starts Node.js with', () => {
  expect(lambdaFlags(512)).toEqual(['--expose-gc', '--max-semi-space-size=25', '--max-old-space-size=461']);
});

describe('with the functions that ship', () => {
  const cleanup = new Cleanup();
  let world: World;

  beforeAll(async () => {
    world = await World.start(cleanup);
  });
  afterAll(() => cleanup.run());

  test('the bundles beside them are made with the settings of the handlers, all or some', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'webhook-scheduler-weight-test-'));
    try {
      const source = "import { SQSClient } from '@aws-sdk/client-sqs';\nexport const client: SQSClient = new SQSClient({});\n";
      const [lean, bare, minified] = (['all', 'of the bundler', 'minified'] as const).map((settings) => bundleLikeHandlers(settings, source, directory, settings));
      expect(bytesOf(lean)).toBeLessThan(bytesOf(bare));
      expect(bytesOf(bare)).toBeLessThan(bytesOf(minified));
      expect(bytesOf(lean)).toBeLessThan(bytesOf(bundleOf('load')));
      // What the SDK's own providers read, and the handlers' do not.
      expect([lean, bare, minified].map((bundle) => readFileSync(bundle, 'utf8').includes('AWS_WEB_IDENTITY_TOKEN_FILE'))).toEqual([false, true, true]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('each of them loads by itself, and has its row beside the clients', () => {
    const plans = functionsOf(planScheduler(world.newDirectory('default')));
    const starts = measureColdStarts(plans, world.plans, world.newDirectory('cold-start'), 1);
    expect(starts.map(({ name, goal }) => [name, goal])).toEqual([
      ['the clients alone', undefined], ['the clients alone, with our credentials', undefined], ['ingest', 1.3], ['load', 1.3], ['deliver', 2],
      ['deliver, with secrets', undefined], ['the clients alone, no more than minified', undefined],
    ]);
    expect([starts[0].ratio, starts[1].leanRatio]).toEqual([1, 1]);
    expect(starts.every(({ initMs, bytes }) => initMs > 0 && bytes > 100_000)).toBe(true);
    expect(coldStartTable(starts).split('\n')).toHaveLength(9);
  });

  test.each(['http', 'https'] as const)('deliver sends every webhook of a pack once, and not early, over %s', async (scheme) => {
    await world.reset(scheme);
    const { result, usage } = await world.withWorker('deliver', {}, (worker) => worker.invoke(deliverEvent(Date.now() + 1_500, 20), 60_000));
    expect(result).toEqual({ batchItemFailures: [] });
    const { lateMs, requests } = await world.counts();
    expect(lateMs).toHaveLength(20);
    expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
    expect(requests).toMatchObject({ BatchExecuteStatement: 1, PutItem: 20 });
    expect(requests).not.toHaveProperty('UpdateItem');
    expect(usage.processorMs).toBeGreaterThan(0);
    expect(usage.peakRssMib).toBeGreaterThan(20);
  });

  test('ingest stores and sends what is due soon', async () => {
    await world.reset('https');
    const { result } = await world.withWorker('ingest', {}, (worker) => worker.invoke(ingestEvent(Date.now() + 60_000, 10), 60_000));
    expect(result).toEqual({ batchItemFailures: [] });
    expect(await world.counts()).toMatchObject({ turnsSent: 10 });
  });

  test('load sends every row of the minute once', async () => {
    const run = await measureLoad(world, 3_000, 1);
    expect(run).toMatchObject({ rows: 3_000, complete: true, invocations: 1 });
    expect(run).not.toHaveProperty('warmRssMib');
    expect(run.pages).toBeGreaterThanOrEqual(16);
    expect(run.sends).toBeLessThan(300); // they travel in packs
    expect(run.memoryMib).toBe(512);
  });

  test('load does so each minute, in one process, of which the most is measured that it came to', async () => {
    const run = await measureLoad(world, 2_000, 20);
    expect(run).toMatchObject({ rows: 2_000, complete: true, invocations: 20 });
    expect(run.sends).toBeLessThan(200); // of the first alone
    expect(run.warmRssMib).toBeGreaterThanOrEqual(run.peakRssMib);
  });

  test('load that misses a row in a later minute is not complete', async () => {
    const counts = world.counts.bind(world);
    let looks = 0;
    // The third invocation is told to have sent a row less than there were.
    const missing = Object.assign(Object.create(world) as World, {
      counts: async () => { const all = await counts(); return ++looks === 3 ? { ...all, turnsSent: all.turnsSent - 1 } : all; },
    });
    expect(await measureLoad(missing, 100, 4)).toMatchObject({ complete: false });
    expect(looks).toBe(4);
  });

  test('load keeps nothing of the rows that it has sent', async () => {
    const few = await measureLoad(world, 10_000, 1);
    const many = await measureLoad(world, 100_000, 1, 256);
    expect([few, many].map(({ complete, memoryMib }) => [complete, memoryMib])).toEqual([[true, 512], [true, 256]]);
    // A row is some 200 bytes of it, so that 90,000 more would be 18 MiB. Compiled code and feedback for it grow by one or two.
    expect(many.peakLiveMib).toBeLessThan(few.peakLiveMib as number + 8);
    expect(few.peakLiveMib).toBeGreaterThan(5);
    expect(few.peakLiveMib).toBeLessThan(few.peakRssMib);
  }, 60_000);

  test('a function that fails says why', async () => {
    await expect(world.withWorker('load', { variables: { TABLE_NAME: '' } }, async () => undefined)).rejects.toThrow('TABLE_NAME is not set');
  });
});

test('growth compares runs, and the table says where rows were missed', () => {
  const few: LoadRun = {
    ...{ table: 'a', rows: 10, memoryMib: 512, ms: 100, processorMs: 1, pages: 1, sends: 1, complete: true },
    ...{ peakRssMib: 50, warmRssMib: 80, invocations: 25, peakLiveMib: 10 },
  };
  const many: LoadRun = { ...few, rows: 100, ms: 1_050, peakRssMib: 60, warmRssMib: 84, invocations: 3, peakLiveMib: 11, complete: false };
  expect(growth(few, many)).toEqual({ rows: 10, time: 10.5, live: 1.1, warmRss: 1.05, firstRss: 1.2 });
  expect(growthText(few, many)).toBe(
    '  From 10 to 100 rows, 10 times as many: 10.5 times the time, 1.10 times the live memory, 1.05 times the warm RSS; 1.20 times that of the first run',
  );
  const { peakLiveMib, warmRssMib, ...once } = many;
  const lines = loadTable([few, many, { ...once, invocations: 1 }]).split('\n').slice(2);
  expect(lines).toEqual([/ 10\.0 +80 +25 +50 .* yes$/, / 11\.0 +84 +3 +60 .* no$/, / 1 +60 .* no$/].map((line) => expect.stringMatching(line) as string));
});

test('a process is warm once it has loaded enough rows, and not before it has done so three times', () => {
  expect([1, 1_000, 10_000, 100_000, 300_000].map((rows) => invocationsFor(rows))).toEqual([200_000, 200, 20, 3, 3]);
});
