// The works that the bill is measured by.
import type { MessageShape } from './messages';
import type { Work } from './metered';

const EVENT: MessageShape = { bytes: 1024, ownId: false, payload: 'event' };
/** As many as the emulators keep up with while other things run on the machine; more is measured once. */
const LATER = { ratePerMinute: 3_000, batchSize: 10, due: 'later', message: EVENT } as const;

/** What the goals are about: the others differ from it in what their names say. */
export const BATCHED: Work = { ...LATER, name: '1 KB, due later, in batches', count: 600 };
export const SINGLE: Work = { ...LATER, name: '1 KB, due later, one by one', count: 600, batchSize: 1 };
export const LISTED: Work = { ...LATER, name: '1 KB, due later, in batches of lists of ten', count: 600, listSize: 10 };
export const SOON: Work = { ...LATER, name: '1 KB, due soon, in batches', count: 400, due: 'soon' };
const SOON_SINGLE: Work = { ...LATER, name: '1 KB, due soon, one by one', count: 300, due: 'soon', batchSize: 1 };
/** As these, by a scheduler whose ingest waits for company. */
export const WINDOWED_BATCHED: Work = windowed(BATCHED, 1);
export const WINDOWED_SINGLE: Work = windowed(SINGLE, 1);
export const LONG_WINDOWED_SINGLE: Work = windowed(SINGLE, 5);
export const WINDOWED: readonly Work[] = [WINDOWED_BATCHED, WINDOWED_SINGLE, LONG_WINDOWED_SINGLE, windowed(SOON_SINGLE, 5)];
/** As many as two pollers take easily, who bring them by several. */
export const POLLED_SINGLE: Work = {
  ...SINGLE, name: '1 KB, due later, one by one, 10,000 a minute, 2 provisioned pollers', count: 1_000, ratePerMinute: 10_000, pollers: 2,
};
export const BURST: Work = { ...LATER, name: '1 KB, due later, in batches, 10,000 a minute', count: 1_000, ratePerMinute: 10_000 };
export const SLOW: Work = { ...LATER, name: '1 KB, due later, in batches, 600 a minute', count: 120, ratePerMinute: 600 };
export const LARGE: Work = { ...LATER, name: '4 KB, due later, in batches', count: 200, message: { ...EVENT, bytes: 4096 } };
/** A payload of a kilobyte, and an envelope around it. */
export const PAYLOAD: Work = { ...LATER, name: '1.2 KB, due later, in batches', count: 200, message: { ...EVENT, bytes: 1200 } };
const OWN_ID: Work = { ...LATER, name: '1 KB with its own id, due later, in batches', count: 200, message: { ...EVENT, ownId: true } };
const RANDOM: Work = { ...LATER, name: '1 KB of random text, due later, in batches', count: 200, message: { ...EVENT, payload: 'random' } };

/** Those of one group run at the same time: as long as the machine keeps up, what they use does not depend on how busy it is. */
export const GROUPS: readonly (readonly Work[])[] = [
  [BATCHED], [LISTED], [SINGLE], ...WINDOWED.map((work) => [work]), [POLLED_SINGLE], [SOON], [SOON_SINGLE], [SLOW, PAYLOAD],
  [LARGE, OWN_ID, RANDOM], [BURST],
];

function windowed(work: Work, windowSeconds: number): Work {
  return { ...work, name: `${work.name}, window of ${windowSeconds} s`, windowSeconds };
}
