// Keeps webhooks, their states and the load cursor in DynamoDB.
import { createHash } from 'node:crypto';
import {
  BatchExecuteStatementCommand, BatchGetItemCommand, BatchStatementError, ConditionalCheckFailedException, DynamoDBClient, GetItemCommand,
  PutItemCommand, QueryCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { batchesOf } from './batches';
import {
  CURSOR_KEY, cursorItem, decodeCursor, decodeMessage, decodeState, encodeMessage, encodeState, Item, messageKey, minutePartition, nameKey,
  openingItem, pointerItem, sizeOf, stateKey, ttlOf, turnOfRow,
} from './table-schema';
import { Clock } from '../core/clock';
import { PlainError } from '../core/error-report';
import {
  ActionStore, Claim, ClaimedTurn, Cursor, DeliverStore, FollowUpStore, FoundWebhook, IngestStore, LoadStore, Log, SeenState, Stored,
} from '../core/ports';
import { allEnded } from '../core/rejections';
import { State } from '../core/state';
import { minuteOf, Owner } from '../core/timing';
import { messageText, ownKeyId, rowKey, Turn, Webhook, WebhookKey } from '../core/webhook';

export interface DynamoDbStoreConfig {
  readonly tableName: string;
  /** How long rows stay after the webhook's date, or its end. */
  readonly retentionMs: number;
}

/** BatchGetItem takes at most this many keys. */
const MAX_BATCH_GET = 100;
/** BatchExecuteStatement takes at most this many statements. */
const MAX_STATEMENTS = 25;
/** A batch of claims is given up after this time, most of the lead that a webhook has; each of them still has its own. */
const MAX_BATCH_CLAIM_MS = 3_000;
/** Pause before asking again where a throttled table has left out all of a batch; doubles each time. */
const FIRST_BATCH_PAUSE_MS = 50;
/** So many times in a row. Where some have come, the others are asked for at once: a call brings 16 MB at most, and 1 MB of a partition. */
const MAX_EMPTY_BATCHES = 6;
/** Rows of a page that load reads, at most: bounds its memory, whatever the number of rows. A page is billed in whole units, one more at most. */
const DUE_PAGE_ROWS = 250;

/** What has become of the claims of a batch. */
interface Inserted {
  /** `undefined` where it has failed, for whatever reason. */
  readonly states: readonly (State | undefined)[];
  /** How many have failed for another reason than that there is a row, and why the first of them has. */
  readonly failed: number;
  readonly error?: unknown;
}

export class DynamoDbStore implements IngestStore, ActionStore, LoadStore, DeliverStore, FollowUpStore {
  public constructor(
    private readonly client: Pick<DynamoDBClient, 'send'>,
    private readonly config: DynamoDbStoreConfig,
    private readonly clock: Clock,
    private readonly log: Pick<Log, 'warn'>,
  ) {}

  public async open(partitions: number, now: number): Promise<void> {
    await this.putNew(openingItem(partitions, now));
  }

  public async put(webhook: Webhook, owner: Owner): Promise<Stored | 'taken'> {
    const partition = webhook.ownId ? await this.putName(webhook) : webhook.partition;
    if (partition === 'taken') {
      return 'taken';
    }
    if (partition === 'past') {
      return { owner: 'load', isNew: false, partition: webhook.partition }; // and load has passed its date
    }
    const placed = { ...webhook, partition };
    if (await this.putNew(this.messageItem(placed, owner))) {
      return { owner, isNew: true, partition };
    }
    // The same message again: whoever was to send it still is, so that it has one owner.
    const existing = await this.read(messageKey(placed));
    return { owner: existing && !existing.o ? 'load' : 'ingest', isNew: false, partition };
  }

  public async find(id: string): Promise<FoundWebhook | undefined> {
    return await this.findByKeyId(ownKeyId(id)) ?? this.findByKeyId(id);
  }

  public async putVersion(webhook: Webhook, turn: number, owner: Owner): Promise<void> {
    // Only copies of one action write one version. Where they found different states the later one counts, and of those that found the same
    // the first, which has decided whose it is.
    await this.client.send(new PutItemCommand({
      TableName: this.config.tableName,
      Item: { ...this.messageItem(webhook, owner), t: { N: String(turn) } },
      ConditionExpression: 'attribute_not_exists(#turn) OR #turn < :turn',
      ExpressionAttributeNames: { '#turn': 't' },
      ExpressionAttributeValues: { ':turn': { N: String(turn) } },
    })).catch(ignoreFailedCondition);
    if (webhook.ownId) {
      await this.client.send(new UpdateItemCommand({
        TableName: this.config.tableName,
        Key: nameKey(webhook.id),
        UpdateExpression: 'SET #ttl = :ttl',
        // It never gets shorter: what was published first may still be on its way.
        ConditionExpression: '#ttl < :ttl',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':ttl': this.nameTtl(webhook) },
      })).catch(ignoreFailedCondition);
    }
  }

  public async readCursor(): Promise<Cursor | undefined> {
    return decodeCursor(await this.readPartition(CURSOR_KEY));
  }

  public async saveCursor(cursor: Cursor): Promise<boolean> {
    const isFirst = cursor.version === 1;
    return this.succeeds(this.client.send(new PutItemCommand({
      TableName: this.config.tableName,
      Item: cursorItem(cursor),
      ConditionExpression: isFirst ? 'attribute_not_exists(#version)' : '#version = :seen',
      ExpressionAttributeNames: names('version'),
      ...(isFirst ? {} : { ExpressionAttributeValues: { ':seen': { N: String(cursor.version - 1) } } }),
    })));
  }

  public async* dueBetween(partition: number, from: number, to: number): AsyncIterable<readonly Turn[]> {
    let startKey: Item | undefined;
    do {
      const page = await this.client.send(new QueryCommand({
        TableName: this.config.tableName,
        // Sort keys are `<ms>#…`, so the bare number `to` sorts before every row of that instant: the upper end is exclusive.
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        FilterExpression: 'attribute_not_exists(o)',
        ProjectionExpression: 'sk, d, v, t',
        ExpressionAttributeValues: {
          ':pk': { S: minutePartition(minuteOf(from), partition) }, ':from': { S: String(from) }, ':to': { S: String(to) },
        },
        ConsistentRead: true,
        Limit: DUE_PAGE_ROWS,
        ExclusiveStartKey: startKey,
      }));
      const turns = (page.Items ?? []).map((item) => turnOfRow(item, partition));
      if (turns.length > 0) {
        yield turns;
      }
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  /**
   * Reads without asking for consistency first, at half the price. A message row as it was published is never written again, so that there is
   * no older one to be given: either it is there, or it is asked for once more, consistently. Except where an id is used anew and the row of
   * its forerunner is not yet deleted: one that has expired is not trusted. The row of an action may have been written twice, for two turns,
   * and is read consistently to begin with.
   */
  public async get(keys: readonly WebhookKey[]): Promise<ReadonlyMap<string, Webhook>> {
    const byRow = new Map(keys.map((key) => [rowKey(key), key])); // a batch may hold two copies of one, a BatchGetItem may not
    const found = new Map<string, Item>();
    const read = async (wanted: readonly (readonly [string, WebhookKey])[], isConsistent: boolean): Promise<void> => {
      const chunks = batchesOf(wanted, MAX_BATCH_GET);
      const items = await allEnded(chunks.map((chunk) => this.readAll(chunk.map(([, key]) => messageKey(key)), isConsistent)));
      items.flat().filter((item) => isConsistent || !this.isExpired(item)).forEach((item) => found.set(item.sk.S ?? '', item));
    };
    const rows = [...byRow];
    const asPublished = rows.filter(([, { version }]) => version === undefined);
    await allEnded([read(asPublished, false), read(rows.filter(([, { version }]) => version !== undefined), true)]);
    await read(asPublished.filter(([row]) => !found.has(row)), true);
    return new Map([...found].flatMap(([row, item]): [string, Webhook][] => {
      const webhook = decodeMessage(byRow.get(row) as WebhookKey, item);
      return webhook ? [[row, webhook]] : [];
    }));
  }

  /**
   * First turns are claimed in batches, which takes a fraction of the processor time of a request each: nearly all of them have no row yet. One
   * that has one, or that the batch has not brought about for another reason, is claimed by a request of its own, as later turns are.
   */
  public claim(turns: readonly ClaimedTurn[], now: number, leaseUntil: number, timeoutMs: number): readonly Promise<Claim>[] {
    const until = this.clock.now() + timeoutMs;
    const first = new Map(turns.filter(({ turn }) => turn.turn === 0 && turn.version === undefined).map((one) => [one.turn.id, one])); // no row twice
    const batches = batchesOf([...first.values()], MAX_STATEMENTS).filter(({ length }) => length > 1);
    const answers = batches.map((batch) => this.insertClaims(batch, leaseUntil, timeoutMs));
    void this.tellFailed(answers);
    const inserted = new Map(batches.flatMap((batch, i) => (
      batch.map((one, index): [ClaimedTurn, Promise<State | undefined>] => [one, answers[i].then(({ states }) => states[index])])
    )));
    return turns.map(async (one) => {
      const claimed = await inserted.get(one);
      return claimed ? { claimed } : this.claimOne(one, now, leaseUntil, Math.max(until - this.clock.now(), 0));
    });
  }

  /** Claims first turns that have no row yet. Never rejects: the claims one by one meet what is really out of order, and say so of each webhook. */
  private async insertClaims(turns: readonly ClaimedTurn[], leaseUntil: number, timeoutMs: number): Promise<Inserted> {
    const items = turns.map(({ turn, claimant }): Item => ({
      ...stateKey(turn.id),
      ...encodeState({ ...turn, status: 'delivering', attempts: [], claimant, leaseUntil, keepUntil: this.keepFrom(turn) }),
    }));
    try {
      const { Responses = [], $metadata } = await this.client.send(new BatchExecuteStatementCommand({
        Statements: items.map((item) => ({
          Statement: `INSERT INTO "${this.config.tableName}" VALUE {${Object.keys(item).map((name) => `'${name}': ?`).join(', ')}}`,
          Parameters: Object.values(item),
        })),
      }), { abortSignal: AbortSignal.timeout(Math.min(timeoutMs, MAX_BATCH_CLAIM_MS)) });
      const errors = Responses.flatMap(({ Error: error }) => (error && error.Code !== 'DuplicateItem' ? [error] : []));
      return {
        states: items.map((item, index) => (Responses[index] && !Responses[index].Error ? decodeState(item) : undefined)),
        failed: errors.length,
        error: errors.length > 0 ? errorOf(errors[0], $metadata) : undefined,
      };
    } catch (error) {
      return { states: [], failed: items.length, error };
    }
  }

  /** That batches fail would otherwise show in nothing but time and money: each webhook is claimed all the same. One line, however many there are. */
  private async tellFailed(answers: readonly Promise<Inserted>[]): Promise<void> {
    const failures = (await Promise.all(answers)).filter(({ failed }) => failed > 0);
    if (failures.length > 0) {
      const claims = failures.reduce((sum, { failed }) => sum + failed, 0);
      this.log.warn('first claims not taken as a batch, made one by one', { claims, error: failures[0].error });
    }
  }

  private async claimOne({ turn, claimant }: ClaimedTurn, now: number, leaseUntil: number, timeoutMs: number): Promise<Claim> {
    const isFirst = turn.turn === 0;
    const sameVersion = turn.version === undefined ? 'attribute_not_exists(#version)' : '#version = :version';
    // One's own claim counts as none: an answer that was lost on its way makes the SDK ask again. A webhook whose queue message was put
    // aside as a dead letter can be fired by that message when an operator moves it back.
    const open = [
      '#status IN (:scheduled, :retrying)',
      '#status = :failed AND #reason = :deadLetter',
      '#status = :delivering AND #leaseUntil < :now',
      '#status = :delivering AND #claimant = :claimant',
    ];
    // Without a bracket, which the parser of the emulated table takes many milliseconds for. AND binds closer than OR.
    const isOpen = open.map((condition) => `#turn = :turn AND ${sameVersion} AND ${condition}`).join(' OR ');
    try {
      const { Attributes } = await this.client.send(new UpdateItemCommand({
        TableName: this.config.tableName,
        Key: stateKey(turn.id),
        UpdateExpression: 'SET #status = :delivering, #claimant = :claimant, #leaseUntil = :until, #turn = :turn, #at = :at, #dueAt = :due,'
          + ` #partition = :partition${isFirst ? ', #ttl = :ttl' : ''} REMOVE #endedAt, #reason, #unreported${isFirst ? ', #version, #attempts, #actions, #actionAt, #redrivenAt' : ''}`,
        // A first turn has no row yet, or one that has expired and is not yet deleted.
        ConditionExpression: isFirst ? `attribute_not_exists(#turn) OR #ttl < :expired OR ${isOpen}` : isOpen,
        ExpressionAttributeNames: names(
          'status', 'claimant', 'leaseUntil', 'turn', 'at', 'dueAt', 'partition', 'version', 'endedAt', 'reason', 'unreported',
          ...(isFirst ? ['ttl', 'attempts', 'actions', 'actionAt', 'redrivenAt'] : []),
        ),
        ExpressionAttributeValues: {
          ':scheduled': { S: 'scheduled' },
          ':retrying': { S: 'retrying' },
          ':failed': { S: 'failed' },
          ':delivering': { S: 'delivering' },
          ':deadLetter': { S: 'dead-letter' },
          ':claimant': { S: claimant },
          ':until': { N: String(leaseUntil) },
          ':turn': { N: String(turn.turn) },
          ':at': { N: String(turn.at) },
          ':due': { N: String(turn.dueAt) },
          ':partition': { N: String(turn.partition) },
          ':now': { N: String(now) },
          ...(turn.version === undefined ? {} : { ':version': { S: turn.version } }),
          ...(isFirst ? { ':ttl': ttlOf(this.keepFrom(turn)), ':expired': ttlOf(now) } : {}),
        },
        ReturnValues: 'ALL_NEW',
      }), { abortSignal: AbortSignal.timeout(timeoutMs) });
      return { claimed: decodeState(Attributes ?? {}) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return { refused: await this.readState(turn.id) };
      }
      throw error;
    }
  }

  public async readState(id: string): Promise<State | undefined> {
    const item = await this.read(stateKey(id));
    return item && !this.isExpired(item) ? decodeState(item) : undefined;
  }

  public async replaceState(seen: SeenState | undefined, next: State, timeoutMs?: number): Promise<boolean> {
    const unseen = seen === undefined;
    const written = await this.succeeds(this.client.send(new PutItemCommand({
      TableName: this.config.tableName,
      Item: { ...stateKey(next.id), ...encodeState({ ...next, keepUntil: Math.max(next.keepUntil, this.keepFrom(next)) }) },
      ConditionExpression: unseen
        ? 'attribute_not_exists(pk) OR #ttl < :now'
        : `#status = :status AND #turn = :turn AND ${seen.claimant === undefined ? 'attribute_not_exists(#claimant)' : '#claimant = :claimant'}`,
      ExpressionAttributeNames: unseen ? names('ttl') : names('status', 'turn', 'claimant'),
      ExpressionAttributeValues: unseen ? { ':now': ttlOf(this.clock.now()) } : {
        ':status': { S: seen.status },
        ':turn': { N: String(seen.turn) },
        ...(seen.claimant === undefined ? {} : { ':claimant': { S: seen.claimant } }),
      },
    }), timeoutMs === undefined ? {} : { abortSignal: AbortSignal.timeout(timeoutMs) }));
    return written || isSame(await this.readState(next.id), next);
  }

  public async putPointer(turn: Turn): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.config.tableName, Item: { ...pointerItem(turn), ttl: ttlOf(this.keepFrom(turn)) } }));
  }

  public async markReported({ id, turn, status }: State): Promise<void> {
    await this.client.send(new UpdateItemCommand({
      TableName: this.config.tableName,
      Key: stateKey(id),
      UpdateExpression: 'REMOVE #unreported',
      ConditionExpression: '#turn = :turn AND #status = :status',
      ExpressionAttributeNames: names('unreported', 'turn', 'status'),
      ExpressionAttributeValues: { ':turn': { N: String(turn) }, ':status': { S: status } },
    })).catch(ignoreFailedCondition); // a redrive has overtaken it
  }

  /**
   * Makes an id that a producer chose unique. Resolves with the partition of the webhook that has it: a copy of its message may have been handled
   * while there was another number of them. `taken` if a webhook with other content has it, `past` if it was this very webhook's and that is not
   * kept any more.
   */
  private async putName(webhook: Webhook): Promise<number | 'taken' | 'past'> {
    const hash = createHash('sha256').update(messageText(webhook)).digest('base64');
    const { dueAt, partition } = webhook;
    const isNew = await this.putNew({
      ...nameKey(webhook.id),
      hash: { S: hash },
      dueAt: { N: String(dueAt) },
      partition: { N: String(partition) },
      ttl: this.nameTtl(webhook),
    });
    if (isNew) {
      return partition;
    }
    const existing = await this.read(nameKey(webhook.id));
    if (existing?.hash?.S !== hash) {
      return 'taken';
    }
    return this.isPast(existing) ? 'past' : Number(existing.partition.N);
  }

  private async findByKeyId(id: string): Promise<FoundWebhook | undefined> {
    const items = await this.readPartition(stateKey(id));
    const rows = new Map(items.filter((item) => !this.isExpired(item)).map((item) => [item.sk.S, item]));
    const [name, state] = [rows.get(nameKey(id).sk.S), rows.get(stateKey(id).sk.S)];
    const row = name ?? state;
    if (!row || (!state && this.isPast(row))) {
      return undefined;
    }
    return {
      key: { id, dueAt: Number(row.dueAt.N), partition: Number(row.partition.N) },
      keepUntil: Number(row.ttl.N) * 1000,
      state: state && decodeState(state),
    };
  }

  private messageItem(webhook: Webhook, owner: Owner): Item {
    const row: Item = { ...messageKey(webhook), ttl: ttlOf(this.keepFrom(webhook)), ...(owner === 'ingest' ? { o: { N: '1' } } : {}) };
    return { ...row, ...encodeMessage(webhook, sizeOf(row)) };
  }

  /** Until when a row has to stay that matters now and at the date. */
  private keepFrom({ dueAt, at = dueAt }: { readonly dueAt: number; readonly at?: number }): number {
    return Math.max(dueAt, at, this.clock.now()) + this.config.retentionMs;
  }

  /**
   * Twice the retention: retries take less than one (the construct sees to that), and the state row stays for another after the webhook's
   * end. The id may be free again only when nothing is left of it.
   */
  private nameTtl(webhook: Webhook): Item[string] {
    return ttlOf(this.keepFrom(webhook) + this.config.retentionMs);
  }

  /** Whether a name row has outlived its message. */
  private isPast({ ttl }: Item): boolean {
    return Number(ttl.N) * 1000 - this.config.retentionMs < this.clock.now();
  }

  /** DynamoDB deletes rows a few days after their time to live. */
  private isExpired({ ttl }: Item): boolean {
    return Number(ttl?.N) * 1000 < this.clock.now();
  }

  /** `false` if a row with this key is there, unless it has expired. */
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

  /** The rows beside the one with this key, and itself: a few, which are one page. */
  private async readPartition({ pk }: Item): Promise<Item[]> {
    const { Items = [] } = await this.client.send(new QueryCommand({
      TableName: this.config.tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': pk },
      ConsistentRead: true,
    }));
    return Items;
  }

  private async readAll(keys: Item[], isConsistent: boolean): Promise<Item[]> {
    const { tableName } = this.config;
    const items: Item[] = [];
    let left = keys;
    let empty = 0;
    while (left.length > 0) {
      if (empty === MAX_EMPTY_BATCHES) {
        throw new PlainError(`${left.length} of ${keys.length} rows could not be read: the table kept leaving them unprocessed`);
      }
      if (empty > 0) {
        await this.clock.sleepUntil(this.clock.now() + FIRST_BATCH_PAUSE_MS * 2 ** (empty - 1));
      }
      const page = await this.client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: left, ConsistentRead: isConsistent } } }));
      items.push(...(page.Responses?.[tableName] ?? []));
      const unprocessed = page.UnprocessedKeys?.[tableName]?.Keys ?? [];
      empty = unprocessed.length < left.length ? 0 : empty + 1;
      left = unprocessed;
    }
    return items;
  }
}

/** The error of a statement, as the SDK would have thrown it of a call. */
function errorOf({ Code, Message }: BatchStatementError, $metadata: object): Error {
  return Object.assign(new Error(Message), { name: Code, $metadata });
}

/** Whether a state is the one that was to be written: each claim and each action leaves a mark of its own. */
function isSame(state: State | undefined, next: State): boolean {
  return state !== undefined && state.status === next.status && state.turn === next.turn && state.version === next.version
    && state.claimant === next.claimant && state.actions?.at(-1) === next.actions?.at(-1);
}

function names(...attributes: string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
}

function ignoreFailedCondition(error: unknown): void {
  if (!(error instanceof ConditionalCheckFailedException)) {
    throw error;
  }
}
