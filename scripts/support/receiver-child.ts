// Child process that runs a receiver for `ReceiverProcess`, and ends when its parent does.
import { Receiver, ReceivedRequest, ReceiverOptions } from './receiver';

export type ReceiverCommand =
  | { readonly type: 'start'; readonly behaviours: ReceiverOptions['behaviours'] }
  | { readonly type: 'count' }
  | { readonly type: 'requests' };

export interface ReceiverReply {
  readonly url?: string;
  readonly count?: number;
  readonly requests?: readonly ReceivedRequest[];
}

let receiver: Receiver | undefined;

async function answer(command: ReceiverCommand): Promise<ReceiverReply> {
  switch (command.type) {
    case 'start':
      receiver = await Receiver.start({ behaviours: command.behaviours });
      return { url: receiver.url };
    case 'count':
      return { count: receiver?.requests.length };
    case 'requests':
      return { requests: receiver?.requests };
  }
}

process.on('message', (command: ReceiverCommand) => {
  void answer(command).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches every process of a terminal; this one is asked for its requests before it ends.
process.on('SIGINT', () => undefined);
