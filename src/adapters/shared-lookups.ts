// Looks a name up once for all connections that are made to it within a second. An instant can have hundreds of webhooks for one host, and each lookup
// is two packets, of which the resolver of a VPC takes 1,024 a second from all environments that share a network interface, and drops the others:
// https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-limits
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Clock } from '../core/clock';
import { BATCH_SIZE, MAX_TURNS_PER_MESSAGE } from '../core/timing';

/** Looks up all addresses of a name, as `dns.lookup` does. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup is shared for so long after it was asked for. What is due at one instant begins to connect within it; and it is the shortest time for which
 * a name server can have an answer kept (TTLs are whole seconds), so that a name which changes is followed as soon as by any other resolver. A
 * lookup that takes longer has probably lost a packet, which is repeated after five seconds: who comes then had better ask anew.
 */
const SHARED_MS = 1_000;

/** As many as an invocation can have webhooks. */
const MAX_HOSTS = BATCH_SIZE * MAX_TURNS_PER_MESSAGE;

interface Asked {
  readonly at: number;
  readonly addresses: Promise<LookupAddress[]>;
  uses: number;
}

export class SharedLookups {
  /** The oldest first. */
  private readonly asked = new Map<string, Asked>();

  public constructor(private readonly lookup: Lookup, private readonly clock: Clock) {}

  /** As `lookup`, with the same options each time. Where there are several addresses, each caller has another one first. */
  public readonly find: Lookup = (hostname, options, callback) => {
    const asked = this.latest(hostname) ?? this.ask(hostname, options);
    const turn = asked.uses++;
    asked.addresses.then((addresses) => callback(null, rotated(addresses, turn)), (error: NodeJS.ErrnoException) => callback(error, []));
  };

  private latest(hostname: string): Asked | undefined {
    const asked = this.asked.get(hostname);
    return asked && this.isYoung(asked) ? asked : undefined;
  }

  /** By the clock, not by a timer, which stands still while Lambda has the process frozen. */
  private isYoung({ at }: Asked): boolean {
    const age = this.clock.now() - at;
    return age >= 0 && age < SHARED_MS;
  }

  private ask(hostname: string, options: LookupOptions & { readonly all: true }): Asked {
    const addresses = new Promise<LookupAddress[]>((resolve, reject) => {
      this.lookup(hostname, options, (error, found) => (error ? reject(error) : resolve(found)));
    });
    const asked = { at: this.clock.now(), addresses, uses: 0 };
    this.asked.delete(hostname); // to be the last in order
    this.makeRoom();
    this.asked.set(hostname, asked);
    addresses.catch(() => {
      if (this.asked.get(hostname) === asked) {
        this.asked.delete(hostname); // a failure is for those who have been waiting
      }
    });
    return asked;
  }

  private makeRoom(): void {
    for (const [hostname, asked] of this.asked) {
      if (this.isYoung(asked) && this.asked.size < MAX_HOSTS) {
        return;
      }
      this.asked.delete(hostname);
    }
  }
}

/** The addresses in another order for each turn, of IPv4 and IPv6 each among themselves: which of the two comes first is the resolver's to say. */
function rotated(addresses: readonly LookupAddress[], turn: number): LookupAddress[] {
  const [v4, v6] = [4, 6].map((wanted) => ({ all: addresses.filter(({ family }) => family === wanted), next: turn }));
  return addresses.map(({ family }) => {
    const alike = family === 6 ? v6 : v4;
    return alike.all[alike.next++ % alike.all.length];
  });
}
