// Has jest begin with the suites that take long, so that none of them is left for one worker alone at the end.
// In a fresh clone jest knows no suite's time and goes by the size of its file, but a short file may build with Maven.
// In JavaScript, since jest loads it as it is.
const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * In the order in which they begin: about 15 seconds or more each, on two cores that have nothing cached.
 * Those that wait, for downloads or for a date, come between those that compute, so that the other worker has use for both cores.
 */
const SLOW = [
  'languages/java', // downloads for minutes, and compiles the package for all others that need it
  'simulation/simulation',
  'simulation/more-worlds',
  'simulation/mutations',
  'languages/python', // downloads as well: not beside Java's
  'local/engine',
  'faults/workers',
  'security/least-privilege',
  'faults/endpoints',
  'docs/commands',
  'faults/load',
  'examples/handlers',
  'faults/table',
  'e2e/e2e',
  'faults/queues',
  'demo/demo',
  'languages/go',
  'batching-window',
  'package/tarball',
  'adapters/dynamodb-store',
  'core/load',
  'bench/weight',
  'end-to-end',
  'languages/snippets',
  'bench/bill-metered',
  'adapters/bursts',
  'integ/snapshot',
  'security/nothing-in-logs',
  'docs/monitoring',
  'docs/typescript',
  'local/iam/enforcement',
  'clients/python',
];

module.exports = class SlowFirst extends Sequencer {
  /** Only what failed the last time comes before; what is not slow follows as jest has it. */
  sort(tests) {
    const rank = (test) => {
      const place = SLOW.findIndex((name) => test.path === path.join(__dirname, '..', `${name}.test.ts`));
      return this.hasFailed(test) ? -1 : place < 0 ? SLOW.length : place;
    };
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
};

module.exports.SLOW = SLOW;
