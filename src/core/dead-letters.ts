// Tells of the queue messages that no function could handle, and puts them aside where they stay until an operator moves them back.
import { Clock } from './clock';
import { PlainError } from './error-report';
import { FollowUp } from './follow-up';
import { LOG_DEAD_LETTER } from './log-events';
import { MetricName } from './metric-names';
import { recordOutcome } from './outcome';
import { DeadLetter, DelayQueue, FailureReporter, Log, MetricsRecorder, StateStore, UnreportedQueue } from './ports';
import { DelayMessage, Notification, parseDelayMessage, parseNotification } from './queue-message';
import { allEnded, rejectionsOf } from './rejections';
import { atRest, isLeased, isSuperfluous, State } from './state';
import { BLIND_REPORT_RECEIVES } from './timing';
import { publicId, Turn } from './webhook';

/** The queues whose messages can fail. */
type QueueName = 'ingest' | 'delay';

/** Of each queue, so that a run ends in time whatever has piled up; the next one goes on. A receive brings up to ten. */
const MAX_RECEIVES = 100;

/** What became of a letter: it was put aside, it turned out to be pointless, or it has to wait. */
type Fate = 'put-aside' | 'dropped' | 'left';

export class DeadLetters {
  public constructor(
    private readonly queues: Readonly<Record<QueueName, UnreportedQueue>>,
    private readonly clock: Clock,
    private readonly store: StateStore,
    private readonly delayQueue: Pick<DelayQueue, 'sendApart'>,
    private readonly followUp: FollowUp,
    private readonly failures: FailureReporter,
    private readonly log: Log,
    private readonly metrics: MetricsRecorder,
  ) {}

  /** Reports what lies in the queues. Rejects if something could not be reported; it stays, and comes again. */
  public async run(): Promise<void> {
    // Both to their end, whatever becomes of one: a function goes on with nothing once it has answered.
    const sweeps = await Promise.allSettled([this.sweep('ingest'), this.sweep('delay')]);
    const count = sweeps.reduce((sum, sweep) => sum + (sweep.status === 'fulfilled' ? sweep.value : 0), 0);
    const [unreachable] = rejectionsOf(sweeps);
    if (unreachable !== undefined) {
      throw unreachable;
    }
    if (count > 0) {
      throw new PlainError(`${count} dead letters could not be reported, and stay where they are`);
    }
  }

  /** Returns how many could not be handled. */
  private async sweep(name: QueueName): Promise<number> {
    for (let receives = 0; receives < MAX_RECEIVES; receives++) {
      const letters = await this.queues[name].receive();
      if (letters.length === 0) {
        return 0;
      }
      const handled = await Promise.all(letters.map((letter) => this.handle(name, letter)));
      const failed = handled.filter((done) => !done).length;
      if (failed > 0) {
        return failed; // whatever is down fails the next ones too, and each try counts against them
      }
    }
    return 0;
  }

  private async handle(name: QueueName, letter: DeadLetter): Promise<boolean> {
    try {
      const fate = await (name === 'ingest' ? this.handleIngest(letter) : this.handleDelay(letter));
      if (fate === 'put-aside') {
        await this.queues[name].putAside(letter);
        this.log.warn(LOG_DEAD_LETTER, { queue: name, queueMessageId: letter.queueMessageId });
      } else if (fate === 'dropped') {
        await this.queues[name].drop(letter);
      }
      return true;
    } catch (error) {
      this.log.error('dead letter not reported, will come again', { queue: name, queueMessageId: letter.queueMessageId, error });
      return false;
    }
  }

  /** What was published may well be stored already, and only not sent on: ingested anew, it is what it was. */
  private async handleIngest(letter: DeadLetter): Promise<Fate> {
    const notification = readable<Notification>(parseNotification, letter.body);
    await this.report('ingest', notification?.messageId ?? letter.queueMessageId, notification?.text ?? letter.body);
    return 'put-aside';
  }

  private async handleDelay(letter: DeadLetter): Promise<Fate> {
    const message = readable<DelayMessage>(parseDelayMessage, letter.body);
    if (!message) {
      await this.report('delay', letter.queueMessageId, letter.body);
      return 'put-aside';
    }
    try {
      return await this.settle(message);
    } catch (error) {
      if (letter.receives < BLIND_REPORT_RECEIVES) {
        throw error;
      }
      // SQS would soon put it aside without a word. What it is about stays as it is in the table, and goes on once it is moved back.
      const webhooks = 'turns' in message ? message.turns : [message.outcome.next];
      await allEnded(webhooks.map(({ id }) => this.report('delay', publicId(id))));
      return 'put-aside';
    }
  }

  private async settle(message: DelayMessage): Promise<Fate> {
    if ('turns' in message) {
      return message.turns.length === 1 ? this.fail(message.turns[0]) : this.takeApart(message.turns);
    }
    await recordOutcome(message.outcome, this.store, this.followUp, this.log);
    return 'dropped';
  }

  /** A pack that not even could be taken apart, since the delay queue took nothing: it is now, and each turn has all its tries before it. */
  private async takeApart(turns: readonly Turn[]): Promise<Fate> {
    const unsent = await this.delayQueue.sendApart(turns);
    if (unsent.length > 0) {
      throw new PlainError(`${unsent.length} of ${turns.length} turns of a message could not be sent on`);
    }
    return 'dropped';
  }

  /** A turn that nobody could fire: the webhook has failed, until its turn is moved back. */
  private async fail(turn: Turn): Promise<Fate> {
    const now = this.clock.now();
    const state = await this.store.readState(turn.id);
    if (isSuperfluous(turn, state)) {
      await (state && this.followUp.of(state));
      return 'dropped';
    }
    if (state && isLeased(state, now)) {
      return 'left';
    }
    const current: State = state ?? { ...turn, status: 'scheduled', attempts: [], keepUntil: now };
    const next: State = { ...atRest(current), status: 'failed', reason: 'dead-letter', endedAt: now, unreported: true };
    if (!(await this.store.replaceState(state, next))) {
      return 'left'; // something is happening to it after all
    }
    this.metrics.count(MetricName.FAILED);
    await this.followUp.of(next);
    return 'put-aside';
  }

  private async report(queue: QueueName, id: string, message?: string): Promise<void> {
    await this.failures.report({ reason: 'dead-letter', id, failedAt: this.clock.now(), queue, message });
  }
}

/** `undefined` for a body that no function could read. */
function readable<T>(parse: (body: string) => T, body: string): T | undefined {
  try {
    return parse(body);
  } catch {
    return undefined;
  }
}
