// What webhooks cost: counted by the local engine, priced by the price file, beside what others would charge.
import { billedAssembly } from './assembly';
import { ALL_PARTS, Bill, dollarsOf, dollarsPerMillion, Part, quantityOf } from './bill';
import { Goal, goalsOf } from './goals';
import { Hold, holdOf } from './hold';
import { idleMonth, POLLERS } from './idle';
import { EVENT_DESCRIPTION, messageText } from './messages';
import { ANSWER_MS, MeteredRun, runMetered, Work } from './metered';
import { metricsMonths } from './metrics';
import { gbSeconds, isUndisturbed, ourBill, provisionedWriteDollars, requestRows } from './ours';
import { dollars, PRICES, REGION, RETRIEVED } from './prices';
import { atMost, atMostWithPollers, mostReadings } from './readers';
import { cloudTasks, olderDesign, qstash, schedulerWithApiDestination, schedulerWithLambda } from './rivals';
import {
  BATCHED, BURST, GROUPS, LARGE, LISTED, LONG_WINDOWED_SINGLE, PAYLOAD, POLLED_SINGLE, SINGLE, SLOW, SOON, WINDOWED, WINDOWED_BATCHED,
  WINDOWED_SINGLE,
} from './works';
import { Cell, Column, table } from '../../scripts/support/terminal';
import { turnsPerMessageOf } from '../../src/core/timing';
import type { Section, SectionOptions } from '../section';

const RATES = [10, 100, 1_000, 10_000, 100_000];
const MEMORIES_MB = [256, 512, 1024];
const POLLED_RATES = [1_000, 3_000, 5_000, 10_000, 30_000, 100_000];
/** One poller for so many messages a minute takes them with some room to spare; two are the fewest. */
const MESSAGES_OF_POLLER = 5_000;
const FEWEST_POLLERS = 2;
/** What AWS's own auto scaling aims at by default. */
const PROVISIONED_UTILISATION = 0.7;
const MAX_TRIES = 3;
const PART_TITLES: Readonly<Record<Part, string>> = { requests: 'Requests, units', duration: 'Duration', logs: 'Logs', storage: 'Storage' };

export async function run(options: SectionOptions): Promise<Section> {
  const { cleanup, onProgress } = options;
  const runs: MeteredRun[] = [];
  const assemblies = new Map<string, string>();
  for (const work of GROUPS.flat()) {
    assemblies.set(ingestOf(work), assemblies.get(ingestOf(work)) ?? await billedAssembly(work, cleanup));
  }
  for (const group of GROUPS) {
    onProgress(`counting what is billed for: ${group.map(({ name }) => name).join('; ')}`);
    runs.push(...await Promise.all(group.map((work) => meterInPeace(work, assemblies.get(ingestOf(work))!, options))));
  }
  return sectionOf(runs);
}

