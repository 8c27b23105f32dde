// Pictures: where a point lies, what a label says, and that labels keep apart.
import { Chart, draw } from '../../scripts/scale/chart';

const CHART: Chart = {
  title: 'A & B',
  description: 'Two <lines>.',
  x: { title: 'load', from: 1, to: 100, tick: String },
  y: { title: 'late', from: 10, to: 1_000, tick: (ms) => `${ms} ms` },
  lines: [
    { label: 'one', colour: '#111111', points: [[1, 10], [10, 100], [100, 1_000]] },
    { label: 'two\nof them', colour: '#222222', dashes: '2 3', points: [[1, 10], [100, 990]] },
  ],
};

test('equal factors are equal distances', () => {
  const circles = [...draw(CHART).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const [[left, bottom], [middle, half], [right, top]] = circles;
  expect(middle - left).toBeCloseTo(right - middle, 0);
  expect(bottom - half).toBeCloseTo(half - top, 0);
  expect(bottom).toBeGreaterThan(top);
});

test('what is outside of the axes is drawn at their ends', () => {
  const outside = draw({ ...CHART, lines: [{ label: 'one', colour: '#111111', points: [[0.1, 1], [1_000, 1e6]] }] });
  const [low, high] = [...outside.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [x, y]);
  const [from, , to] = [...draw(CHART).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [x, y]);
  expect([low, high]).toEqual([from, to]);
});

test('text is escaped, ticks are named, and each line has a label', () => {
  const svg = draw(CHART);
  expect(svg).toContain('<title id="title">A &amp; B</title>');
  expect(svg).toContain('<desc id="desc">Two &lt;lines&gt;.</desc>');
  for (const text of ['>1<', '>100<', '>10 ms<', '>1000 ms<', '>load<', '>late<', '>one<', '>two<', '>of them<']) {
    expect(svg).toContain(text);
  }
});

test('labels keep apart where lines end together', () => {
  const rows = [...draw(CHART).matchAll(/<tspan x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) => Number(y)).sort((a, b) => a - b);
  expect(rows).toHaveLength(3);
  rows.slice(1).forEach((y, i) => expect(y - rows[i]).toBeGreaterThanOrEqual(14));
});
