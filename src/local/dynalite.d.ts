// The DynamoDB emulator brings no types; these are for what the engine uses of it.

declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Creates a server that keeps its tables in memory. */
  export default function dynalite(options: { readonly createTableMs: number }): Server;
}