/** The page, of a run of each work. */
export function sectionOf(runs: readonly MeteredRun[]): Section {
  const bills = new Map(runs.map((metered) => [metered.work, ourBill(metered.work.name, metered)]));
  const runOf = (work: Work) => runs.find((metered) => metered.work.name === work.name) as MeteredRun;
  const billOf = (work: Work) => bills.get(runOf(work).work) as Bill;
  const worst = new Map([...WINDOWED, POLLED_SINGLE].map((work) => [work, atMost(runOf(work))]));
  const bothOf = (...works: Work[]) => works.flatMap((work) => [billOf(work), worst.get(work)!]);

  const optionsOf = (work: Work) => ({
    message: messageText({ ...work.message, index: 0, dueAt: Date.now(), url: 'https://hooks.example.com/orders' }), answerMs: ANSWER_MS,
  });
  const options = optionsOf(BATCHED);
  const older = olderDesign(options, 'later');
  const olderPayload = olderDesign(optionsOf(PAYLOAD), 'later');
  const rivals = [
    older, olderPayload, olderDesign(options, 'soon'), schedulerWithApiDestination(), schedulerWithLambda(options), qstash(), cloudTasks(options),
  ];
  const { functions: { load }, idleTicks } = runOf(BATCHED);
  const idle = POLLERS.map((pollers) => idleMonth(load, idleTicks!, pollers));
  const goals = goalsOf({
    batched: billOf(BATCHED),
    listed: billOf(LISTED),
    single: billOf(SINGLE),
    windowed: { batched: bothOf(WINDOWED_BATCHED), single: bothOf(WINDOWED_SINGLE, LONG_WINDOWED_SINGLE) },
    polled: bothOf(POLLED_SINGLE),
    large: billOf(LARGE),
    payload: billOf(PAYLOAD),
    older,
    olderPayload,
    idleMonth: Math.max(...idle.map((bill) => dollarsOf(bill))),
  });
  const holds = RATES.flatMap((ratePerMinute) => MEMORIES_MB.map((memoryMb) => ({ ratePerMinute, memoryMb, ...hold(ratePerMinute, memoryMb) })));
  const checks = [SLOW, BATCHED, BURST].map((work) => holdCheck(runOf(work)));
  const disturbed = runs.filter((metered) => !isUndisturbed(metered)).map(({ work }) => work.name);
  const lost = runs.reduce((sum, { work, arrived }) => sum + work.count - arrived, 0);

  return {
    name: 'bill',
    title: 'The bill',
    tables: [
      {
        caption: `What does a webhook use? Counted while each work ran through the local engine, from publishing to outcome; the message is ${EVENT_DESCRIPTION}; `
          + `an endpoint answers after ${ANSWER_MS} ms`,
        text: usageTable([...bills.values()]),
      },
      ...disturbed.length === 0 ? [] : [{
        caption: 'What is not to be trusted here? The machine was too busy for these, so that webhooks were claimed more than once', text: `  ${disturbed.join('; ')}`,
      }],
      { caption: `By whom, per 1,000 webhooks? ${BATCHED.name}; receives that brought nothing are charged to the idle month`, text: requestTable(runOf(BATCHED)) },
      ...[SOON, WINDOWED_SINGLE].map((work) => ({ caption: `The same, ${work.name}`, text: requestTable(runOf(work)) })),
      {
        caption: `What does a million cost? List prices of ${REGION}, looked up on ${RETRIEVED}, before any free tier (bench/bill/prices.json names their sources). `
          + 'Where a column is empty, it does not apply or was left out. With a window, the engine has one reader that looks every 40 ms; "at most" is what five '
          + 'readers come to, each with batches of its own, where each of their polls brings one call\'s messages: AWS says no more (bench/bill/readers.ts). '
          + 'Provisioned pollers are among the requests; "at most", each makes the ten calls a second that it may',
        text: costTable([...bills.values(), ...worst.values(), ...rivals]),
      },
      {
        caption: 'What do provisioned pollers make of messages that are published one by one, at most? Computed, by the ten calls a second that each may make; '
          + 'requests, units and pollers',
        text: pollersTable(runOf(SINGLE)),
      },
      { caption: 'What is the bill of the older design made of?', text: linesTable(olderPayload) },
      { caption: `What is ours made of? ${BATCHED.name}`, text: linesTable(billOf(BATCHED)) },
      {
        caption: 'What does the hold cost? Dollars per million for deliver\'s duration by what is due in a minute and by its memory, computed (bench/bill/hold.ts); '
          + `an endpoint answers after ${ANSWER_MS} ms`,
        text: holdTable(holds),
      },
      { caption: 'Is that so? The same formula beside what was metered', text: checkTable(checks) },
      ...idle.map((bill) => ({ caption: `What does a month cost in which nothing happens? ${bill.name}; a tick's use is metered, but for its reads, which are counted for the two minutes that a real one looks into`, text: linesTable(bill, 1) })),
      ...metricsMonths().map((bill) => ({ caption: `What do metrics cost in a month, with values in each of its hours? ${bill.name}`, text: linesTable(bill, 1) })),
      { caption: 'What else is there to know?', text: notesTable(billOf(BATCHED), options.message) },
      { caption: 'Goals', text: goalsTable(goals) },
    ],
    json: {
      region: REGION,
      retrieved: RETRIEVED,
      prices: PRICES,
      runs: runs.map((metered) => ({ ...metered, undisturbed: isUndisturbed(metered) })),
      bills: [...bills.values(), ...worst.values(), ...rivals, ...idle],
      holds,
      checks,
      goals,
    },
    ok: lost === 0,
  };
}

