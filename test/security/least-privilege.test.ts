// Nothing in the policies of a scheduler is there without need: whatever is taken out of them, something breaks.
import { removals, unneeded } from './removals';
import { Scenario } from './scenario';
import { removeAction, removeAssemblies, removeResource, STACKS, synthesize } from './scheduler-stacks';
import type { Judgement } from '../../src/local/engine';
import type { AuthorizationRequest } from '../../src/local/iam/authorizer';
import { Policy, readStatements } from '../../src/local/iam/policy';
import { until } from '../support/until';

jest.setTimeout(90_000);

let scenario: Scenario | undefined;
afterEach(async () => {
  await scenario?.stop();
  scenario = undefined;
});
afterAll(removeAssemblies);

async function start(assembly: string): Promise<Scenario> {
  scenario = await Scenario.start(assembly);
  return scenario;
}

/** Requests that no handler makes, since none can: its code asks EC2 for what only Lambda may do. */
function codeAsksEc2({ engine }: Scenario): AuthorizationRequest[] {
  const deliver = Object.values(engine.security.credentials).find(({ functionArn }) => functionArn?.includes('Deliver'));
  const actions = [
    'CreateNetworkInterface', 'DeleteNetworkInterface', 'AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses', 'DescribeNetworkInterfaces', 'DescribeSubnets',
  ];
  return deliver?.functionArn === undefined ? [] : actions.map((action): AuthorizationRequest => ({
    principal: { kind: 'role', roleArn: deliver.roleArn, session: deliver.session },
    action: `ec2:${action}`,
    resource: action.startsWith('Describe') ? '*' : `arn:aws:ec2:${engine.region}:000000000000:network-interface/eni-1`,
    context: { 'lambda:sourcefunctionarn': String(deliver.functionArn) },
  }));
}

/** A run in which the input topic may not write to the ingest queue, which makes it write to the one behind. */
async function undeliverable(assembly: string): Promise<readonly Judgement[]> {
  removeAction(assembly, 'SchedulerIngestQueuePolicy', 'sqs:SendMessage');
  const running = await start(assembly);
  await running.hearNotices();
  await running.webhook('undeliverable', 0);
  await running.whenTold('dead-letter');
  expect(running.requests('undeliverable')).toBe(0);
  expect(running.denials).toEqual(['sns.amazonaws.com sqs:SendMessage']);
  await running.stop();
  return running.judgements;
}

test.each(Object.entries(STACKS))('with %s: every action of every statement is needed', async (_, props) => {
  const running = await start(synthesize(props));
  await running.run();
  await running.stop();
  const requests = [
    ...running.judgements.map(({ request }) => request),
    ...(await undeliverable(synthesize(props))).map(({ request }) => request),
    ...codeAsksEc2(running),
  ];
  const { policies } = running.engine.security;
  expect(removals(policies).length).toBeGreaterThan(50);
  expect(unneeded(policies, requests)).toEqual([]);
  // But for what is denied on purpose, and told, nothing was.
  expect(running.denials.filter((denial) => !denial.startsWith('arn:aws:iam::000000000000:root'))).toEqual([]);

  // What nothing needs is found.
  const [{ attachedTo }] = policies.filter(({ kind }) => kind === 'identity');
  const idle: Policy = {
    name: 'idle',
    kind: 'identity',
    attachedTo,
    statements: readStatements({ Statement: { Effect: 'Allow', Action: ['sqs:PurgeQueue', 'sqs:SendMessage'], Resource: 'arn:aws:sqs:us-east-1:000000000000:x' } }, 'identity'),
  };
  expect(unneeded([...policies, idle], requests)).toHaveLength(2);
});

