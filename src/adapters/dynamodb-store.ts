// Keeps webhooks, claims, outcomes and the load cursor in DynamoDB.
import { createHash } from 'node:crypto';
import {
  BatchGetItemCommand, ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CURSOR_KEY, decodeMessage, encodeMessage, fromSortKey, Item, messageKey, minutePartition, nameKey, sizeOf, stateKey, ttlOf,
} from './table-schema';
import { Clock } from '../core/clock';
import { Cursor, DeliverStore, IngestStore, LoadStore, Outcome } from '../core/ports';
import { minuteOf, Owner } from '../core/timing';
import { messageText, Webhook, WebhookKey } from '../core/webhook';

export interface DynamoDbStoreConfig {
  readonly tableName: string;
  /** How long rows stay after the webhook's date, or its end. */
  readonly retentionMs: number;
}

/** BatchGetItem takes at most this many keys. */
const MAX_BATCH_GET = 100;
/** Pause before asking again for keys that a throttled table left out of a batch; doubles each time. */
const FIRST_BATCH_PAUSE_MS = 50;
const MAX_BATCH_ROUNDS = 6;

/** DynamoDB deletes within a few days of the time to live; a webhook ends within hours of its date. */
const NAME_OUTLIVES_MS = 2 * 24 * 60 * 60_000;

export class DynamoDbStore implements IngestStore, LoadStore, DeliverStore {
  public constructor(private readonly client: DynamoDBClient, private readonly config: DynamoDbStoreConfig, private readonly clock: Clock) {}

  public async openAt(now: number): Promise<void> {
    await this.putNew({ ...CURSOR_KEY, start: { N: String(now) }, version: { N: '0' }, loadedTo: { M: {} } });
  }

  public async put(webhook: Webhook, owner: Owner): Promise<Owner | 'taken'> {
    const ttl = ttlOf(Math.max(webhook.dueAt, this.clock.now()) + this.config.retentionMs);
    if (webhook.ownId) {
      const hash = createHash('sha256').update(messageText(webhook)).digest('base64');
      const name = nameKey(webhook.id);
      // Longer than the state row, which begins its retention when the webhook ends: an id is free again only when nothing is left of it.
      const nameTtl = ttlOf(Math.max(webhook.dueAt, this.clock.now()) + this.config.retentionMs + NAME_OUTLIVES_MS);
      const isNew = await this.putNew({ ...name, hash: { S: hash }, ttl: nameTtl });
      if (!isNew && (await this.read(name))?.hash?.S !== hash) {
        return 'taken';
      }
    }
    const row: Item = { ...messageKey(webhook), ttl, ...(owner === 'ingest' ? { o: { N: '1' } } : {}) };
    const isNew = await this.putNew({ ...row, ...encodeMessage(webhook, sizeOf(row)) });
    if (isNew) {
      return owner;
    }
    // The same message again: whoever was to send it still is, so that it has one owner.
    const existing = await this.read(messageKey(webhook));
    return existing && !existing.o ? 'load' : 'ingest';
  }

  public async readCursor(): Promise<Cursor | undefined> {
    const item = await this.read(CURSOR_KEY);
    return item && {
      start: Number(item.start.N),
      version: Number(item.version.N),
      loadedTo: new Map(Object.entries(item.loadedTo.M ?? {}).map(([partition, to]) => [Number(partition), Number(to.N)])),
    };
  }

