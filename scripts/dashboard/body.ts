// Reads what a template says of a dashboard: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html

export interface Annotation {
  readonly value: number;
  readonly label: string;
  readonly color: string;
  readonly yAxis?: 'left' | 'right';
}

export interface YAxis {
  readonly label: string;
  readonly min?: number;
  readonly max?: number;
  readonly showUnits?: boolean;
}

export interface MetricOptions {
  readonly label?: string;
  readonly color?: string;
  readonly expression?: string;
  readonly id?: string;
  readonly stat?: string;
  readonly period?: number;
  readonly region?: string;
  readonly accountId?: string;
  readonly visible?: boolean;
  readonly yAxis?: 'left' | 'right';
}

/** A line of a graph: a metric, or what is worked out from others. */
export interface Line {
  /** Absent where it is worked out. */
  readonly metric?: { readonly namespace: string; readonly name: string; readonly dimensions: Readonly<Record<string, string>> };
  readonly options: MetricOptions;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Graph extends Place {
  readonly type: 'metric';
  readonly title: string;
  readonly region: string;
  readonly lines: readonly Line[];
  readonly left: YAxis;
  readonly right?: YAxis;
  readonly annotations: readonly Annotation[];
}

export interface Alarms extends Place {
  readonly type: 'alarm';
  readonly title: string;
  readonly alarms: readonly string[];
}

export interface Text extends Place {
  readonly type: 'text';
  readonly markdown: string;
}

export interface Log extends Place {
  readonly type: 'log';
  readonly title: string;
  readonly region: string;
  readonly accountId?: string;
  readonly query: string;
}

export type Widget = Graph | Alarms | Text | Log;

export interface Body {
  readonly start: string;
  readonly periodOverride?: string;
  readonly widgets: readonly Widget[];
}

type Part = string | Readonly<Record<string, unknown>>;

/** The body as it is in a template: where that has what is known at deployment only, `${…}` stands here. */
export function readBody(body: Part): Body {
  const { start, periodOverride, widgets } = JSON.parse(textOf(body)) as { start: string; periodOverride?: string; widgets: RawWidget[] };
  return { start, periodOverride, widgets: widgets.map(readWidget) };
}

/** `Fn::Join` put together; what it refers to becomes `${logical id.attribute}`. */
function textOf(value: Part): string {
  if (typeof value === 'string') {
    return value;
  }
  const [[kind, operand]] = Object.entries(value);
  switch (kind) {
    case 'Fn::Join': {
      const [separator, parts] = operand as [string, Part[]];
      return parts.map(textOf).join(separator);
    }
    case 'Ref':
      return `\${${String(operand)}}`;
    case 'Fn::GetAtt':
      return `\${${(operand as string[]).join('.')}}`;
    case 'Fn::ImportValue':
      return `\${${textOf(operand as Part)}}`;
    default:
      throw new Error(`${kind} is in the body of a dashboard, expected Fn::Join, Ref, Fn::GetAtt or Fn::ImportValue`);
  }
}

interface RawWidget extends Place {
  readonly type: string;
  readonly properties: {
    readonly title: string;
    readonly region: string;
    readonly accountId?: string;
    readonly markdown: string;
    readonly query: string;
    readonly alarms: string[];
    readonly metrics: (string | MetricOptions)[][];
    readonly annotations?: { readonly horizontal: Annotation[] };
    readonly yAxis: { readonly left: YAxis; readonly right?: YAxis };
  };
}

function readWidget({ type, x, y, width, height, properties }: RawWidget): Widget {
  const place = { x, y, width, height };
  const { title, region, accountId, markdown, query, alarms, metrics, annotations, yAxis } = properties;
  switch (type) {
    case 'metric':
      return { ...place, type, title, region, lines: metrics.map(readLine), ...yAxis, annotations: annotations?.horizontal ?? [] };
    case 'alarm':
      return { ...place, type, title, alarms };
    case 'text':
      return { ...place, type, markdown };
    case 'log':
      return { ...place, type, title, region, accountId, query };
    default:
      throw new Error(`a widget is of the type ${type}, expected metric, alarm, text or log`);
  }
}

function readLine(items: readonly (string | MetricOptions)[]): Line {
  const options = items.find((item): item is MetricOptions => typeof item === 'object') ?? {};
  const [namespace, name, ...pairs] = items.filter((item): item is string => typeof item === 'string');
  if (namespace === undefined) {
    return { options };
  }
  const dimensions = Object.fromEntries(pairs.flatMap((key, i) => (i % 2 === 0 ? [[key, pairs[i + 1]]] : [])));
  return { metric: { namespace, name, dimensions }, options };
}
