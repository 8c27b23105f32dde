// Simulated time goes forward, and what is planned first for an instant happens first.
import { EventQueue } from '../../scripts/scale/event-queue';
import { Random } from '../simulation/random';

test('events happen in the order of their times, and of their planning', () => {
  const events = new EventQueue();
  const random = new Random(7);
  const planned = Array.from({ length: 500 }, (_, i) => ({ at: random.int(0, 99), i }));
  const happened: { at: number; i: number }[] = [];
  planned.forEach((event) => events.at(event.at, () => happened.push(event)));
  events.run();
  expect(happened).toEqual([...planned].sort((a, b) => a.at - b.at || a.i - b.i));
});

test('an event can plan others, and none in the past', () => {
  const events = new EventQueue();
  const seen: [string, number][] = [];
  const note = (name: string) => () => seen.push([name, events.now]);
  events.at(10, () => {
    note('first')();
    events.at(3, note('late'));
    events.at(12, note('next'));
  });
  events.at(11, note('second'));
  events.run();
  expect(seen).toEqual([['first', 10], ['late', 10], ['second', 11], ['next', 12]]);
});
