// Turns a webhook into the HTTP request that goes out.
import { elementTexts, isWellFormed, memberTexts, scalarText } from './json-text';
import { publicId, Webhook } from './webhook';

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const FORM = 'application/x-www-form-urlencoded';
const USER_AGENT = 'cdk-webhook-scheduler';

/**
 * The request of one attempt. The sender's headers are those of Standard Webhooks: `webhook-id`, the same on every attempt, so that
 * a receiver can discard a repeat, and `webhook-timestamp`, whole seconds, when this attempt is made.
 *
 * @param body that of every attempt, where it has been made already
 */
export function toRequest(webhook: Webhook, attemptAt: number, body = bodyOf(webhook)): HttpRequest {
  const headers: Record<string, string> = { ...webhook.headers };
  const setDefault = (name: string, value: string) => {
    if (headerName(headers, name) === undefined) {
      headers[name] = value;
    }
  };

  if (body !== undefined && !webhook.payload?.startsWith('"')) {
    setDefault('content-type', 'application/json');
  }
  setDefault('user-agent', USER_AGENT);
  const cookies = Object.entries(webhook.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  if (cookies.length > 0) {
    const name = headerName(headers, 'cookie') ?? 'cookie';
    headers[name] = [...(headers[name] ? [headers[name]] : []), ...cookies].join('; ');
  }
  headers['webhook-id'] = publicId(webhook.id);
  headers['webhook-timestamp'] = timestampOf(attemptAt);
  return { url: webhook.url, method: webhook.method, headers, body };
}

/** Whole seconds since the epoch, as they are in `webhook-timestamp`. */
export function timestampOf(instant: number): string {
  return String(Math.floor(instant / 1000));
}

/** A string is sent as it is, an object as a form where the message asks for one, and anything else as the JSON text that was published. */
export function bodyOf(webhook: Webhook): string | undefined {
  if (webhook.payload === undefined) {
    return undefined;
  }
  if (webhook.payload.startsWith('"')) {
    return JSON.parse(webhook.payload) as string;
  }
  return isForm(webhook.headers ?? {}) ? encodeForm(webhook.payload).body : webhook.payload;
}

/** Whether the headers of a message ask for its payload to be sent as a form. */
export function isForm(headers: Readonly<Record<string, string>>): boolean {
  const name = headerName(headers, 'content-type');
  return name !== undefined && headers[name].split(';')[0].trim().toLowerCase() === FORM;
}

/**
 * An object as `application/x-www-form-urlencoded`, an array as its name repeated, a number as it was written; and the names whose values
 * no form can hold.
 *
 * @param payload JSON text of the object
 */
export function encodeForm(payload: string): { body: string; unencodable: string[] } {
  const form = new URLSearchParams();
  const unencodable: string[] = [];
  for (const [name, json] of memberTexts(payload)) {
    const texts = (json.startsWith('[') ? elementTexts(json) : [json]).map(scalarText);
    // Looked at together: one by one, a hundred thousand numbers take longer than the form of them.
    if (texts.includes(undefined) || !isWellFormed([name, ...texts].join(' '))) {
      unencodable.push(name);
    } else {
      texts.forEach((text) => form.append(name, text as string));
    }
  }
  return { body: form.toString(), unencodable };
}

/** The name of a header as the message writes it. */
export function headerName(headers: Readonly<Record<string, string>>, lowerCase: string): string | undefined {
  return Object.keys(headers).find((name) => name.toLowerCase() === lowerCase);
}
