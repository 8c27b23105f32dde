// The table of what has arrived: requests, by the ids of their webhooks, and failure notices. Written by the receiver, read by the test.
import { AttributeValue, DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { ReceivedRequest } from '../support/receiver';

/** Name of its keys. */
export const PARTITION_KEY = 'about';
export const SORT_KEY = 'at';

/** What AWS adds on the way to a function. */
const ADDED_HEADERS = /^x-(forwarded|amzn)-/;

type Item = Record<string, AttributeValue>;

export class Arrivals {
  constructor(private readonly dynamodb: DynamoDBClient, private readonly table: string) {}

  /** Writes a request down, and returns how many had come before for the same webhook. */
  public async record(event: LambdaFunctionURLEvent): Promise<number> {
    const id = event.headers['webhook-id'] ?? 'nobody';
    const before = await this.requests(id);
    const { timeEpoch, requestId, http } = event.requestContext;
    await this.put(`request#${id}`, `${timeEpoch}#${requestId}#${before.length}`, {
      arrivedAt: { N: String(timeEpoch) },
      method: { S: http.method },
      target: { S: `${event.rawPath}${event.rawQueryString === '' ? '' : `?${event.rawQueryString}`}` },
      headers: { S: JSON.stringify(Object.entries(event.headers).filter(([name]) => !ADDED_HEADERS.test(name))) },
      cookies: { S: JSON.stringify(Object.fromEntries((event.cookies ?? []).map((cookie) => splitAtFirst(cookie, '=')))) },
      ...(event.body ? { body: { B: Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8') } } : {}),
    });
    return before.length;
  }

  /** The requests for a webhook, in the order in which they came. */
  public async requests(id: string): Promise<ReceivedRequest[]> {
    return (await this.query(`request#${id}`)).map((item) => ({
      arrivedAt: Number(item.arrivedAt.N),
      method: item.method.S as string,
      target: item.target.S as string,
      headers: JSON.parse(item.headers.S as string) as [string, string][],
      cookies: JSON.parse(item.cookies.S as string) as Record<string, string>,
      body: Buffer.from(item.body?.B ?? []),
      complete: true,
    }));
  }

  /** Writes down a failure notice, or anything else that is a text, under an id. */
  public async keep(kind: string, id: string, key: string, text: string): Promise<void> {
    await this.put(`${kind}#${id}`, key, { text: { S: text } });
  }

  /** The texts that were kept, in the order of their keys. */
  public async kept(kind: string, id: string): Promise<string[]> {
    return (await this.query(`${kind}#${id}`)).map(({ text }) => text.S as string);
  }

  private async put(about: string, at: string, attributes: Item): Promise<void> {
    const Item = { [PARTITION_KEY]: { S: about }, [SORT_KEY]: { S: at }, ...attributes };
    await this.dynamodb.send(new PutItemCommand({ TableName: this.table, Item }));
  }

  private async query(about: string): Promise<Item[]> {
    const { Items = [] } = await this.dynamodb.send(new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: '#about = :about',
      ExpressionAttributeNames: { '#about': PARTITION_KEY },
      ExpressionAttributeValues: { ':about': { S: about } },
      ConsistentRead: true,
    }));
    return Items;
  }
}

function splitAtFirst(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
