// A table gives what it has in a second, in the order it is asked, and no more.
import { TableCapacity } from '../../scripts/scale/table-capacity';

const PATIENT = 60_000;

test('writes below the capacity are taken at once', () => {
  const table = new TableCapacity(1_000, 0);
  expect([0, 5, 5.5, 20].map((at) => table.write(at, PATIENT))).toEqual([0, 5, 5.5, 20]);
});

test('a burst is spread over the time that the capacity makes of it', () => {
  const table = new TableCapacity(1_000, 0); // ten in ten milliseconds
  const taken = Array.from({ length: 35 }, () => table.write(0, PATIENT));
  expect(taken).toEqual([...Array<number>(10).fill(0), ...Array<number>(10).fill(10), ...Array<number>(10).fill(20), ...Array<number>(5).fill(30)]);
});

test('what is asked for later, elsewhere, finds what is left', () => {
  const table = new TableCapacity(100, 0); // one in ten milliseconds
  expect(table.write(30, PATIENT)).toBe(30);
  expect(table.write(0, PATIENT)).toBe(0);
  expect(table.write(0, PATIENT)).toBe(10);
  expect(table.write(5, PATIENT)).toBe(20);
  expect(table.write(15, PATIENT)).toBe(40);
});

test('what was not asked for can be had until a second later', () => {
  const table = new TableCapacity(100, 0);
  const takenAt = (at: number) => Array.from({ length: 101 }, () => table.write(at, PATIENT));
  expect(takenAt(5_000)).toEqual([...Array<number>(100).fill(5_000), 5_010]);
  expect(takenAt(5_500).filter((at) => at === 5_500)).toHaveLength(49);
});

test('who would have to wait too long is refused, and takes nothing', () => {
  const table = new TableCapacity(100, 0);
  expect(table.write(0, 15)).toBe(0);
  expect(table.write(0, 15)).toBe(10);
  expect(table.write(0, 15)).toBeUndefined();
  expect(table.write(0, 25)).toBe(20);
});

test.each([[50], [333], [4_000]])('%i units a second are %i, whatever the slices', (unitsPerSecond) => {
  const table = new TableCapacity(unitsPerSecond, 0);
  const taken = Array.from({ length: unitsPerSecond * 3 }, () => table.write(0, PATIENT)!);
  for (const second of [0, 1, 2]) {
    expect(taken.filter((at) => Math.floor(at / 1000) === second)).toHaveLength(unitsPerSecond);
  }
});
