// Child process that runs a receiver for `ReceiverProcess`, and ends when its parent does.
import { obeyParent } from './obey-parent';
import { Receiver, ReceiverOptions } from './receiver';

export type ReceiverCommand =
  | { readonly type: 'start'; readonly behaviours: ReceiverOptions['behaviours'] }
  /** How many requests have come whose target starts with this. */
  | { readonly type: 'count'; readonly prefix: string }
  /** When they came, and when their answers ended. */
  | { readonly type: 'arrivals'; readonly prefix: string };

export interface ReceiverReply {
  readonly url?: string;
  readonly count?: number;
  readonly arrivals?: readonly Arrival[];
}

/** A request that has come in; times in milliseconds since the epoch. */
export interface Arrival {
  readonly target: string;
  /** When its headers were there. */
  readonly arrivedAt: number;
  /** When its answer was written; absent where that has not come to its end. */
  readonly answeredAt?: number;
}

let receiver: Receiver;

async function answer(command: ReceiverCommand): Promise<ReceiverReply> {
  switch (command.type) {
    case 'start':
      receiver = await Receiver.start({ behaviours: command.behaviours });
      return { url: receiver.url };
    case 'count':
      return { count: receiver.requests.filter(({ target }) => target.startsWith(command.prefix)).length };
    case 'arrivals':
      return { arrivals: arrivals(command.prefix) };
  }
}

function arrivals(prefix: string): Arrival[] {
  const answered = new Map<string, number[]>();
  for (const { target, complete, endedAt } of receiver.answers) {
    if (complete && target.startsWith(prefix)) {
      answered.set(target, [...answered.get(target) ?? [], endedAt]);
    }
  }
  return receiver.requests.filter(({ target }) => target.startsWith(prefix)).map(({ target, arrivedAt }) => (
    { target, arrivedAt, answeredAt: answered.get(target)?.shift() }
  ));
}

obeyParent(answer);