  public async saveCursor({ start, version, loadedTo }: Cursor): Promise<boolean> {
    const partitions = [...loadedTo].map(([partition, to]): [string, { N: string }] => [String(partition), { N: String(to) }]);
    return this.succeeds(this.client.send(new PutItemCommand({
      TableName: this.config.tableName,
      Item: { ...CURSOR_KEY, start: { N: String(start) }, version: { N: String(version) }, loadedTo: { M: Object.fromEntries(partitions) } },
      ConditionExpression: '#version = :seen',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':seen': { N: String(version - 1) } },
    })));
  }

  public async* dueBetween(partition: number, from: number, to: number): AsyncIterable<readonly WebhookKey[]> {
    let startKey: Item | undefined;
    do {
      const page = await this.client.send(new QueryCommand({
        TableName: this.config.tableName,
        // Sort keys are `<due>#<id>`, so the bare number `to` sorts before every webhook due then: the upper end is exclusive.
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        FilterExpression: 'attribute_not_exists(o)',
        ProjectionExpression: 'sk',
        ExpressionAttributeValues: {
          ':pk': { S: minutePartition(minuteOf(from), partition) }, ':from': { S: String(from) }, ':to': { S: String(to) },
        },
        ConsistentRead: true,
        ExclusiveStartKey: startKey,
      }));
      const keys = (page.Items ?? []).map((item) => ({ ...fromSortKey(item.sk.S ?? ''), partition }));
      if (keys.length > 0) {
        yield keys;
      }
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  public async get(keys: readonly WebhookKey[]): Promise<ReadonlyMap<string, Webhook>> {
    const byId = new Map(keys.map((key) => [key.id, key])); // a batch may hold two copies of one, a BatchGetItem may not
    const ids = [...byId.keys()];
    const chunks = Array.from({ length: Math.ceil(ids.length / MAX_BATCH_GET) }, (_, i) => ids.slice(i * MAX_BATCH_GET, (i + 1) * MAX_BATCH_GET));
    const items = await Promise.all(chunks.map((chunk) => this.readAll(chunk.map((id) => messageKey(byId.get(id) as WebhookKey)))));
    return new Map(items.flat().flatMap((item): [string, Webhook][] => {
      const key = byId.get(fromSortKey(item.sk.S ?? '').id) as WebhookKey;
      const webhook = decodeMessage(key, item);
      return webhook ? [[key.id, webhook]] : [];
    }));
  }

  public async claim(key: WebhookKey, claimant: string, now: number, leaseUntil: number): Promise<'claimed' | 'ended' | 'leased'> {
    const claimed = await this.succeeds(this.client.send(new UpdateItemCommand({
      TableName: this.config.tableName,
      Key: stateKey(key.id),
      UpdateExpression: 'SET #status = :claimed, claimant = :claimant, leaseUntil = :until, dueAt = :due, #partition = :partition, #ttl = :ttl'
        + ' REMOVE attempts, endedAt',
      // One's own claim counts as none: an answer that was lost on its way makes the SDK ask again.
      ConditionExpression: 'attribute_not_exists(pk) OR #ttl < :expired OR (#status = :claimed AND (leaseUntil < :now OR claimant = :claimant))',
      ExpressionAttributeNames: { '#status': 'status', '#ttl': 'ttl', '#partition': 'partition' },
      ExpressionAttributeValues: {
        ':claimed': { S: 'claimed' },
        ':claimant': { S: claimant },
        ':until': { N: String(leaseUntil) },
        ':due': { N: String(key.dueAt) },
        ':partition': { N: String(key.partition) },
        ':ttl': ttlOf(now + this.config.retentionMs),
        ':now': { N: String(now) },
        ':expired': ttlOf(now),
      },
    })));
    if (claimed) {
      return 'claimed';
    }
    const state = await this.read(stateKey(key.id));
    // A row that went in between says nothing: come again.
    return state === undefined || state.status?.S === 'claimed' ? 'leased' : 'ended';
  }

  public async recordOutcome(key: WebhookKey, { status, attempts }: Outcome): Promise<void> {
    const now = this.clock.now();
    await this.client.send(new UpdateItemCommand({
      TableName: this.config.tableName,
      Key: stateKey(key.id),
      UpdateExpression: 'SET #status = :status, endedAt = :now, attempts = :attempts, #ttl = :ttl REMOVE leaseUntil, claimant',
      ExpressionAttributeNames: { '#status': 'status', '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':status': { S: status },
        ':now': { N: String(now) },
        ':ttl': ttlOf(now + this.config.retentionMs),
        ':attempts': {
          L: attempts.map(({ at, lateMs, durationMs, status: httpStatus, error }) => ({
            M: {
              at: { S: at },
              lateMs: { N: String(lateMs) },
              durationMs: { N: String(durationMs) },
              ...(httpStatus === undefined ? {} : { status: { N: String(httpStatus) } }),
              ...(error === undefined ? {} : { error: { S: error } }),
            },
          })),
        },
      },
    }));
  }

  /** `false` if a row with this key is there, unless it has expired: DynamoDB deletes those a few days late. */
  private async putNew(item: Item): Promise<boolean> {
    return this.succeeds(this.client.send(new PutItemCommand({
      TableName: this.config.tableName,
      Item: item,
      ConditionExpression: 'attribute_not_exists(pk) OR #ttl < :now',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':now': ttlOf(this.clock.now()) },
    })));
  }

  private async succeeds(write: Promise<unknown>): Promise<boolean> {
    try {
      await write;
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return false;
      }
      throw error;
    }
  }

  private async read(key: Item): Promise<Item | undefined> {
    const { Item: item } = await this.client.send(new GetItemCommand({ TableName: this.config.tableName, Key: key, ConsistentRead: true }));
    return item;
  }

  private async readAll(keys: Item[]): Promise<Item[]> {
    const { tableName } = this.config;
    const items: Item[] = [];
    let left = keys;
    for (let round = 0; left.length > 0; round++) {
      if (round === MAX_BATCH_ROUNDS) {
        throw new Error(`${left.length} of ${keys.length} rows could not be read: the table kept leaving them unprocessed`);
      }
      if (round > 0) {
        await this.clock.sleepUntil(this.clock.now() + FIRST_BATCH_PAUSE_MS * 2 ** (round - 1));
      }
      const page = await this.client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: left, ConsistentRead: true } } }));
      items.push(...(page.Responses?.[tableName] ?? []));
      left = page.UnprocessedKeys?.[tableName]?.Keys ?? [];
    }
    return items;
  }
}