/** What a work asks for of the scheduler: works that ask for the same share one. */
function ingestOf({ windowSeconds, pollers }: Work): string {
  return JSON.stringify({ windowSeconds, pollers });
}

/** Again where it was disturbed, a few times. */
async function meterInPeace(work: Work, assembly: string, { cleanup, onProgress }: SectionOptions): Promise<MeteredRun> {
  const meter = () => cleanup.scope((running) => runMetered(work, assembly, running));
  let metered = await meter();
  for (let tries = 1; tries < MAX_TRIES && !isUndisturbed(metered); tries++) {
    onProgress(`the machine was too busy, counting again: ${work.name}`);
    metered = await meter();
  }
  return metered;
}

function hold(ratePerMinute: number, memoryMb: number): Hold {
  return holdOf({ ratePerMinute, memoryMb, turnsPerMessage: turnsPerMessageOf(memoryMb), answerMs: ANSWER_MS });
}

interface HoldCheck {
  readonly work: string;
  readonly computed: { readonly turnsPerInvocation: number; readonly invocationMs: number; readonly dollarsPerMillion: number };
  readonly metered: HoldCheck['computed'];
}

function holdCheck({ work, usage, functions }: MeteredRun): HoldCheck {
  const { memoryMb, invocations, billedMs } = usage.functions.find(({ functionName }) => functionName === functions.deliver)!;
  const { turnsPerMessage, messagesPerInvocation, invocationMs, dollarsPerMillion: computed } = hold(work.ratePerMinute, memoryMb);
  return {
    work: work.name,
    computed: { turnsPerInvocation: turnsPerMessage * messagesPerInvocation, invocationMs, dollarsPerMillion: computed },
    metered: {
      turnsPerInvocation: work.count / invocations,
      invocationMs: billedMs / invocations,
      dollarsPerMillion: dollars('lambda.arm-gb-second', gbSeconds(billedMs, memoryMb) / work.count * 1e6),
    },
  };
}

const right = (...titles: string[]): Column[] => titles.map((title) => ({ title, align: 'right' }));
const usd = (value: number): string => (value === 0 ? '–' : `$${value.toFixed(value < 0.1 ? 3 : 2)}`);
const count = (value: number): string => (value === 0 ? '–' : value.toFixed(value < 1 ? 3 : 2));

function usageTable(bills: readonly Bill[]): string {
  const prices = ['dynamodb.write', 'dynamodb.read', 'sqs.request', 'sns.request', 'lambda.request', 'lambda.arm-gb-second'] as const;
  return table(
    [{ title: 'Of one webhook' }, ...right('Write units', 'Read units', 'SQS requests', 'SNS requests', 'Invocations', 'GB-seconds')],
    bills.map((bill) => [bill.name, ...prices.map((price) => count(quantityOf(bill, price)))]),
  );
}

function requestTable(metered: MeteredRun): string {
  const per1000 = 1000 / metered.work.count;
  return table(
    [{ title: 'Who' }, { title: 'Operation' }, ...right('Requests', 'Units'), { title: 'Billed as' }],
    requestRows(metered).map(({ role, by, operation, unit, requests, units }) => [
      by === 'mapping' ? `${role}'s mapping` : role, operation, (requests * per1000).toFixed(1), (units * per1000).toFixed(1), unit,
    ]),
  );
}

function costTable(bills: readonly Bill[]): string {
  return table(
    [{ title: 'Dollars per million' }, ...right(...ALL_PARTS.map((part) => PART_TITLES[part]), 'With duration', 'All')],
    bills.map((bill) => [
      bill.name,
      ...ALL_PARTS.map((part) => usd(dollarsPerMillion(bill, [part]))),
      usd(dollarsPerMillion(bill, ['requests', 'duration'])),
      usd(dollarsPerMillion(bill)),
    ]),
  );
}

