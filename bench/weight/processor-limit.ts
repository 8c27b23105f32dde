// Gives a process as much processor time as Lambda gives a function of some memory: a quota for each short period. Only on Linux, and only for who
// may make control groups.
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';

/** A function of so much memory has one processor. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const MIB_PER_PROCESSOR = 1_769;

/** Lambda's quotas are for periods of so many milliseconds, as measured in https://arxiv.org/abs/2506.01283 */
export const PERIOD_MS = 20;

const ROOTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'];

export class ProcessorLimit {
  /** `undefined` where control groups cannot be made. */
  public static forMemory(mib: number): ProcessorLimit | undefined {
    for (const root of ROOTS) {
      const directory = path.join(root, `webhook-scheduler-bench-${process.pid}-${mib}`);
      try {
        mkdirSync(directory);
      } catch {
        continue;
      }
      try {
        setQuota(directory, mib);
        return new ProcessorLimit(directory);
      } catch {
        rmdirSync(directory);
      }
    }
    return undefined;
  }

  private constructor(private readonly directory: string) {}

  public hold(pid: number): void {
    writeFileSync(path.join(this.directory, 'cgroup.procs'), String(pid));
  }

  /** To be called once its processes have ended. */
  public remove(): void {
    rmdirSync(this.directory);
  }
}

function setQuota(directory: string, mib: number): void {
  const [quotaUs, periodUs] = [quotaMs(mib) * 1000, PERIOD_MS * 1000].map(Math.round);
  try {
    writeFileSync(path.join(directory, 'cpu.max'), `${quotaUs} ${periodUs}`, { flag: 'r+' });
  } catch {
    writeFileSync(path.join(directory, 'cpu.cfs_period_us'), String(periodUs), { flag: 'r+' });
    writeFileSync(path.join(directory, 'cpu.cfs_quota_us'), String(quotaUs), { flag: 'r+' });
  }
}

/** Processor time of a period. */
export function quotaMs(mib: number): number {
  return PERIOD_MS * mib / MIB_PER_PROCESSOR;
}
