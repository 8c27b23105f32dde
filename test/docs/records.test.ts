// What the guides say about rows and notices, and the code has to keep true: others build on it.
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { App, CfnElement, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { blocksOf, pageText, PROJECT } from './support/blocks';
import { namesIn, rowsOf } from './support/tables';
import { WebhookScheduler } from '../../src';
import { decodeState, encodeState, Item, nameKey, stateKey } from '../../src/adapters/table-schema';
import { Attempt } from '../../src/core/attempt';
import { EndReason, Failure, FailureReason, NOTICE_VERSION, noticeText, Refusal } from '../../src/core/failure-notice';
import { State, Status } from '../../src/core/state';
import { ownKeyId } from '../../src/core/webhook';

const OUTCOMES = pageText('docs/outcomes.md');
const FAILURES = pageText('docs/failures.md');

/** The names in the first column of a table. */
const namesOf = (text: string, head: string) => rowsOf(text, head).flatMap(([cell]) => namesIn(cell));
const jsonBlocks = (page: string) => blocksOf('json').filter((block) => block.page === page).map(({ code }) => JSON.parse(code) as Record<string, unknown>);

/** As DynamoDB's document clients read an attribute. */
function plain(value: AttributeValue): unknown {
  if (value.L) {
    return value.L.map(plain);
  }
  return value.M ? plainItem(value.M) : value.S ?? value.BOOL ?? Number(value.N);
}
const plainItem = (item: Item): Record<string, unknown> => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));

/** And as they write one. */
function attribute(value: unknown): AttributeValue {
  if (Array.isArray(value)) {
    return { L: value.map(attribute) };
  }
  if (typeof value === 'object') {
    return { M: itemOf(value as Record<string, unknown>) };
  }
  return typeof value === 'string' ? { S: value } : { N: String(value) };
}
const itemOf = (row: Record<string, unknown>): Item => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, attribute(value)]));

// Complete by their types: a new member has to be added here, and then to the guide.
const STATUSES: Record<Status, true> = { scheduled: true, delivering: true, retrying: true, delivered: true, failed: true, cancelled: true };
const END_REASONS: Record<EndReason, true> = { 'permanent': true, 'exhausted': true, 'expired': true, 'missing': true, 'dead-letter': true };
const REASONS: Record<FailureReason, true> = { ...END_REASONS, validation: true, refused: true };
const REFUSALS: Record<Refusal, true> = {
  'unknown-id': true, 'delivering': true, 'delivered': true, 'cancelled': true, 'failed': true, 'not-failed': true, 'superseded': true, 'missing': true,
};
const ATTEMPT: Required<Attempt> = { at: '2030-01-31T09:30:00.251Z', lateMs: 1, durationMs: 48, status: 503, error: 'timeout' };
const STATE: Required<State> = {
  id: 'a',
  dueAt: 1,
  partition: 2,
  version: 'b',
  turn: 3,
  at: 4,
  status: 'failed',
  attempts: [ATTEMPT],
  claimant: 'c',
  leaseUntil: 5,
  endedAt: 6,
  reason: 'exhausted',
  unreported: true,
  actions: ['b'],
  actionAt: 7,
  redrivenAt: 7,
  keepUntil: 8000,
};
const FAILURE: Required<Failure> = {
  reason: 'exhausted', id: 'a', failedAt: 0, errors: [], attempts: [], action: 'cancel', refusal: 'delivering', queue: 'delay', message: 'x'.repeat(262_000),
};

describe('outcomes.md', () => {
  test('names every attribute of the state row, and no other', () => {
    expect(namesOf(OUTCOMES, 'attribute')).toEqual(expect.arrayContaining(Object.keys(encodeState(STATE))));
    expect(namesOf(OUTCOMES, 'attribute')).toHaveLength(Object.keys(encodeState(STATE)).length);
  });

  test('names every attribute of an attempt, and no other', () => {
    const [, attempts] = OUTCOMES.split('Of each attempt:');
    expect(namesOf(attempts, 'attribute')).toEqual(Object.keys(ATTEMPT));
  });

  test('names every status and reason', () => {
    expect(namesOf(OUTCOMES, '`status`').sort()).toEqual(Object.keys(STATUSES).sort());
    expect(namesOf(OUTCOMES, '`reason`').sort()).toEqual(Object.keys(END_REASONS).sort());
  });

  test('names every error of an attempt without a request, and no other', () => {
    const sources = ['src/core/secrets.ts', 'src/adapters/node-http-client.ts'].map((name) => readFileSync(path.join(PROJECT, name), 'utf8'));
    const errors = sources.flatMap((source) => [...source.matchAll(/'(ERR_\w+)'/g)].map(([, error]) => error));
    expect(namesOf(OUTCOMES, '`error`').sort()).toEqual([...new Set(errors)].sort());
  });

  test('shows a row as the table holds it', () => {
    const [row] = jsonBlocks('docs/outcomes.md');
    const state = decodeState(itemOf(row));
    expect(plainItem({ ...stateKey(state.id), ...encodeState(state) })).toEqual(row);
    // Its figures belong together.
    const [first, second] = state.attempts;
    expect(Date.parse(first.at)).toBe(state.dueAt + first.lateMs);
    expect(Date.parse(second.at)).toBe(state.at + second.lateMs);
    expect(state.endedAt).toBe(Date.parse(second.at) + second.durationMs);
  });

  test('says under which keys the rows of an id lie', () => {
    const key = ownKeyId('order-4711');
    expect(OUTCOMES).toContain(`\`${stateKey(key).pk.S}\``);
    expect(OUTCOMES).toContain(`| state | \`${stateKey('<key>').pk.S}\` | \`${stateKey(key).sk.S}\` |`);
    expect(OUTCOMES).toContain(`| name | \`${nameKey('<key>').pk.S}\` | \`${nameKey(key).sk.S}\` |`);
  });
});

