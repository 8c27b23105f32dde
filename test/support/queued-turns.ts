// What a message of the delay queue holds.
import { parseDelayMessage } from '../../src/core/queue-message';
import { Turn } from '../../src/core/webhook';

/** The turns of a message; throws where it holds none. */
export function queuedTurns(body = ''): readonly Turn[] {
  const message = parseDelayMessage(body);
  if (!('turns' in message)) {
    throw new Error(`expected turns, got ${body}`);
  }
  return message.turns;
}
