// Child process that sends requests at their instants with the bare HTTP client, as `Floor` asks. Ends when its parent does.
import { BareClient } from './bare-client';
import type { PlannedWebhook } from './sender';
import { obeyParent } from '../scripts/support/obey-parent';
import { SystemClock } from '../src/core/clock';

export type FloorCommand =
  | { readonly type: 'open'; readonly url: string; readonly sockets: number; readonly warmUp: string }
  | { readonly type: 'schedule'; readonly planned: readonly PlannedWebhook[] };

const clock = new SystemClock();
let client: BareClient;

async function obey(command: FloorCommand): Promise<void> {
  if (command.type === 'open') {
    client = new BareClient(command.url, command.sockets);
    await client.warmUp(command.warmUp);
    return;
  }
  for (const [dueAt, targets] of byInstant(command.planned)) {
    // One timer for all of an instant: as little as can be.
    void clock.sleepUntil(dueAt).then(() => targets.forEach((target) => {
      client.send(target).catch((error: unknown) => console.error(error));
    }));
  }
}

function byInstant(planned: readonly PlannedWebhook[]): Map<number, string[]> {
  const instants = new Map<number, string[]>();
  for (const { target, dueAt } of planned) {
    const targets = instants.get(dueAt);
    if (targets) {
      targets.push(target);
    } else {
      instants.set(dueAt, [target]);
    }
  }
  return instants;
}

obeyParent(obey);
