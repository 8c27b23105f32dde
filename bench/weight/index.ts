// How heavy the functions are: what they take to start, of a processor, of memory.
import { coldStartTable, measureColdStarts } from './cold-start';
import { growth, growthText, invocationsFor, LEAST_MIB, LoadRun, loadTable, MANY_ROWS, measureLoad, measureLoadEmulated, ROWS } from './load';
import { measureParts, partsTable } from './parts';
import { measureMemorySizes, measureProcessorUse, memoryTable, processorTable } from './processor';
import { MIB_PER_PROCESSOR, PERIOD_MS } from './processor-limit';
import { everything, functionsOf, planScheduler } from './stacks';
import { measureSteps, stepsTable } from './steps';
import { QUEUE_MS, TABLE_MS, World } from './world';
import type { Section, SectionOptions } from '../section';

export async function run({ cleanup, repeat, onProgress }: SectionOptions): Promise<Section> {
  const world = await World.start(cleanup);
  onProgress('cold start');
  const plans = { byDefault: planScheduler(world.newDirectory('default')), everything: planScheduler(world.newDirectory('everything'), everything) };
  const starts = measureColdStarts(functionsOf(plans.byDefault), functionsOf(plans.everything), world.newDirectory('cold-start'), repeat);
  onProgress('processor time of a webhook');
  const uses = await measureProcessorUse(world);
  onProgress('processor time of the steps of a webhook');
  const steps = await measureSteps(world);
  onProgress('lateness by memory size');
  const sizes = await measureMemorySizes(world);
  const loads: LoadRun[] = [];
  for (const [rows, memoryMib] of [...ROWS.map((some) => [some] as const), [MANY_ROWS] as const, [MANY_ROWS, LEAST_MIB] as const]) {
    onProgress(`load of ${rows} rows${memoryMib === undefined ? '' : ` with ${memoryMib} MiB`}`);
    loads.push(await measureLoad(world, rows, invocationsFor(rows), memoryMib));
  }
  for (const rows of ROWS) {
    onProgress(`load of ${rows} rows, from the emulated table`);
    loads.push(await measureLoadEmulated(world, rows, cleanup));
  }
  onProgress('parts');
  const parts = await measureParts(plans);
  const [, few, more, most] = loads;
  return {
    name: 'weight',
    title: 'How heavy the functions are',
    tables: [
      {
        caption: 'How long does a function take to start? Its bundle, loaded in fresh processes, medians; beside bare clients of DynamoDB and SQS, bundled alike',
        text: coldStartTable(starts),
      },
      {
        caption: `What does a webhook take of a processor? User and system time of a worker; the table answers in ${TABLE_MS} ms, each webhook opens a connection`,
        text: processorTable(uses),
      },
      {
        caption: 'What do the steps of a webhook take? User and system time of deliver\'s worker, looked at between them',
        text: stepsTable(steps),
      },
      {
        caption: `How late are webhooks of one instant, or a whole pack of a time that is not dense, by a function's memory? ms, https, a share of MiB/${MIB_PER_PROCESSOR} of a processor in periods of ${PERIOD_MS} ms`,
        text: sizes ? memoryTable(sizes) : '  Not measured: control groups of Linux cannot be made here.',
      },
      {
        caption: `How long does load take for the rows of one minute, and how much memory? The table answers in ${TABLE_MS} ms, the queue in ${QUEUE_MS} ms`,
        text: [
          loadTable(loads),
          growthText(few, more),
          growthText(more, most),
          '  Live is what is left when all garbage is collected, in a run of its own. The rest of the RSS is the runtime and garbage: V8 lets its space for',
          '  what is new grow to a tenth of the memory of the function, in two halves, as what has survived in it adds up over the life of the process. So',
          '  RSS first, of a process that has loaded these rows once, is less where they are few. RSS warm is what the same process comes to as it loads as',
          '  many again and again, as it does each minute on Lambda, here without the time between.',
        ].join('\n'),
      },
      { caption: 'What do single parts take, once they are compiled?', text: partsTable(parts) },
    ],
    json: { starts, uses, steps, ...(sizes ? { sizes } : {}), loads, loadGrowth: [growth(few, more), growth(more, most)], parts },
    ok: [...uses, ...steps.flatMap(({ first, later }) => [first, later]), ...loads].every(({ complete }) => complete),
  };
}
