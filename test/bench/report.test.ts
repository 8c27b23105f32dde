import { Figures } from '../../bench/measure';
import { sectionText, workTable } from '../../bench/report';

const figures = (ms: number, lost = 0): Figures => ({
  count: 100,
  arrived: 100 - lost,
  early: 0,
  twice: 0,
  lost,
  lateMs: { p50: ms, p90: ms, p99: 2 * ms, max: 3 * ms },
  answeredMs: { p50: ms + 200, p90: ms + 200, p99: 2 * ms + 200, max: 3 * ms + 200 },
});
const floor = figures(10);

/** Cells of each line, without what lines them up. */
function cells(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(/ {2,}/));
}

test('sets who sent a work side by side, with what each row measured, and the ratio to the floor', () => {
  const lines = cells(workTable([
    { label: 'this scheduler', settings: 'as it is', figures: figures(25, 1), repetitions: 3, floor, limit: 'before the date none of the processors' },
    { label: 'bare HTTP client', settings: '32 connections', figures: floor, repetitions: 1 },
  ], []));
  expect(lines.slice(2)).toEqual([
    ['this scheduler', 'arrival', '25', '25', '50', '75', '2.5', '2.5', '2.5', '0', '0', '1', '100'],
    ['its answer', '225', '225', '250', '275', '1.1', '1.1', '1.2'],
    ['bare HTTP client', 'arrival', '10', '10', '20', '30', '0', '0', '0', '100'],
    ['its answer', '210', '210', '220', '230'],
    ['this scheduler: as it is; medians of 3 repetitions; limit reached before the date none of the processors'],
    ['bare HTTP client: 32 connections'],
  ]);
});

test('says under the table whether each goal is met', () => {
  const text = workTable([], [
    { goal: 'p50 ≤ 5 ms', value: 1, met: true }, { goal: 'p99 ≤ 25 ms', value: 26, met: false }, { goal: 'max ≤ 2 × the bare HTTP client' },
  ]);
  expect(text.split('\n').slice(-3)).toEqual([
    '  Goal: p50 ≤ 5 ms: 1, met', '  Goal: p99 ≤ 25 ms: 26, missed', '  Goal: max ≤ 2 × the bare HTTP client: not measured',
  ]);
});

test('prints a section with its tables under their captions', () => {
  const text = sectionText({ name: 'x', title: 'How much', tables: [{ caption: 'what', text: '  1' }, { caption: 'why', text: '  2' }], json: {}, ok: true });
  expect(text).toBe('\n  How much\n\n  what\n\n  1\n\n  why\n\n  2');
});
