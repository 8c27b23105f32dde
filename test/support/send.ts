// A process that sends one request to an endpoint on this machine, and prints the answer as JSON. Argument: the URL.
import { LOOPBACK_TOO } from './network';
import { NodeHttpClient } from '../../src/adapters/node-http-client';
import { SystemClock } from '../../src/core/clock';

const client = new NodeHttpClient(new SystemClock(), LOOPBACK_TOO);
void client.prepare({ url: process.argv[2], method: 'GET', headers: {} }).send(10_000).then((answer) => {
  console.log(JSON.stringify(answer));
  client.close();
});
