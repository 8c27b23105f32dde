// The queries of CloudWatch Logs Insights, as the tests of the guide and of the dashboard run them.
import { LogLine, runQuery, shown } from './logs-insights';

const line = (at: number, text: object | string): LogLine => ({ at, logGroup: 'group', text: typeof text === 'string' ? text : JSON.stringify(text) });
const ask = (query: string, ...lines: LogLine[]) => runQuery(query, lines).map(shown);

test('and binds closer than or', () => {
  const lines = [{ a: 1 }, { a: 2, b: 2 }, { a: 2, b: 3 }].map((fields, at) => line(at, fields));
  expect(ask('filter a = 1 or a = 2 and b = 2', ...lines).map(({ '@timestamp': at }) => at)).toEqual([0, 1]);
});

test('a field that an event does not have compares with nothing', () => {
  expect(ask('filter a < 1', line(0, { b: 0 }))).toEqual([]);
  expect(ask('filter a >= 0', line(0, { b: 0 }))).toEqual([]);
  expect(ask('filter ispresent(a)', line(0, { a: null }), line(1, { a: 0 })).map(({ a }) => a)).toEqual([0]);
});

test('percentiles are of the events that have the field', () => {
  const lines = [...Array.from({ length: 10 }, (_, i) => line(0, { ms: 10 - i })), ...Array.from({ length: 90 }, () => line(0, { other: 1 }))];
  expect(ask('stats count(*) as all, pct(ms, 50) as p50, pct(ms, 99) as p99, max(ms) as worst by bin(5m)', ...lines)).toEqual([
    { 'bin(5m)': 0, 'all': 100, 'p50': 5, 'p99': 10, 'worst': 10 },
  ]);
});

test('events fall into bins by their time, and into groups by their fields', () => {
  const lines = [[0, 'x', 1], [299_999, 'x', 2], [300_000, 'x', 3], [300_001, 'y', 4]].map(([at, host, n]) => line(at as number, { host, n }));
  expect(ask('stats sum(n) as n by host, bin(5m)', ...lines)).toEqual([
    { 'host': 'x', 'bin(5m)': 0, 'n': 3 }, { 'host': 'x', 'bin(5m)': 300_000, 'n': 3 }, { 'host': 'y', 'bin(5m)': 300_000, 'n': 4 },
  ]);
});

test('fields inside of objects and lists have their path; lines that are no JSON have none', () => {
  const lines = [line(0, { error: { name: 'A' }, fields: ['date'] }), line(1, 'START RequestId: a')];
  expect(ask('fields error.name, coalesce(fields.0, error.name) as first\n| sort @timestamp desc', ...lines)).toEqual([
    { 'error.name': undefined, 'first': undefined }, { 'error.name': 'A', 'first': 'date' },
  ]);
});
