// Messages with faults, for property tests: each with what is wrong with it.
import * as fc from 'fast-check';
import { anyJson, Fields, headerName, numberJson, objectTextOf, ownId, scalarJson, stringJson, token, validFields } from './arbitrary';
import { LOOPBACK_TOO } from './network';
import { MAX_PAST_MS } from '../../src/core/limits';
import { ParseOptions } from '../../src/core/message';

/** When a message is read. */
export const NOW = Date.parse('2030-01-01T00:00:00Z');
const HORIZON_MS = 366 * 86_400_000;
/** Of a scheduler that has something to say against each field. */
export const OPTIONS: ParseOptions = {
  defaultId: '2bf6d4d6-5a1b-4e1f-9f7e-0d3d6d1b5e11',
  now: NOW,
  maxHorizonMs: HORIZON_MS,
  partitions: 16,
  retry: { delaysMs: [5_000, 60_000, 600_000], jitter: 0.2, maxAgeMs: 900_000 },
  network: LOOPBACK_TOO,
};
/** All that a message can have. */
export const FIELDS = ['action', 'id', 'date', 'url', 'method', 'payload', 'headers', 'cookies', 'retry'];
/** Those that a webhook has to have. */
export const REQUIRED = ['date', 'url', 'method'];

/** The fields of any message that it takes. */
export const fields = validFields(NOW - MAX_PAST_MS, NOW + HORIZON_MS, { maxAttempts: 4, maxAgeSeconds: 900 });

/** Of each field, values that it does not take. */
export const WRONG: Readonly<Record<string, fc.Arbitrary<string>>> = {
  action: fc.oneof(stringJson.filter((json) => !['cancel', 'reschedule', 'redrive'].includes(JSON.parse(json) as string)), numberJson),
  id: fc.oneof(
    numberJson, fc.constantFrom('""', '"a.b"', '"a b"', '"a#b"', '"é"', '"a\\n"', JSON.stringify('x'.repeat(129)), '["a"]', '{}'),
    stringJson.filter((json) => !/^[\w:/+=@-]{1,128}$/.test(JSON.parse(json) as string)),
  ),
  date: fc.oneof(
    scalarJson, fc.constantFrom('"2030-02-29T00:00:00Z"', '"2030-01-01"', '[]', '{}'),
    fc.date({ min: new Date(NOW + HORIZON_MS + 1), max: new Date('9999-01-01T00:00:00Z'), noInvalidDate: true }).map((date) => JSON.stringify(date)),
  ),
  url: fc.oneof(
    scalarJson.filter((json) => !/^"\s*https?:/i.test(json)),
    fc.constantFrom('"ftp://example.com"', '"https://user:secret@example.com"', '"https://"', '"/hook"', `"https://example.com/${'x'.repeat(8_192)}"`, '[]', '{}'),
  ),
  method: fc.oneof(scalarJson, fc.constantFrom('"FETCH"', '"CONNECT"', '"GET "', '["GET"]', '{}')),
  headers: fc.oneof(scalarJson, fc.constantFrom('[]', '[{"x-a":"1"}]')),
  cookies: fc.oneof(scalarJson, fc.constantFrom('[]', '["a=b"]')),
  retry: fc.oneof(scalarJson, fc.constantFrom('[]', '[{"maxAttempts":1}]')),
};

/** As errors quote what came. */
export const cutTo100 = (text: string) => (text.length > 100 ? `${text.slice(0, 100).replace(/[\ud800-\udbff]$/, '')}…` : text).replace(/\p{Surrogate}/gu, '\ufffd');

/** A fault: what it makes of the fields, and what has to be said of it. */
export interface Fault {
  readonly target: string;
  readonly apply: (f: Map<string, string>) => void;
  readonly error: { readonly field: string; readonly received: string };
}

const wrongValue: fc.Arbitrary<Fault> = fc.constantFrom('id', ...REQUIRED, 'headers', 'cookies', 'retry').chain((target) =>
  WRONG[target].map((json) => ({ target, apply: (f: Map<string, string>) => f.set(target, json), error: { field: target, received: json } })));
const missing: fc.Arbitrary<Fault> = fc.tuple(fc.constantFrom(...REQUIRED), fc.boolean()).map(([target, isNull]) => ({
  target, apply: (f) => (isNull ? f.set(target, 'null') : f.delete(target)), error: { field: target, received: 'nothing' },
}));
const unknown: fc.Arbitrary<Fault> = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), anyJson).filter(([name, json]) => !FIELDS.includes(name) && json !== 'null')
  .map(([name, json]) => ({ target: name, apply: (f) => f.set(name, json), error: { field: cutTo100(name), received: json } }));