describe('failures.md', () => {
  test('names every field of a notice, and no other', () => {
    const notice = JSON.parse(noticeText(FAILURE)) as Record<string, unknown>;
    expect(namesOf(FAILURES, 'field').sort()).toEqual(Object.keys(notice).sort());
  });

  test('names every reason and refusal', () => {
    expect(namesOf(FAILURES, '`reason`').sort()).toEqual(Object.keys(REASONS).sort());
    expect(namesOf(FAILURES, '`refusal`').sort()).toEqual(Object.keys(REFUSALS).sort());
  });

  test('shows a notice of each reason, as it is published', () => {
    const notices = jsonBlocks('docs/failures.md');
    expect(notices.map(({ reason }) => reason).sort()).toEqual(Object.keys(REASONS).sort());
    for (const { version, failedAt, message, ...rest } of notices) {
      const failure = { ...rest, failedAt: Date.parse(failedAt as string), message: message === undefined ? undefined : JSON.stringify(message) };
      expect(JSON.parse(noticeText(failure as Failure))).toEqual({ version, failedAt, ...(message === undefined ? {} : { message }), ...rest });
      expect(version).toBe(NOTICE_VERSION);
      expect(Object.keys(FAILURE)).toEqual(expect.arrayContaining(Object.keys(failure)));
    }
  });
});

interface Statement {
  readonly Action: string | string[];
  readonly Resource: Readonly<Record<string, string | string[]>>;
}

describe('security.md', () => {
  const SECURITY = pageText('docs/security.md');

  test('lists what each function may do, just as the template has it', () => {
    const stack = new Stack(new App(), 'Stack');
    const scheduler = new WebhookScheduler(stack, 'Sched');
    const parts = new Map<string, string>([
      ['table', 'Table'], ['ingest queue', 'IngestQueue'], ['delay queue', 'DelayQueue'], ['failure topic', 'FailureTopic'],
      ['ingest dead-letter queue', 'IngestDeadLetterQueue'], ['delay dead-letter queue', 'DelayDeadLetterQueue'],
      ['ingest unreported queue', 'IngestUnreportedQueue'], ['delay unreported queue', 'DelayUnreportedQueue'],
    ]);
    const logicalId = (id: string) => stack.getLogicalId(scheduler.node.findChild(id).node.defaultChild as CfnElement);
    const listed = [...SECURITY.matchAll(/^\| (ingest|load|deliver) \| ([^|]+) \| ([^|]+) \|/gm)].flatMap(([, name, on, actions]) => {
      const part = on === 'its log group' ? `${name[0].toUpperCase()}${name.slice(1)}LogGroup` : parts.get(on)!;
      return namesIn(actions).map((action) => `${name} ${logicalId(part)} ${action}`);
    });

    const allowed = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy')).flatMap(([policyId, { Properties }]) => {
      const [, name] = /^Sched(Ingest|Load|Deliver)Role/.exec(policyId)!;
      const { Statement: statements } = (Properties as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument;
      return statements.flatMap(({ Action, Resource }) => [Action].flat().map((action) => (
        `${name.toLowerCase()} ${[Resource.Ref ?? Resource['Fn::GetAtt']].flat()[0]} ${action}`
      )));
    });
    expect([...listed].sort()).toEqual([...allowed].sort());
  });

  test('names files that exist', () => {
    const names = [...SECURITY.matchAll(/`((?:src|test|scripts|\.github)\/[\w./-]+)`/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !existsSync(path.join(PROJECT, name)))).toEqual([]);
  });
});
