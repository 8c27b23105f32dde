import * as fc from 'fast-check';
import { firstTurn, ownKeyId, partitionOf, publicId, readTurn, rowKey, turnText } from '../../src/core/webhook';
import { anyJson, instant, keyId, ownId, turn } from '../support/arbitrary';

test('a turn comes back from its text, and the first one says no more than the webhook\'s key', () => {
  fc.assert(fc.property(turn, (t) => {
    expect(readTurn(JSON.parse(turnText(t)))).toStrictEqual(t);
    expect(readTurn(JSON.parse(turnText(firstTurn(t))))).toStrictEqual(firstTurn(t));
    expect(turnText(firstTurn(t))).toBe(JSON.stringify({ id: t.id, dueAt: t.dueAt, partition: t.partition }));
  }), { numRuns: 500 });
});

test('when a message was published at short notice travels along', () => {
  fc.assert(fc.property(turn, instant, (t, publishedAt) => {
    expect(readTurn(JSON.parse(turnText({ ...firstTurn(t), publishedAt })))).toStrictEqual({ ...firstTurn(t), publishedAt });
  }), { numRuns: 500 });
});

test('any other text is no turn: it throws, and never gives a turn with something missing', () => {
  const other = fc.oneof(fc.jsonValue(), fc.constantFrom(1, 1.5, '1', null, true));
  const almost = fc.tuple(turn, fc.constantFrom('id', 'dueAt', 'partition', 'version', 'turn', 'at'), fc.option(other, { nil: undefined }))
    .map(([t, name, value]) => JSON.stringify({ ...t, [name]: value }));
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyJson, almost), (text) => {
    try {
      const parsed = readTurn(JSON.parse(text));
      expect(typeof parsed.id).toBe('string');
      expect([parsed.dueAt, parsed.partition, parsed.turn, parsed.at].every(Number.isInteger)).toBe(true);
      expect(typeof (parsed.version ?? '')).toBe('string');
    } catch (error) {
      expect(['SyntaxError', 'TypeError']).toContain((error as Error).name);
    }
  }), { numRuns: 1_000 });
});

test('the id that a producer chose is kept apart from every MessageId, and comes back', () => {
  fc.assert(fc.property(ownId, fc.uuid(), (id, messageId) => {
    expect(publicId(ownKeyId(id))).toBe(id);
    expect(publicId(messageId)).toBe(messageId);
    expect(ownKeyId(messageId)).not.toBe(messageId);
  }));
});

test('two stored messages have one row key only if they are the same', () => {
  fc.assert(fc.property(turn, turn, fc.subarray(['id', 'dueAt', 'version'] as const), (one, other, same) => {
    // Mostly alike, and then perhaps wholly.
    const alike = { ...other, ...Object.fromEntries(same.map((name) => [name, one[name]])) };
    expect(rowKey(alike) === rowKey(one)).toBe(alike.id === one.id && alike.dueAt === one.dueAt && alike.version === one.version);
  }), { numRuns: 1_000 });
});

describe('partitions', () => {
  test('an id has one, whatever else', () => {
    fc.assert(fc.property(keyId, fc.integer({ min: 1, max: 64 }), (id, partitions) => {
      const partition = partitionOf(id, partitions);
      expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      expect(partitionOf(`${id}`, partitions)).toBe(partition);
    }), { numRuns: 500 });
  });

  test('numbered ids with any beginning and end, counted in any step, spread evenly', () => {
    const shape = fc.record({
      beginning: fc.stringMatching(/^[A-Za-z0-9_:/+=@-]{0,20}$/), end: fc.constantFrom('', '/1', ':reminder'), step: fc.integer({ min: 1, max: 97 }),
    });
    fc.assert(fc.property(shape, ({ beginning, end, step }) => {
      const counts = new Array<number>(16).fill(0);
      for (let i = 0; i < 4_000; i++) {
        counts[partitionOf(`.${beginning}${100_000 + i * step}${end}`, 16)]++;
      }
      // 250 each would be perfect.
      expect(Math.min(...counts)).toBeGreaterThan(60);
      expect(Math.max(...counts)).toBeLessThan(500);
    }), { numRuns: 100 });
  });

  test('MessageIds spread evenly', () => {
    fc.assert(fc.property(fc.array(fc.uuid(), { minLength: 1_600, maxLength: 1_600 }), (ids) => {
      const counts = new Array<number>(16).fill(0);
      ids.forEach((id) => counts[partitionOf(id, 16)]++);
      expect(Math.min(...counts)).toBeGreaterThan(40);
      expect(Math.max(...counts)).toBeLessThan(180);
    }), { numRuns: 5 });
  });
});