const member = (target: string, names: fc.Arbitrary<string>, values: fc.Arbitrary<string>): fc.Arbitrary<Fault> =>
  fc.tuple(names, values).map(([name, json]) => ({
    target, apply: (f) => f.set(target, `{${JSON.stringify(name)}:${json}}`), error: { field: cutTo100(`${target}.${name}`), received: json },
  }));
const noToken = fc.oneof(stringJson.map((json) => JSON.parse(json) as string), fc.constantFrom('', 'a b', 'é', 'a:b', '(a)')).filter((name) => !/^[!#$%&'*+.^_`|~\w-]+$/.test(name));
const wrongMember = fc.oneof(
  member('headers', noToken, scalarJson),
  member('headers', fc.constantFrom(
    'Connection', 'content-length', 'Expect', 'HOST', 'keep-alive', 'Proxy-Connection', 'te', 'trailer', 'Transfer-Encoding', 'upgrade',
    'Webhook-Signature', 'webhook-id', 'webhook-',
  ), scalarJson),
  member('headers', headerName, fc.constantFrom('"a\\r\\nb: c"', '"\\u0000"', '"✓"', '"\\u007f"', 'null', '{}', '["1"]')),
  member('cookies', noToken, scalarJson),
  member('cookies', token, fc.constantFrom('"a; b=c"', '"é"', '"\\n"', 'null', '{}', '[]')),
  member('retry', fc.constantFrom('maxAttempts'), fc.constantFrom('0', '-1', '5', '1.5', '"1"', 'true', '1e400', '[]', '{}')),
  member('retry', fc.constantFrom('maxAgeSeconds'), fc.constantFrom('0', '901', '0.5', '"60"', '[]')),
  member('retry', token.filter((name) => !['maxAttempts', 'maxAgeSeconds'].includes(name)), scalarJson),
);
const faults = fc.uniqueArray(fc.oneof(wrongValue, missing, unknown, wrongMember), {
  selector: ({ target }) => target, minLength: 1, maxLength: 6,
});

/** The text of a message with faults, and these. */
export const faulty = fc.tuple(fields, faults).chain(([f, list]) => {
  // A form would have more to say of the payload once its headers are other ones.
  const broken = new Map([...f].filter(([name]) => name !== 'payload'));
  list.forEach(({ apply }) => apply(broken));
  return fc.tuple(objectTextOf(broken), fc.constant(list));
});

/** An action, right or wrong. */
export interface Draft {
  readonly kind: string;
  readonly id?: string;
  /** Valid changes, and those of them that are replaced by something wrong. */
  readonly changes: Fields;
  readonly wrong: Fields;
}

/** The fields that a reschedule replaces. */
export const changes = fields.chain((f) => fc.subarray([...f].filter(([name]) => name !== 'id')).map((kept) => new Map(kept)));
const wrong = fc.subarray([...REQUIRED, 'headers', 'cookies', 'retry'], { minLength: 1 })
  .chain((names) => fc.tuple(...names.map((name) => WRONG[name]))
    .map((texts) => new Map(texts.map((json, i) => [names[i], json]))));
export const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.oneof(fc.constantFrom('"cancel"', '"reschedule"', '"redrive"'), WRONG.action),
  id: fc.option(fc.oneof({ weight: 3, arbitrary: ownId.map((id) => JSON.stringify(id)) }, WRONG.id), { nil: undefined }),
  changes: fc.oneof(changes, fc.constant<Fields>(new Map())),
  wrong: fc.oneof(wrong, fc.constant<Fields>(new Map())),
});

/** The text of a list of up to twelve such texts, which is more than a message may hold. */
export const listOf = (element: fc.Arbitrary<string>, { minLength = 0, maxLength = 12 } = {}): fc.Arbitrary<string> => (
  fc.tuple(fc.array(element, { minLength, maxLength }), fc.constantFrom('', ' ', '\r\n\t')).map(([texts, space]) => `${space}[${space}${texts.join(`${space},${space}`)}${space}]`)
);
