// Counts what functions are billed for: invocations by their time, and what they log; and says which function has made a request.

import type { EngineEvent } from './function-runtime';
import { accessKeyId } from './iam/security-plan';
import type { FunctionPlan } from './plan';
import type { Caller, CountedRequests, FunctionUsage, RequestUsage } from './usage';

export class FunctionMeter {
  private readonly usage: ReadonlyMap<string, { -readonly [K in keyof FunctionUsage]: FunctionUsage[K] }>;

  constructor(functions: readonly FunctionPlan[]) {
    this.usage = new Map(functions.map(({ name, memoryMb }) => [
      name, { functionName: name, memoryMb, invocations: 0, coldStarts: 0, billedMs: 0, logLines: 0, logBytes: 0 },
    ]));
  }

  public get functions(): readonly FunctionUsage[] {
    return [...this.usage.values()].map(usage => ({ ...usage }));
  }

  public count(event: EngineEvent): void {
    const usage = event.type === 'denied' ? undefined : this.usage.get(event.functionName);
    if (!usage) return;
    if (event.type === 'log') {
      usage.logLines++;
      usage.logBytes += Buffer.byteLength(event.line);
    } else if (event.type === 'invocation') {
      usage.invocations++;
      usage.coldStarts += event.coldStart ? 1 : 0;
      usage.billedMs += event.durationMs;
    }
  }
}

export function withCallers(requests: readonly CountedRequests[], functions: readonly FunctionPlan[]): RequestUsage[] {
  const callers = new Map(functions.flatMap(({ arn, name: functionName }): [string, Caller][] => [
    [accessKeyId(arn, 'code'), { kind: 'function', functionName }], [accessKeyId(arn, 'lambda'), { kind: 'lambda', functionName }],
  ]));
  const byCaller = new Map<string, RequestUsage>();
  for (const { accessKeyId: id, ...usage } of requests) {
    const caller = callers.get(id) ?? { kind: 'outside' };
    // Outside are all the ids that nobody has given out.
    const key = JSON.stringify([caller, usage.operation, usage.unit]);
    const before = byCaller.get(key) ?? { requests: 0, units: 0, empty: 0 };
    byCaller.set(key, {
      caller, ...usage, requests: before.requests + usage.requests, units: before.units + usage.units, empty: before.empty + usage.empty,
    });
  }
  return [...byCaller.values()];
}
