// What the lines of the picture look like: made up, but as a scheduler that does well would draw them, with one endpoint that failed for a while.
import type { Graph, Line } from './body';

/** A line over three hours, by minutes. */
export type Sample = readonly number[];

export const MINUTES = 180;

/** When an endpoint was out of order, from and to which minute. */
const OUTAGE = [96, 118] as const;

interface Shape {
  readonly level: number;
  /** How far it goes up and down, as a part of the level. */
  readonly noise: number;
  /** By how much it rises and falls over the time that is shown, as a part of the level. */
  readonly wave?: number;
  /** How much is added while the endpoint is out of order. */
  readonly outage?: number;
}

/** By the title of the graph and the label of the line. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  'Dead letters': {
    'Ingest': { level: 0, noise: 0 },
    'Delay': { level: 0, noise: 0 },
    'Ingest, unreported': { level: 0, noise: 0 },
    'Delay, unreported': { level: 0, noise: 0 },
  },
  'Load lag': { 'Load lag, max': { level: 1_400, noise: 0.5 } },
  'Lateness': { 'Lateness, p99': { level: 14, noise: 0.6 } },
  'What comes in': {
    'Accepted': { level: 520, noise: 0.1, wave: 0.35 },
    'Scheduled': { level: 470, noise: 0.1, wave: 0.35 },
    'Cancelled': { level: 45, noise: 0.5, wave: 0.2 },
    'Duplicates stopped': { level: 3, noise: 1 },
    'Invalid': { level: 1, noise: 1.6 },
  },
  'What goes out': {
    'Delivered': { level: 440, noise: 0.12, wave: 0.25, outage: -90 },
    'Failed': { level: 1, noise: 1.5, outage: 6 },
    'Attempts to be retried': { level: 6, noise: 0.8, outage: 95 },
    'Failed of those that ended': { level: 0.3, noise: 1.2, outage: 2 },
  },
  'How late requests were': {
    p50: { level: 1.3, noise: 0.3 },
    p99: { level: 14, noise: 0.6, wave: 0.2 },
    max: { level: 48, noise: 0.9, wave: 0.3 },
  },
  'How long endpoints took': {
    p50: { level: 85, noise: 0.12 },
    p99: { level: 620, noise: 0.35, outage: 1_900 },
  },
  'Messages in the queues': {
    'To ingest': { level: 2, noise: 1 },
    'Due, to deliver': { level: 5, noise: 0.9 },
    'Not due yet': { level: 310, noise: 0.08, wave: 0.3 },
  },
  'Oldest message to ingest': { Age: { level: 1.5, noise: 1 } },
  'Messages in flight': {
    Ingest: { level: 7, noise: 0.6, wave: 0.3 },
    Delay: { level: 22, noise: 0.4, wave: 0.3, outage: 14 },
  },
  'Duration of functions, p99': {
    Ingest: { level: 140, noise: 0.4 },
    Load: { level: 900, noise: 0.25, wave: 0.2 },
    Deliver: { level: 3_100, noise: 0.1, outage: 1_500 },
  },
  'Errors of functions': { Ingest: { level: 0, noise: 0 }, Load: { level: 0, noise: 0 }, Deliver: { level: 0, noise: 0 } },
  'Throttles of functions': { Ingest: { level: 0, noise: 0 }, Load: { level: 0, noise: 0 }, Deliver: { level: 0, noise: 0 } },
  'Concurrency of functions': {
    Ingest: { level: 4, noise: 0.5 },
    Load: { level: 1, noise: 0 },
    Deliver: { level: 16, noise: 0.3, wave: 0.3, outage: 9 },
  },
  'Capacity that the table consumed': {
    'Write units': { level: 24, noise: 0.1, wave: 0.3 },
    'Read units': { level: 6, noise: 0.15, wave: 0.3 },
  },
  'Throttles of the table': { Writes: { level: 0, noise: 0 }, Reads: { level: 0, noise: 0 } },
};

/** The points of a line, the same each time. */
export function sampleOf({ title }: Graph, { options: { label = '' } }: Line): Sample {
  const shape = SHAPES[title]?.[label];
  if (!shape) {
    throw new Error(`scripts/dashboard/samples.ts has no shape for the line "${label}" of "${title}"`);
  }
  const { level, noise, wave = 0, outage = 0 } = shape;
  const random = randomOf(`${title} ${label}`);
  return Array.from({ length: MINUTES }, (_, minute) => {
    const tide = 1 + wave * Math.sin((minute / MINUTES) * Math.PI * 1.6 - 0.6);
    const during = minute >= OUTAGE[0] && minute < OUTAGE[1] ? Math.sin(((minute - OUTAGE[0]) / (OUTAGE[1] - OUTAGE[0])) * Math.PI) : 0;
    // Few values are far from the level, as of times and counts.
    const swing = noise * (random() + random() + random() - 1.5);
    return Math.max(0, level * (tide + swing) + outage * during * (0.75 + random() / 4));
  });
}

/** Lines of the log, by the names of its columns. */
export const LOG_LINES: readonly Readonly<Record<string, string>>[] = [
  {
    '@timestamp': '2030-01-31 10:57:41.318',
    'level': 'WARN',
    'message': 'webhook failed',
    'webhookId': 'order-4711',
    'host': 'api.example.com',
    'attempt': '1',
    'status': '410',
    'why': 'permanent',
  },
  {
    '@timestamp': '2030-01-31 10:51:00.204', 'level': 'ERROR', 'message': 'load failed', 'cause': '1 of 16 partitions could not be loaded',
  },
  {
    '@timestamp': '2030-01-31 10:46:02.007',
    'level': 'WARN',
    'message': 'webhook failed',
    'webhookId': 'invoice-82',
    'host': 'hooks.partner.example',
    'attempt': '10',
    'why': 'exhausted',
    'cause': 'timeout',
  },
  {
    '@timestamp': '2030-01-31 10:31:20.554', 'level': 'WARN', 'message': 'action refused', 'webhookId': 'order-4698', 'why': 'delivered',
  },
  {
    '@timestamp': '2030-01-31 09:12:09.930', 'level': 'WARN', 'message': 'message rejected', 'webhookId': '7281d309-23e0-492b-97b3-2525fbdad2ba',
  },
  {
    '@timestamp': '2030-01-31 09:08:33.161',
    'level': 'WARN',
    'message': 'webhook failed',
    'webhookId': 'reminder-1207',
    'host': 'api.example.com',
    'attempt': '1',
    'status': '404',
    'why': 'permanent',
  },
];

/** Numbers from 0 to 1, the same for the same text: https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function randomOf(text: string): () => number {
  const modulus = 2 ** 31 - 1;
  let state = [...text].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % modulus, 1);
  return () => {
    state = (state * 48_271) % modulus;
    return state / modulus;
  };
}
