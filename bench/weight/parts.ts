// What single parts take, in many rounds: whether the local engine allows a call, whether a webhook may go where it wants to, and its metrics.
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { functionsOf } from './stacks';
import { Cell, Column, table } from '../../scripts/support/terminal';
import { EmfMetrics } from '../../src/adapters/metrics';
import { MetricName } from '../../src/core/metric-names';
import { AddressGuard, NetworkRules, urlRefusal } from '../../src/core/network';
import { callOf, guardDynamoDb } from '../../src/local/access-control-http';
import { AccessControl } from '../../src/local/iam/access-control';
import { dynamoDbRequests } from '../../src/local/iam/calls';
import { accessKeyId } from '../../src/local/iam/security-plan';
import type { EnginePlan } from '../../src/local/plan';
import { median } from '../measure';

const ROUNDS = 5;
const TIMES = 5_000;
const CALLS = 2_000;
const METRICS_TIMES = 200;

export interface Part {
  readonly name: string;
  /** Microseconds each time, median of the rounds. */
  readonly us: number;
}

/** @param plans of schedulers: as they are by default, and with all that they can have */
export async function measureParts(plans: { readonly byDefault: EnginePlan; readonly everything: EnginePlan }): Promise<Part[]> {
  const [plain, full] = [claimIn(plans.byDefault), claimIn(plans.everything)];
  return [
    { name: 'allowing a call of the engine, default stack', us: timed(plain.decide) },
    { name: 'the same with all keys and statements', us: timed(full.decide) },
    { name: 'all that access control adds to a call of the emulated table, processor time', us: await addedToCall(plain) },
    ...judgements(),
    ...metrics(),
  ];
}

/** A claim by deliver, as the engine gets it. */
function claimIn(plan: EnginePlan) {
  const { schedulers: [{ tableName }], security } = plan;
  const { arn, region } = functionsOf(plan).deliver;
  const control = new AccessControl(security, () => undefined, false);
  const headers = {
    'authorization': `AWS4-HMAC-SHA256 Credential=${accessKeyId(arn, 'code')}/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    'x-amz-target': 'DynamoDB_20120810.UpdateItem',
  };
  const body = JSON.stringify({ TableName: tableName, Key: { pk: { S: 'id#1' }, sk: { S: 'state' } }, UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } });
  const requests = dynamoDbRequests(security, callOf(security, headers, 'UpdateItem', JSON.parse(body) as object as Record<string, unknown>)!);
  const decide = () => {
    for (const asked of requests) {
      if (!control.authorizer.decide(asked).allowed) {
        throw new Error(`deliver may not ${asked.action}, expected that it may`);
      }
    }
  };
  return { control, headers, body, decide };
}

/** Processor time of calls to a server that is guarded, less that of calls to one that is not: caller and server are this process. */
async function addedToCall({ control, headers, body }: ReturnType<typeof claimIn>): Promise<number> {
  const [open, guarded] = [await listening(false, control), await listening(true, control)];
  const agent = new Agent({ keepAlive: true });
  try {
    const differences: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const [without, withControl] = [await processorTime(open, agent, headers, body), await processorTime(guarded, agent, headers, body)];
      if (round > 0) { // the first one is for the compiler
        differences.push((withControl - without) / CALLS);
      }
    }
    return median(differences);
  } finally {
    agent.destroy();
    [open, guarded].forEach((server) => server.close());
  }
}

async function listening(isGuarded: boolean, control: AccessControl): Promise<Server> {
  const server = createServer((request, response) => {
    request.on('data', () => undefined).once('end', () => response.end('{}'));
  });
  if (isGuarded) {
    guardDynamoDb(server, () => control);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function processorTime(server: Server, agent: Agent, headers: Record<string, string>, body: string): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) {
    await new Promise<void>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, agent, method: 'POST', headers }, (answer) => {
        if (answer.statusCode !== 200) {
          reject(new Error(`a call was answered with ${answer.statusCode}, expected 200`));
        }
        answer.resume().once('end', resolve);
      }).once('error', reject).end(body);
    });
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function judgements(): Part[] {
  const rules: NetworkRules = { allowHttp: false, ports: [[443, 443]], deniedHosts: [], allowedCidrs: ['10.0.0.0/8', 'fd12:3456::/32'] };
  const guard = new AddressGuard(rules);
  const [name, address] = [new URL('https://api.example.com/orders/1?a=b'), new URL('https://93.184.215.14/')];
  return [
    { name: 'judging an IPv4 address', us: timed(() => guard.allows('93.184.215.14', 443)) },
    { name: 'judging an IPv6 address', us: timed(() => guard.allows('2606:2800:21f:cb07:6820:80da:af6b:8b2c', 443)) },
    { name: 'judging a URL with a name', us: timed(() => urlRefusal(name, rules, guard)) },
    { name: 'judging a URL with an address', us: timed(() => urlRefusal(address, rules, guard)) },
  ];
}

/** What is written goes nowhere. */
function metrics(): Part[] {
  const emf = new EmfMetrics('Stack-SchedulerInputTopic12345678-ABCDEFGHIJKL');
  const record = () => {
    emf.count(MetricName.DELIVERED);
    emf.time(MetricName.LATENESS, 1);
    emf.time(MetricName.ENDPOINT_DURATION, 200);
  };
  const invocationOf = (webhooks: number) => () => {
    Array.from({ length: webhooks }, record);
    emf.flush();
  };
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = () => true;
  try {
    return [1, 100, 500].map((webhooks) => ({ name: `metrics of an invocation of deliver, webhooks: ${webhooks}`, us: timed(invocationOf(webhooks), METRICS_TIMES) }));
  } finally {
    stdout.write = write;
  }
}

function timed(act: () => unknown, times = TIMES): number {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    for (let time = 0; time < times; time++) {
      act();
    }
    if (round > 0) {
      rounds.push((performance.now() - began) * 1_000 / times);
    }
  }
  return median(rounds);
}

const COLUMNS: readonly Column[] = [{ title: 'Part' }, { title: 'µs', align: 'right' }];

export function partsTable(parts: readonly Part[]): string {
  return table(COLUMNS, parts.map(({ name, us }): Cell[] => [name, us.toFixed(1)]));
}