/** @param times how often: lines are for one webhook, and shown for a million */
function linesTable({ lines, name }: Bill, times = 1e6): string {
  return table(
    [{ title: name }, ...right('Quantity'), { title: 'Of' }, ...right('Dollars'), { title: '' }],
    [
      ...lines.map(({ what, price, quantity, why = '' }): Cell[] => [
        what, quantityText(quantity * times), PRICES[price].unit, usd(dollars(price, quantity * times)), why,
      ]),
      ['Sum', '', '', usd(lines.reduce((sum, { price, quantity }) => sum + dollars(price, quantity * times), 0)), ''],
    ],
  );
}

function pollersTable(single: MeteredRun): string {
  return table(
    right('A minute', 'Pollers', 'Messages a receive', 'Dollars per million'),
    POLLED_RATES.map((ratePerMinute) => {
      const pollers = Math.max(Math.ceil(ratePerMinute / MESSAGES_OF_POLLER), FEWEST_POLLERS);
      const { receives } = mostReadings({ ...single.work, ratePerMinute, pollers });
      const bill = atMostWithPollers(single, ratePerMinute, pollers);
      return [
        ratePerMinute.toLocaleString('en-US'), String(pollers), (single.work.count / receives).toFixed(1), usd(dollarsPerMillion(bill, ['requests'])),
      ];
    }),
  );
}

function quantityText(quantity: number): string {
  return quantity >= 100 ? Math.round(quantity).toLocaleString('en-US') : quantity.toFixed(2);
}

function holdTable(holds: readonly (Hold & { readonly ratePerMinute: number; readonly memoryMb: number })[]): string {
  return table(
    [...right('A minute'), ...right('A month, million'), ...MEMORIES_MB.flatMap((memory) => right(`${memory} MiB`, 'webhooks', 'ms'))],
    RATES.map((rate) => [
      rate.toLocaleString('en-US'),
      (rate * 60 * 24 * 30 / 1e6).toFixed(2),
      ...holds.filter(({ ratePerMinute }) => ratePerMinute === rate).flatMap((held) => [
        usd(held.dollarsPerMillion), (held.turnsPerMessage * held.messagesPerInvocation).toFixed(1), Math.round(held.invocationMs).toString(),
      ]),
    ]),
  );
}

function checkTable(checks: readonly HoldCheck[]): string {
  return table(
    [{ title: 'Work' }, { title: '' }, ...right('Webhooks an invocation', 'Invocation, ms', 'Dollars per million')],
    checks.flatMap(({ work, computed, metered }) => ([['computed', computed], ['metered', metered]] as const).map(([how, figures], i) => [
      i === 0 ? work : '', how, figures.turnsPerInvocation.toFixed(1), Math.round(figures.invocationMs).toString(), usd(figures.dollarsPerMillion),
    ])),
  );
}

function notesTable(batched: Bill, message: string): string {
  const writes = quantityOf(batched, 'dynamodb.write');
  const provisioned = provisionedWriteDollars(PRICES['dynamodb.wcu-hour'].usd, PROVISIONED_UTILISATION);
  const rest = dollarsPerMillion(batched, ['requests']) - dollars('dynamodb.write', writes * 1e6);
  const gb = Buffer.byteLength(message) / 1e9 * 1e6;
  return table([{ title: 'In no sum above' }, ...right('Dollars per million')], [
    [`a million writes with provisioned capacity, used to ${PROVISIONED_UTILISATION * 100} %`, usd(provisioned)],
    ['requests and units of the first work with such capacity, its reads still on demand', usd(rest + provisioned * writes)],
    ['if AWS counts each message that SNS puts into a queue as an SQS request', `+${usd(dollars('sqs.request', 1e6))}`],
    [`data transfer out, ${gb.toFixed(1)} GB of messages (everyone charges for it)`, `+${usd(dollars('transfer.out', gb))}`],
  ]);
}

function goalsTable(goals: readonly Goal[]): string {
  return table(
    [{ title: 'Goal' }, ...right('At most', 'Measured'), { title: '' }, { title: 'Of' }],
    goals.map(({ figure, limit, measured, met, of }): Cell[] => [
      figure, String(limit), measured.toFixed(3), met ? ['met', 'green'] : ['not met', 'red'], of,
    ]),
  );
}