describe('what is taken away is missed:', () => {
  interface Breakage {
    readonly stack: keyof typeof STACKS;
    readonly remove: (assembly: string) => void;
    /** What is seen of it. */
    readonly breaks: (running: Scenario) => Promise<void>;
  }
  const failed = (running: Scenario, functionName: string) => until(`a failure of ${functionName}`, () => running.events.some((event) => (
    event.type === 'invocation' && event.functionName.includes(functionName) && event.error !== undefined
  )));
  const logged = (running: Scenario, text: string) => until(`a log line with ${text}`, () => JSON.stringify(running.records).includes(text));
  const denied = (running: Scenario, text: string) => until(`the denial of ${text}`, () => running.denials.some((denial) => denial.includes(text)));

  test.each<[string, Breakage]>([
    ['ingest cannot store what is published', {
      stack: 'the defaults',
      remove: (assembly) => removeAction(assembly, 'SchedulerIngestRoleDefaultPolicy', 'dynamodb:PutItem'),
      breaks: async (running) => {
        await running.webhook('lost', 0);
        await denied(running, 'dynamodb:PutItem');
        await logged(running, 'is not authorized to perform: dynamodb:PutItem');
        expect(running.requests('lost')).toBe(0);
      },
    }],
    ['deliver cannot claim', {
      stack: 'the defaults',
      remove: (assembly) => removeAction(assembly, 'SchedulerDeliverRoleDefaultPolicy', 'dynamodb:UpdateItem'),
      breaks: async (running) => {
        await running.webhook('unclaimed', 0);
        await logged(running, 'is not authorized to perform: dynamodb:UpdateItem');
        expect(running.requests('unclaimed')).toBe(0);
      },
    }],
    ['deliver cannot claim many by one request, and claims each by its own', {
      stack: 'the defaults',
      remove: (assembly) => removeAction(assembly, 'SchedulerDeliverRoleDefaultPolicy', 'dynamodb:PartiQLInsert'),
      breaks: async (running) => {
        await running.pairsUntil(() => running.denials.some((denial) => denial.includes('dynamodb:PartiQLInsert')));
        expect(running.requests('one-1')).toBe(1);
        await logged(running, 'first claims not taken as a batch');
      },
    }],
    ['load cannot read what comes due', {
      stack: 'the defaults',
      remove: (assembly) => removeAction(assembly, 'SchedulerLoadRoleDefaultPolicy', 'dynamodb:Query'),
      breaks: async (running) => {
        await running.webhook('unloaded', 5);
        await denied(running, 'dynamodb:Query');
        await failed(running, 'Load');
      },
    }],
    ['load may not be invoked by its rule', {
      stack: 'the defaults',
      remove: (assembly) => removeResource(assembly, 'SchedulerTickAllowEventRuleStackSchedulerLoad[0-9A-F]{8}'),
      breaks: async (running) => {
        await until('some ticks', () => running.denials.filter((denial) => denial === 'events.amazonaws.com lambda:InvokeFunction').length > 1);
        expect(running.events.some((event) => event.type === 'invocation')).toBe(false);
      },
    }],
    ['deliver writes no log line', {
      stack: 'the defaults',
      remove: (assembly) => removeAction(assembly, 'SchedulerDeliverRoleDefaultPolicy', 'logs:PutLogEvents'),
      breaks: async (running) => {
        await running.webhook('unlogged', 0);
        await denied(running, 'logs:PutLogEvents');
        expect(JSON.stringify(running.records)).toContain('webhook scheduled');
        expect(JSON.stringify(running.records)).not.toContain('webhook delivered');
      },
    }],
    ['the topic may not use the key of the queue, nor that of the one behind it', {
      stack: 'a key',
      remove: (assembly) => removeAction(assembly, 'Key', 'kms:GenerateDataKey', 'KeyPolicy'),
      breaks: async (running) => {
        await running.webhook('dropped', 0);
        await until('two denials', () => running.denials.length === 2);
        expect(new Set(running.denials)).toEqual(new Set(['sns.amazonaws.com kms:GenerateDataKey']));
      },
    }],
    ['ingest may not use the key of the table', {
      stack: 'a key',
      remove: (assembly) => removeAction(assembly, 'SchedulerIngestRoleDefaultPolicy', 'kms:Decrypt'),
      breaks: async (running) => {
        await running.webhook('unread', 0);
        await denied(running, 'kms:Decrypt');
        expect(running.events.some((event) => event.type === 'invocation' && event.records > 0)).toBe(false);
      },
    }],
    ['deliver cannot read the signing secret, and sends nothing unsigned', {
      stack: 'a VPC, signing and a secret header',
      remove: (assembly) => removeAction(assembly, 'SchedulerDeliverRoleDefaultPolicy', 'secretsmanager:GetSecretValue'),
      breaks: async (running) => {
        await running.webhook('unsigned', 0);
        await denied(running, 'secretsmanager:GetSecretValue');
        await logged(running, 'ERR_SECRET_UNAVAILABLE');
        expect(running.requests('unsigned')).toBe(0);
      },
    }],
  ])('%s', async (_, { stack, remove, breaks }) => {
    const assembly = synthesize(STACKS[stack]);
    remove(assembly);
    await breaks(await start(assembly));
  });

  test.each<[string, keyof typeof STACKS, (assembly: string) => void, RegExp]>([
    ['Lambda may not assume a role', 'the defaults',
      (assembly) => removeAction(assembly, 'SchedulerLoadRole', 'sts:AssumeRole', 'AssumeRolePolicyDocument'), /cannot be assumed by Lambda/],
    ['a mapping may not delete', 'the defaults',
      (assembly) => removeAction(assembly, 'SchedulerIngestRoleDefaultPolicy', 'sqs:DeleteMessage'), /permissions to call DeleteMessage on SQS/],
    ['CloudWatch Logs may not use the key', 'a key',
      (assembly) => removeAction(assembly, 'Key', 'kms:Encrypt', 'KeyPolicy'), /not allowed to be used with Log Group/],
    ['Lambda may not join the VPC', 'a VPC, signing and a secret header',
      (assembly) => removeAction(assembly, 'SchedulerDeliverRoleDefaultPolicy', 'ec2:DescribeSubnets'), /permissions to call DescribeSubnets on EC2/],
  ])('%s, and AWS refuses to create it', async (_, stack, remove, message) => {
    const assembly = synthesize(STACKS[stack]);
    remove(assembly);
    await expect(start(assembly)).rejects.toThrow(message);
  });
});
