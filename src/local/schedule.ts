// Runs a schedule: invokes its function asynchronously every period, with the retries and the dead letters of such an invocation.

import { randomUUID } from 'node:crypto';
import type { FunctionRuntime, InvocationResult } from './function-runtime';
import type { SchedulePlan } from './plan';

/** Sends a message to a queue of the engine, by its ARN, in the role of the function. */
export type SendToQueue = (queueArn: string, body: string, attributes: Readonly<Record<string, string>>) => Promise<void>;

const FIRST_TICK_MS = 1000;
/** Lambda waits a minute before the first retry of an asynchronous invocation, and two before the second. */
const RETRY_WAITS_SECONDS = [60, 120] as const;

export class Schedule {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;
  private paused = false;

  /** With an override of the period, retries and the age limit shrink or grow by the same factor. */
  constructor(
    private readonly plan: SchedulePlan,
    private readonly target: FunctionRuntime,
    private readonly sendToQueue: SendToQueue,
    private readonly mayInvoke: () => boolean,
    private readonly onError: (error: unknown) => void,
    public readonly tickSeconds: number = plan.periodSeconds,
  ) {}

  public get functionName(): string {
    return this.target.plan.name;
  }

  public start(): void {
    this.after(FIRST_TICK_MS, () => this.tick(Date.now() + this.tickSeconds * 1000));
  }

  /** Leaves out the ticks from now on. */
  public pause(): void {
    this.paused = true;
  }

  /** The next tick invokes again. */
  public resume(): void {
    this.paused = false;
  }

  public async stop(): Promise<void> {
    this.stopped = true;
    this.timers.forEach(timer => clearTimeout(timer));
    await Promise.all(this.running);
  }

  /** Invokes without waiting: a tick that takes longer than the period overlaps with the next one. */
  private tick(nextAt: number): void {
    this.after(Math.max(nextAt - Date.now(), 0), () => this.tick(nextAt + this.tickSeconds * 1000));
    if (!this.paused && this.mayInvoke()) this.attempt(this.event(), randomUUID(), Date.now(), 0);
  }

  private attempt(event: string, requestId: string, since: number, retries: number): void {
    const attempt = this.target.invoke(event, 0).then(result => {
      if (result.ok || this.stopped) return undefined;
      const { retries: maximum, maxAgeSeconds } = this.target.plan.async;
      const wait = this.scaled(RETRY_WAITS_SECONDS[retries] ?? 0);
      const tooOld = Date.now() + wait - since > this.scaled(maxAgeSeconds);
      if (retries >= maximum || tooOld) return this.deadLetter(event, requestId, retries + 1, result, tooOld && retries < maximum);
      this.after(wait, () => this.attempt(event, requestId, since, retries + 1));
      return undefined;
    }).catch(error => {
      if (!this.stopped) this.onError(error);
    }).finally(() => this.running.delete(attempt));
    this.running.add(attempt);
  }

  private async deadLetter(event: string, requestId: string, invocations: number, result: InvocationResult, tooOld: boolean): Promise<void> {
    const { deadLetterQueueArn, failureQueueArn } = this.target.plan.async;
    const error = result.ok ? undefined : result.error;
    if (deadLetterQueueArn) {
      await this.sendToQueue(deadLetterQueueArn, event, {
        RequestID: requestId, ErrorCode: '200', ErrorMessage: error?.errorMessage.slice(0, 1024) || 'unknown',
      });
    }
    if (failureQueueArn) {
      await this.sendToQueue(failureQueueArn, JSON.stringify({
        version: '1.0',
        timestamp: new Date().toISOString(),
        requestContext: {
          requestId,
          functionArn: `${this.target.plan.arn}:$LATEST`,
          condition: tooOld ? 'EventAgeExceeded' : 'RetriesExhausted',
          approximateInvokeCount: invocations,
        },
        requestPayload: JSON.parse(event) as unknown,
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: error,
      }), {});
    }
  }

  private event(): string {
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    const { input, source, region, arn } = this.plan;
    if (input !== undefined) {
      return source === 'aws.events' ? input : input
        .replaceAll('<aws.scheduler.schedule-arn>', arn)
        .replaceAll('<aws.scheduler.scheduled-time>', time)
        .replaceAll('<aws.scheduler.execution-id>', randomUUID())
        .replaceAll('<aws.scheduler.attempt-number>', '1');
    }
    return JSON.stringify({
      'version': '0',
      'id': randomUUID(),
      'detail-type': 'Scheduled Event',
      source,
      'account': arn.split(':')[4],
      time,
      region,
      'resources': [arn],
      // EventBridge Scheduler sends the detail as a string, rules as an object.
      'detail': source === 'aws.events' ? {} : '{}',
    });
  }

  private scaled(seconds: number): number {
    return seconds * 1000 * this.tickSeconds / this.plan.periodSeconds;
  }

  private after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.stopped) action();
    }, ms);
    this.timers.add(timer);
  }
}
