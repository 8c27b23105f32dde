// Reads from the synthesized template what the demo shortens, so that it can say what the real values are.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Properties }>>;
}

interface Properties {
  readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
  readonly ScheduleExpression?: string;
}

export interface TemplateValues {
  readonly ingestHorizonSeconds: number;
  readonly loadHorizonSeconds: number;
  /** As the template has it: `rate(1 minute)`. */
  readonly tick: string;
}

export function templateValues(assembly: string): TemplateValues {
  const properties = readdirSync(assembly)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => JSON.parse(readFileSync(path.join(assembly, file), 'utf8')) as Template)
    .flatMap(({ Resources }) => Object.values(Resources).map((resource) => resource.Properties ?? {}));
  const variables: Readonly<Record<string, unknown>> = Object.assign({}, ...properties.map(({ Environment }) => Environment?.Variables));
  const tick = properties.map(({ ScheduleExpression }) => ScheduleExpression).find((expression) => expression !== undefined);
  const { INGEST_HORIZON_SECONDS, LOAD_HORIZON_SECONDS } = variables;
  if (INGEST_HORIZON_SECONDS === undefined || LOAD_HORIZON_SECONDS === undefined || tick === undefined) {
    throw new Error('The template has no tick and no horizons: it is not that of a webhook scheduler.');
  }
  return { ingestHorizonSeconds: Number(INGEST_HORIZON_SECONDS), loadHorizonSeconds: Number(LOAD_HORIZON_SECONDS), tick };
}
