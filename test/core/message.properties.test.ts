import * as fc from 'fast-check';
import { memberTexts } from '../../src/core/json-text';
import { FieldError, fieldsOf, mergeMessage, parseMessage, ParsedMessage, partsOf } from '../../src/core/message';
import { cutTo } from '../../src/core/retry';
import { messageText, Webhook } from '../../src/core/webhook';
import { anyJson, Fields, numberJson, objectTextOf, retryPlan, textJson, token } from '../support/arbitrary';
import { changes, cutTo100, Draft, draft, faulty, fields, FIELDS, OPTIONS, REQUIRED } from '../support/faulty-messages';

const withText = (arbitrary: fc.Arbitrary<Fields>) => arbitrary.chain((f) => fc.tuple(fc.constant(f), objectTextOf(f)));
const parse = (text: string) => parseMessage(text, OPTIONS);
const plainText = (f: Fields) => `{${[...f].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;

function webhookOf(parsed: ParsedMessage): Webhook {
  if (!('webhook' in parsed)) {
    throw new Error(JSON.stringify(parsed));
  }
  return parsed.webhook;
}
const errorsOf = (parsed: ParsedMessage) => ('errors' in parsed ? parsed.errors : []);
const named = (errors: readonly FieldError[]) => errors.map(({ field, received }) => ({ field, received }));
const byField = (errors: { field: string; received: string }[]) => errors.sort((a, b) => (a.field < b.field ? -1 : 1));

/** Of an object of scalars: a string's text, and any other one as it was written. */
const textsOf = (json: string | undefined) =>
  json && [...memberTexts(json)].map(([name, text]) => [name, text.startsWith('"') ? JSON.parse(text) as string : text]).sort();

describe('any text', () => {
  const garbled = fc.tuple(withText(fields), fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }), fc.nat(2))
    .map(([[, text], position, inserted, dropped]) => {
      const at = position % text.length;
      return text.slice(0, at) + inserted + text.slice(at + dropped);
    });
  const someFields = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...FIELDS), token), anyJson), { maxLength: 12 }).map((f) => plainText(new Map(f)));

  test('is a webhook, an action, or errors, and never throws; what is said of it is bounded', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyJson, garbled, someFields), (text) => {
      const parsed = parse(text);
      expect(Object.keys(parsed)).toEqual('errors' in parsed ? ['errors', 'id'] : [expect.stringMatching(/^(webhook|action)$/)]);
      if ('errors' in parsed) {
        expect(parsed.errors.length).toBeGreaterThan(0);
        expect(parsed.errors.length).toBeLessThanOrEqual(50);
        expect(Math.max(...parsed.errors.map(({ field, received }) => Math.max(field.length, received.length)))).toBeLessThanOrEqual(101);
        expect(parsed.errors.every(({ expected }) => expected.length > 0)).toBe(true);
        fieldsOf(parsed.errors).forEach((name) => expect([...FIELDS, 'message', 'other']).toContain(name));
      }
    }), { numRuns: 700 });
  });

  test('that is no JSON object is wrong as a whole, and nothing else is said of it', () => {
    const isObject = (text: string) => {
      try {
        return /^\s*\{/.test(text) && Boolean(JSON.parse(text));
      } catch {
        return false;
      }
    };
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyJson, garbled).filter((text) => !isObject(text)), (text) => {
      expect(parse(text)).toEqual({
        id: OPTIONS.defaultId, errors: [{ field: 'message', received: cutTo100(JSON.stringify(text)), expected: expect.any(String) }],
      });
    }), { numRuns: 200 });
  });
});

describe('a valid message', () => {
  test('is accepted as what it says: payload to the character, headers and cookies as they were written', () => {
    fc.assert(fc.property(withText(fields), ([f, text]) => {
      const webhook = webhookOf(parse(text));
      const said = (name: string) => JSON.parse(f.get(name) ?? 'null') as unknown;
      expect(webhook).toMatchObject({
        id: f.has('id') ? `.${said('id') as string}` : OPTIONS.defaultId,
        ownId: f.has('id'),
        dueAt: Date.parse(said('date') as string),
        date: said('date'),
        url: said('url'),
        method: (said('method') as string).toUpperCase(),
      });
      expect(webhook.payload).toBe(f.get('payload'));
      expect(webhook.headers && Object.entries(webhook.headers).sort()).toEqual(textsOf(f.get('headers')));
      expect(webhook.cookies && Object.entries(webhook.cookies).sort()).toEqual(textsOf(f.get('cookies')));
      expect(webhook.retry ?? null).toEqual(said('retry'));
    }), { numRuns: 400 });
  });

  test('comes back from its text, the same webhook with the same payload, and then the text stays the same', () => {
    fc.assert(fc.property(withText(fields), ([f, text]) => {
      const webhook = webhookOf(parse(text));
      const again = webhookOf(parse(messageText(webhook)));
      expect(again).toEqual(webhook);
      expect(again.payload).toBe(f.get('payload'));
      expect(messageText(again)).toBe(messageText(webhook));
    }), { numRuns: 400 });
  });

  test('means the same whatever the order of its fields, the space around them, and nulls for what it leaves out', () => {
    fc.assert(fc.property(fields.chain((f) => {
      const absent = ['id', 'payload', 'headers', 'cookies', 'retry', 'action'].filter((name) => !f.has(name));
      return fc.tuple(objectTextOf(f), fc.subarray(absent).chain((nulls) => objectTextOf(new Map([...f, ...nulls.map((name) => [name, 'null'] as const)]))));
    }), ([one, other]) => {
      expect(webhookOf(parse(`\r\n ${other}\t`))).toEqual(webhookOf(parse(one)));
    }), { numRuns: 200 });
  });
});

describe('errors', () => {
  test('name each field that is wrong and no other, with what came', () => {
    fc.assert(fc.property(faulty, ([text, list]) => {
      const expected = list.map(({ error }) => ({ field: error.field, received: cutTo100(error.received) }));
      expect(byField(named(errorsOf(parse(text))))).toEqual(byField(expected));
    }), { numRuns: 700 });
  });

  const anyFields = fc.tuple(fields, fc.array(fc.tuple(fc.constantFrom(...FIELDS.slice(1)), anyJson), { maxLength: 4 }))
    .map(([f, others]) => new Map([...f, ...others]));
  const VALID = new Map([['date', '"2030-01-01T00:00:00Z"'], ['url', '"https://example.com"'], ['method', '"GET"']]);

  test('are about what is there, and leave nothing out: a message is accepted once they are heeded', () => {
    fc.assert(fc.property(anyFields, (f) => {
      const errors = errorsOf(parse(plainText(f)));
      const wrong = new Set(errors.map(({ field }) => field.split('.')[0]));
      for (const { field, received } of errors) {
        const json = f.get(field.split('.')[0]);
        expect(received === 'nothing' ? json ?? 'null' : json).toContain(received === 'nothing' ? 'null' : received.replace(/…$/, ''));
      }
      const heeded = new Map([...f].filter(([name]) => !wrong.has(name)));
      [...wrong].filter((name) => REQUIRED.includes(name)).forEach((name) => heeded.set(name, VALID.get(name) as string));
      expect(parse(plainText(heeded))).toHaveProperty('webhook');
    }), { numRuns: 700 });
  });

  test('name each member of a payload that no form can hold', () => {
    const noScalar = fc.constantFrom('null', '{}', '{"a":1}', '[null]', '[1,[]]', '[{}]', '"\\ud800"', '["\\udc00"]');
    const entries = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(textJson, noScalar)), { selector: ([name]) => name, maxLength: 8 });
    const message = (payload: string) => plainText(new Map([...VALID, ['headers', '{"content-type":"application/x-www-form-urlencoded"}'], ['payload', payload]]));
    fc.assert(fc.property(entries.chain((e) => fc.tuple(fc.constant(e), objectTextOf(new Map(e)))), ([e, payload]) => {
      const wrong = e.filter(([, json]) => /^(null|\{|\[|"\\ud800)/.test(json)).map(([name, json]) => ({ field: `payload.${name}`, received: json }));
      expect(byField(named(errorsOf(parse(message(payload)))))).toEqual(byField(wrong));
    }), { numRuns: 200 });
    fc.assert(fc.property(fc.oneof(numberJson, fc.constantFrom('true', '[]', '["a=b"]')), (payload) => {
      expect(named(errorsOf(parse(message(payload))))).toEqual([{ field: 'payload', received: payload }]);
    }));
  });
});

describe('a list', () => {
  const space = fc.constantFrom('', ' ', '\n', '\r\n\t');
  const spaced = fc.tuple(space, anyJson, space);
  const listOf = (minLength: number, maxLength: number) => fc.tuple(fc.array(spaced, { minLength, maxLength }), space).map(([elements, around]) => ({
    written: elements.map(([, element]) => element), text: `${around}[${elements.map((parts) => parts.join('')).join(',')}]${around}`,
  }));
  const itself = (text: string) => [{ text, defaultId: 'sns-1', isListed: false }];
  const valueOf = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  };

  test('of one to ten values comes apart into them, each as it was written, under the MessageId and its place', () => {
    fc.assert(fc.property(listOf(1, 10), ({ written, text }) => {
      expect(partsOf(text, 'sns-1')).toEqual(written.map((element, place) => ({ text: element, defaultId: `sns-1-${place}`, isListed: true })));
    }), { numRuns: 400 });
  });

  test('of none, or of more than ten, stays as it is', () => {
    fc.assert(fc.property(fc.oneof(listOf(0, 0), listOf(11, 14)), ({ text }) => {
      expect(partsOf(text, 'sns-1')).toEqual(itself(text));
    }), { numRuns: 100 });
  });

  const inserted = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('[', ']', ',', '"'));
  const garbled = fc.tuple(listOf(0, 12), fc.nat(), inserted, fc.nat(2)).map(([{ text }, position, put, dropped]) => {
    const at = position % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + dropped);
  });
  const led = fc.tuple(fc.constantFrom('\ufeff', '\u00a0', ' '), anyJson).map((parts) => parts.join(''));

  test('is told by what JSON makes of any text: it never throws, nothing of a list is left out, and all else stays itself', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyJson, garbled, led), (text) => {
      const value = valueOf(text);
      if (!Array.isArray(value) || value.length === 0 || value.length > 10) {
        expect(partsOf(text, 'sns-1')).toEqual(itself(text));
        return;
      }
      const texts = partsOf(text, 'sns-1').map((part) => part.text);
      expect(texts.map(valueOf)).toEqual(value);
      let end = 0;
      for (const part of texts) {
        const start = text.indexOf(part, end);
        expect(text.slice(end, start)).toMatch(end === 0 ? /^\s*\[\s*$/ : /^\s*,\s*$/);
        end = start + part.length;
      }
      expect(text.slice(end)).toMatch(/^\s*\]\s*$/);
    }), { numRuns: 700 });
  });

  test('holds webhooks that are what they would be by themselves, right and wrong ones', () => {
    const webhook = fc.oneof(withText(fields).map(([, text]) => text), faulty.map(([text]) => text), anyJson);
    fc.assert(fc.property(fc.array(webhook, { minLength: 1, maxLength: 10 }), (webhooks) => {
      for (const [place, part] of partsOf(`[${webhooks.join()}]`, 'sns-1').entries()) {
        // What is no object has another description of what was expected.
        const undescribed = (parsed: ParsedMessage) => ('errors' in parsed ? { ...parsed, errors: named(parsed.errors) } : parsed);
        const alone = parseMessage(webhooks[place], { ...OPTIONS, defaultId: `sns-1-${place}` });
        expect(undescribed(parseMessage(part.text, { ...OPTIONS, ...part }))).toEqual(undescribed(alone));
      }
    }), { numRuns: 200 });
  });

  test('holds no actions: each is refused, whatever else is wrong with it', () => {
    const action = draft.chain(({ kind, id, changes: valid, wrong }) => (
      objectTextOf(new Map([['action', kind], ...(id === undefined ? [] : [['id', id] as const]), ...valid, ...wrong]))
    ));
    fc.assert(fc.property(action, (text) => {
      const [part] = partsOf(`[${text}]`, 'sns-1');
      expect(named(errorsOf(parseMessage(part.text, { ...OPTIONS, ...part }))).map(({ field }) => field)).toContain('action');
    }), { numRuns: 200 });
  });
});

describe('actions', () => {
  /** What the documentation says is wrong with an action. */
  function wrongFields({ kind, id, changes: valid, wrong: invalid }: Draft): string[] {
    const given = new Map([...valid, ...invalid]);
    const about = [
      ...(['"cancel"', '"reschedule"', '"redrive"'].includes(kind) ? [] : ['action']),
      ...(id !== undefined && /^"[\w:/+=@-]{1,128}"$/.test(id) ? [] : ['id']),
    ];
    if (kind === '"cancel"' || kind === '"redrive"') {
      return [...about, ...given.keys()].sort();
    }
    // Without the headers that made it a form, or with other ones, any payload will do.
    return [...about, ...(kind === '"reschedule"' && given.size === 0 ? ['action'] : []), ...invalid.keys()].sort();
  }

  test('are taken as they are meant, or every wrong field is named', () => {
    fc.assert(fc.property(draft.chain((d) => fc.tuple(
      fc.constant(d), objectTextOf(new Map([['action', d.kind], ...(d.id === undefined ? [] : [['id', d.id] as const]), ...d.changes, ...d.wrong])),
    )), ([d, text]) => {
      const parsed = parse(text);
      const expected = wrongFields(d);
      expect(errorsOf(parsed).map(({ field }) => field).sort()).toEqual(expected);
      if (expected.length === 0) {
        const [kind, id] = [JSON.parse(d.kind) as string, JSON.parse(d.id as string) as string];
        expect(parsed).toEqual({ action: kind === 'reschedule' ? { kind, id, changes: d.changes } : { kind, id } });
      }
    }), { numRuns: 700 });
  });

  test('a reschedule gives the webhook that a message with the replaced fields would have given', () => {
    const withChanges = fc.tuple(fields, changes).chain(([f, c]) => fc.tuple(fc.constant([f, c] as const), objectTextOf(new Map([...f, ...c]))));
    fc.assert(fc.property(withChanges, ([[f, c], published]) => {
      const stored = messageText(webhookOf(parse(plainText(f))));
      expect(parse(mergeMessage(stored, c))).toEqual(parse(published));
    }), { numRuns: 400 });
  });
});

describe('retry limits', () => {
  test('are taken up to the plan, and never beyond it', () => {
    const asked = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.integer({ min: 0, max: 10_000_000 }), fc.double());
    fc.assert(fc.property(retryPlan, asked, asked, fc.record({ attempts: fc.nat(1), age: fc.nat(1) }), (plan, maxAttempts, maxAgeSeconds, beyond) => {
      // Without an age of the plan's own: the longest retention there is.
      const most = { maxAttempts: plan.delaysMs.length + 1, maxAgeSeconds: Math.floor((plan.maxAgeMs ?? 3_660 * 86_400_000) / 1_000) };
      const atTheEdge = { maxAttempts: most.maxAttempts + beyond.attempts, maxAgeSeconds: most.maxAgeSeconds + beyond.age };
      for (const retry of [{ maxAttempts, maxAgeSeconds }, atTheEdge]) {
        const text = JSON.stringify({ date: '2030-01-01T00:00:00Z', url: 'https://example.com', method: 'GET', retry });
        const parsed = parseMessage(text, { ...OPTIONS, retry: plan });
        const wrong = (['maxAttempts', 'maxAgeSeconds'] as const).filter((name) =>
          JSON.stringify(retry[name]) !== 'null' && !(Number.isInteger(retry[name]) && retry[name] >= 1 && retry[name] <= most[name]));
        expect(errorsOf(parsed).map(({ field }) => field)).toEqual(wrong.map((name) => `retry.${name}`));
        const limits = 'webhook' in parsed ? parsed.webhook.retry : {};
        expect(limits?.maxAttempts ?? 1).toBeLessThanOrEqual(most.maxAttempts);
        expect(limits?.maxAgeSeconds ?? 1).toBeLessThanOrEqual(most.maxAgeSeconds);
      }
    }), { numRuns: 400 });
  });

  test('that were granted under another plan are cut to this one: no more than it grants, no less than was asked, and valid', () => {
    const limits = fc.record({
      maxAttempts: fc.integer({ min: 1, max: 40 }), maxAgeSeconds: fc.integer({ min: 1, max: 3_660 * 86_400 }),
    }, { requiredKeys: [], noNullPrototype: true });
    fc.assert(fc.property(retryPlan, limits, (plan, granted) => {
      const retry = cutTo(plan, granted);
      const text = JSON.stringify({ date: '2030-01-01T00:00:00Z', url: 'https://example.com', method: 'GET', retry });
      expect(webhookOf(parseMessage(text, { ...OPTIONS, retry: plan })).retry).toEqual(retry);
      expect(Object.keys(retry)).toEqual(Object.keys(granted));
      for (const name of ['maxAttempts', 'maxAgeSeconds'] as const) {
        const uncut = parseMessage(JSON.stringify({ ...JSON.parse(text) as object, retry: { [name]: granted[name] } }), { ...OPTIONS, retry: plan });
        expect(retry[name] === granted[name]).toBe('webhook' in uncut);
      }
    }), { numRuns: 200 });
  });
});
