import { parseOptions } from '../../bench/options';
import { WORKS } from '../../bench/work';

test('measures everything where nothing is asked for, with every sender but a peer', () => {
  expect(parseOptions([])).toEqual({
    help: false, works: [...Object.keys(WORKS), 'publish'], senders: ['engine', 'deliver', 'floor', 'peer'], bill: true, weight: true,
  });
});

test('measures what is asked for, and no more', () => {
  expect(parseOptions(['--work', 'steady-300', '--work', 'publish', '--sender', 'floor', '--peer', 'bullmq', '--repeat', '5'])).toEqual({
    help: false, works: ['steady-300', 'publish'], senders: ['floor'], peer: 'bullmq', repeat: 5, bill: false, weight: false,
  });
  expect(parseOptions(['--bill'])).toMatchObject({ works: [], bill: true, weight: false });
  expect(parseOptions(['--weight'])).toMatchObject({ works: [], bill: false, weight: true });
});

test.each([
  [['--work', 'toString'], 'There is no work toString; expected one of: '],
  [['--sender', 'me'], 'There is no sender me; expected one of: engine, deliver, floor, peer.'],
  [['--peer', 'cron'], 'There is no peer cron; expected one of: bullmq.'],
  [['--repeat', '0'], '--repeat is 0; expected a whole number above 0.'],
  [['--repeat', '1.5'], '--repeat is 1.5; expected a whole number above 0.'],
  [['--fast'], "Unknown option '--fast'"],
])('says what is wrong with %j', (args, mistake) => {
  expect(parseOptions(args)).toEqual({ mistake: expect.stringContaining(mistake) });
});
