// What a work of the bench is: webhooks with their dates, how the endpoint takes them, who sends them, and what is to come of it.
import type { Goal } from './goal';
import type { Behaviour } from '../scripts/support/receiver';

/**
 * Who sends the webhooks of a work:
 *
 * - `engine`: this scheduler, from the topic on, through the local engine
 * - `deliver`: its deliver function alone, off the queue, with a table that answers as fast as DynamoDB does
 * - `floor`: the bare HTTP client, with no scheduler
 * - `peer`: another scheduler
 */
export type SenderName = 'engine' | 'deliver' | 'floor' | 'peer';

export const SENDERS: readonly SenderName[] = ['engine', 'deliver', 'floor', 'peer'];

/** Webhooks to be sent. */
export interface Load {
  /** When each is due, in milliseconds after the first. */
  readonly dueMs: readonly number[];
  /** How the endpoint answers. @default at once */
  readonly endpoint?: Behaviour;
  /** Which go to an endpoint that never answers, by their number; they are not measured. @default none */
  readonly hangs?: (index: number) => boolean;
}

export interface Work {
  readonly description: string;
  readonly load: Load;
  readonly senders: readonly SenderName[];
  /** What each sender is to send for comparison, in turn with the load itself. @default nothing */
  readonly beside?: { readonly label: string; readonly load: Load };
  /**
   * Milliseconds from the start of publishing to the first date, through the local engine: so long that everything is stored by then. The
   * emulated table takes about 1,000 writes a second on two cores.
   */
  readonly aheadMs: number;
  /** Connections of the bare HTTP client: as many as make it fastest. */
  readonly connections: number;
  /** Jobs that the peer's worker has in hand at one time: as many as make it fastest. */
  readonly peerConcurrency: number;
  /** How often it is measured where nobody says: once where that takes long, and there are enough webhooks for their percentiles to stand. */
  readonly repeat: number;
  readonly goals: readonly Goal[];
}

function evenly(count: number, ms: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(i * ms / count));
}

function atOnce(count: number): number[] {
  return evenly(count, 0);
}

const ON_TIME: readonly Goal[] = [
  { sender: 'engine', figure: 'lateMs', percentile: 'p50', atMost: 5, of: 'ms' },
  { sender: 'engine', figure: 'lateMs', percentile: 'p99', atMost: 25, of: 'ms' },
];

/** As a steady day brings them. */
function steady(count: number, aheadMs: number): Work {
  return {
    description: `${count.toLocaleString('en-US')} webhooks spread over 30 s`,
    load: { dueMs: evenly(count, 30_000) },
    senders: ['engine', 'floor', 'peer'],
    aheadMs,
    connections: 32,
    peerConcurrency: 100,
    repeat: 1,
    goals: ON_TIME,
  };
}

/** All works by their names. */
export const WORKS: Readonly<Record<string, Work>> = {
  'steady-300': steady(300, 5_000),
  'steady-5000': steady(5_000, 25_000),
  'instant-1000-slow': {
    description: '1,000 webhooks at one instant, to an endpoint that takes 200 ms',
    load: { dueMs: atOnce(1_000), endpoint: { delayMs: 200 } },
    senders: ['engine', 'deliver', 'floor', 'peer'],
    aheadMs: 8_000,
    connections: 1_000,
    peerConcurrency: 1_000,
    repeat: 3,
    goals: [
      { sender: 'engine', figure: 'answeredMs', percentile: 'p99', atMost: 2, of: 'floor' },
      { sender: 'deliver', figure: 'answeredMs', percentile: 'p99', atMost: 2, of: 'floor' },
    ],
  },
  'instant-10000': {
    description: '10,000 webhooks at one instant, to an endpoint that answers at once',
    load: { dueMs: atOnce(10_000) },
    senders: ['engine', 'deliver', 'floor', 'peer'],
    aheadMs: 45_000,
    connections: 32,
    peerConcurrency: 100,
    repeat: 1,
    goals: [{ sender: 'deliver', figure: 'lateMs', percentile: 'max', atMost: 2.5, of: 'floor' }],
  },
  'hanging': {
    description: '1,000 webhooks at one instant, every tenth to an endpoint that never answers: the 900 others',
    load: { dueMs: atOnce(1_000), hangs: (index) => index % 10 === 0 },
    senders: ['engine', 'deliver'],
    beside: { label: 'without the hanging endpoints', load: { dueMs: atOnce(900) } },
    aheadMs: 8_000,
    connections: 1_000,
    peerConcurrency: 1_000,
    repeat: 5, // both fill the processors, so that of three runs the ratio was 1.0 to 1.6
    goals: [
      { sender: 'engine', figure: 'lateMs', percentile: 'p99', atMost: 1.2, of: 'beside' },
      { sender: 'deliver', figure: 'lateMs', percentile: 'p99', atMost: 1.2, of: 'beside' },
    ],
  },
};
