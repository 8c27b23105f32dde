// The connections that requests leave behind for others: how many, and for how long they can be used again.
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Clock } from '../core/clock';
import { MAX_ADDRESS_MS } from '../core/timing';

/**
 * The keep-alive of servers is 2 s with gunicorn, 5 s with Node.js and Apache, and longer with nginx and load balancers. A request that meets the close
 * on its way has failed, and nobody can tell whether it was handled; a new connection, made ahead, costs a handshake.
 */
export const KEEP_ALIVE_MS = 2_000;
/** The server counts from its answer, which we see half a way there and back later, and until our request has arrived, the other half. */
const MAX_ROUND_TRIP_MS = MAX_ADDRESS_MS;

/**
 * Idle connections, at most, that an invocation leaves to the next one. Of the 1,024 files of a function, that one may need 500 for webhooks to other
 * endpoints, and clients of AWS have 300.
 */
const MAX_IDLE_CONNECTIONS = 150;

/**
 * Bounds the idle connections of agents, all together, which Node.js itself does for each endpoint only; and their age at the instant at which a request
 * is written, up to which one is held. By the clock: Lambda freezes the process, and a timer that should have ended one meanwhile may not have run yet.
 */
export class IdleConnections {
  private readonly usableUntil = new WeakMap<Duplex, number>();
  /** When the next of them is too old. */
  private nextEnd = Infinity;

  public constructor(private readonly agents: readonly Agent[], private readonly clock: Clock) {
    agents.forEach((agent) => this.bound(agent));
  }

  /** Makes a request, over an idle connection of the agent's only where that is still usable at this instant. */
  public open(agent: Agent, instant: number, make: () => ClientRequest): ClientRequest {
    this.endStale();
    const free = agent.freeSockets as NodeJS.Dict<Socket[]>;
    // The agent takes the last one. Those that are too old for this request are kept from it, but not ended: another one may be due sooner.
    const hidden = Object.entries(free).filter(([, sockets = []]) => !this.isUsable(sockets[sockets.length - 1], instant));
    hidden.forEach(([name]) => delete free[name]);
    try {
      return make();
    } finally {
      Object.assign(free, Object.fromEntries(hidden));
    }
  }

  private bound(agent: Agent): void {
    const keep = agent.keepSocketAlive.bind(agent) as (socket: Duplex) => unknown; // says whether it kept one, which its types do not
    agent.keepSocketAlive = (socket) => {
      const isKept = this.all().length < MAX_IDLE_CONNECTIONS && keep(socket);
      const keepAliveMs = (socket as Socket).timeout ?? KEEP_ALIVE_MS; // less than ours where the endpoint has asked for less
      const until = this.clock.now() + keepAliveMs - MAX_ROUND_TRIP_MS;
      this.usableUntil.set(socket, until);
      this.nextEnd = Math.min(this.nextEnd, until);
      return isKept;
    };
  }

  private endStale(): void {
    const now = this.clock.now();
    if (now < this.nextEnd) {
      return;
    }
    this.nextEnd = Infinity;
    for (const socket of this.all()) {
      if (this.isUsable(socket, now)) {
        this.nextEnd = Math.min(this.nextEnd, this.untilOf(socket));
      } else {
        socket.destroy();
        socket.emit('agentRemove'); // or it would be handed out until it says that it is closed
      }
    }
  }

  private all(): Socket[] {
    return this.agents.flatMap(({ freeSockets }) => Object.values(freeSockets).flatMap((sockets = []) => sockets));
  }

  private isUsable(socket: Socket, instant: number): boolean {
    return instant < this.untilOf(socket);
  }

  private untilOf(socket: Socket): number {
    return this.usableUntil.get(socket) ?? 0;
  }
}
