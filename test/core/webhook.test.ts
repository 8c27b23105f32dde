import { firstTurn, partitionOf, readTurn, turnText } from '../../src/core/webhook';

test('ids of any kind spread evenly over the partitions', () => {
  const kinds = {
    sequential: (i: number) => `order-${i}`,
    spaced: (i: number) => `job:${i * 16}`,
    uuid: (i: number) => `${(i * 2_654_435_761 % 4_294_967_296).toString(16).padStart(8, '0')}-0000-4000-8000-${String(i).padStart(12, '0')}`,
  };
  for (const idOf of Object.values(kinds)) {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      counts[partitionOf(idOf(i), 16)]++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(700);
    expect(Math.max(...counts)).toBeLessThan(1300);
  }
});

test('a turn comes back from its text; that of a first one holds no more than its key', () => {
  const first = firstTurn({ id: 'a:b', dueAt: -5, partition: 3 });
  const later = { id: '.a', dueAt: 7, partition: 0, version: 'v', turn: 4, at: 1_000 };
  expect([first, later].map((turn) => readTurn(JSON.parse(turnText(turn))))).toEqual([first, later]);
  expect(JSON.parse(turnText(first))).toEqual({ id: 'a:b', dueAt: -5, partition: 3 });
});

test.each([
  '', '{}', 'null', '{"id":"a","dueAt":1}', '{"id":1,"dueAt":1,"partition":0}', '{"id":"a","dueAt":"1","partition":0}',
  '{"id":"a","dueAt":1,"partition":0,"turn":1.5}', '{"id":"a","dueAt":1,"partition":0,"version":1}',
])('%p is no turn', (text) => {
  expect(() => readTurn(JSON.parse(text))).toThrow();
});
