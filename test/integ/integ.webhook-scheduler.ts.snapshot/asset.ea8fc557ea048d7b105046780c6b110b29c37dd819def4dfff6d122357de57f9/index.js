"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// scripts/end-to-end/receiver.ts
var receiver_exports = {};
__export(receiver_exports, {
  handler: () => handler,
  receiverFor: () => receiverFor
});
module.exports = __toCommonJS(receiver_exports);
var import_client_dynamodb2 = require("@aws-sdk/client-dynamodb");

// scripts/end-to-end/arrivals.ts
var import_client_dynamodb = require("@aws-sdk/client-dynamodb");
var PARTITION_KEY = "about";
var SORT_KEY = "at";
var ADDED_HEADERS = /^x-(forwarded|amzn)-/;
var Arrivals = class {
  constructor(dynamodb, table) {
    this.dynamodb = dynamodb;
    this.table = table;
  }
  dynamodb;
  table;
  /** Writes a request down, and returns how many had come before for the same webhook. */
  async record(event) {
    const id = event.headers["webhook-id"] ?? "nobody";
    const before = await this.requests(id);
    const { timeEpoch, requestId, http } = event.requestContext;
    await this.put(`request#${id}`, `${timeEpoch}#${requestId}#${before.length}`, {
      arrivedAt: { N: String(timeEpoch) },
      method: { S: http.method },
      target: { S: `${event.rawPath}${event.rawQueryString === "" ? "" : `?${event.rawQueryString}`}` },
      headers: { S: JSON.stringify(Object.entries(event.headers).filter(([name]) => !ADDED_HEADERS.test(name))) },
      cookies: { S: JSON.stringify(Object.fromEntries((event.cookies ?? []).map((cookie) => splitAtFirst(cookie, "=")))) },
      ...event.body ? { body: { B: Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8") } } : {}
    });
    return before.length;
  }
  /** The requests for a webhook, in the order in which they came. */
  async requests(id) {
    return (await this.query(`request#${id}`)).map((item) => ({
      arrivedAt: Number(item.arrivedAt.N),
      method: item.method.S,
      target: item.target.S,
      headers: JSON.parse(item.headers.S),
      cookies: JSON.parse(item.cookies.S),
      body: Buffer.from(item.body?.B ?? []),
      complete: true
    }));
  }
  /** Writes down a failure notice, or anything else that is a text, under an id. */
  async keep(kind, id, key, text) {
    await this.put(`${kind}#${id}`, key, { text: { S: text } });
  }
  /** The texts that were kept, in the order of their keys. */
  async kept(kind, id) {
    return (await this.query(`${kind}#${id}`)).map(({ text }) => text.S);
  }
  async put(about, at, attributes) {
    const Item = { [PARTITION_KEY]: { S: about }, [SORT_KEY]: { S: at }, ...attributes };
    await this.dynamodb.send(new import_client_dynamodb.PutItemCommand({ TableName: this.table, Item }));
  }
  async query(about) {
    const { Items = [] } = await this.dynamodb.send(new import_client_dynamodb.QueryCommand({
      TableName: this.table,
      KeyConditionExpression: "#about = :about",
      ExpressionAttributeNames: { "#about": PARTITION_KEY },
      ExpressionAttributeValues: { ":about": { S: about } },
      ConsistentRead: true
    }));
    return Items;
  }
};
function splitAtFirst(text, separator) {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

// scripts/demo/webhooks.ts
var SOON_MS = 5e3;
var APART_MS = 400;
var CANCELLED_BEFORE_LATER_MS = 3e3;
var AN_HOUR_MS = 60 * 6e4;
var JSON_TYPE = { "content-type": "application/json" };
var FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
var NOTHING = { headers: {}, cookies: {}, body: "" };
function demoWebhooks(url, now, laterMs) {
  const [json, form, text, get, naive, flaky] = Array.from({ length: 6 }, (_, i) => now + SOON_MS + i * APART_MS);
  const later = now + laterMs;
  const cancelled = later - CANCELLED_BEFORE_LATER_MS;
  const past = now - AN_HOUR_MS;
  return [
    {
      name: "JSON",
      dueAt: json,
      // The number has more digits than JavaScript's own hold, and still arrives whole.
      message: `{"date":"${iso(json)}","url":"${url}/orders","method":"POST","payload":{"order":12345678901234567890,"note":"Gr\xFC\xDFe \u2615"}}`,
      request: { ...NOTHING, method: "POST", target: "/orders", headers: JSON_TYPE, body: '{"order":12345678901234567890,"note":"Gr\xFC\xDFe \u2615"}' },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "form",
      dueAt: form,
      message: JSON.stringify({
        date: iso(form),
        url: `${url}/forms`,
        method: "post",
        headers: FORM_TYPE,
        payload: { name: "Ada Lovelace", tags: ["a&b", "c=d"] }
      }),
      request: { ...NOTHING, method: "POST", target: "/forms", headers: FORM_TYPE, body: "name=Ada+Lovelace&tags=a%26b&tags=c%3Dd" },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "string",
      dueAt: text,
      message: JSON.stringify({
        date: iso(text),
        url: `${url}/notes/7`,
        method: "PUT",
        headers: { "content-type": "text/plain; charset=utf-8" },
        payload: 'as it is:\n"\xFC"\n'
      }),
      request: { ...NOTHING, method: "PUT", target: "/notes/7", headers: { "content-type": "text/plain; charset=utf-8" }, body: 'as it is:\n"\xFC"\n' },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "GET",
      dueAt: get,
      message: JSON.stringify({
        date: iso(get),
        url: `${url}/status?deep=true&of=order%207`,
        method: "GET",
        headers: { "X-Tenant": "blue", "Accept": "text/html" },
        cookies: { session: "a1b2", theme: "dark" }
      }),
      request: {
        method: "GET",
        target: "/status?deep=true&of=order%207",
        headers: { "X-Tenant": "blue", "Accept": "text/html" },
        cookies: { session: "a1b2", theme: "dark" },
        body: ""
      },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "naive date",
      dueAt: naive,
      // As Python's datetime.utcnow().isoformat() writes it: no offset, microseconds.
      message: JSON.stringify({ date: `${iso(naive).slice(0, -1)}000`, url: `${url}/from-python`, method: "post" }),
      request: { ...NOTHING, method: "POST", target: "/from-python" },
      past: false,
      way: "ingest",
      answers: [200]
    },
    {
      name: "past date",
      dueAt: past,
      message: JSON.stringify({ date: iso(past), url: `${url}/at-once`, method: "DELETE" }),
      request: { ...NOTHING, method: "DELETE", target: "/at-once" },
      past: true,
      way: "ingest",
      answers: [200]
    },
    {
      name: "failing once",
      dueAt: flaky,
      message: JSON.stringify({ date: iso(flaky), url: `${url}/flaky`, method: "POST", payload: "again" }),
      request: { ...NOTHING, method: "POST", target: "/flaky", body: "again" },
      past: false,
      way: "ingest",
      answers: [503, 200]
    },
    {
      name: "cancelled",
      dueAt: cancelled,
      message: JSON.stringify({ id: "order-4711", date: iso(cancelled), url: `${url}/cancelled`, method: "POST" }),
      request: { ...NOTHING, method: "POST", target: "/cancelled" },
      past: false,
      way: "load",
      id: "order-4711",
      answers: []
    },
    {
      name: "due later",
      dueAt: later,
      message: JSON.stringify({ date: iso(later), url: `${url}/later`, method: "POST", payload: ["through", "the", "table"] }),
      request: { ...NOTHING, method: "POST", target: "/later", headers: JSON_TYPE, body: '["through","the","table"]' },
      past: false,
      way: "load",
      answers: [200]
    }
  ];
}
function demoBehaviours() {
  const answering = demoWebhooks("", 0, 0).filter(({ answers }) => answers.length > 1);
  return Object.fromEntries(answering.map(({ request, answers }) => [request.target, { first: answers.map((status) => ({ status })) }]));
}
function iso(instant) {
  return new Date(instant).toISOString();
}

// scripts/end-to-end/webhooks.ts
var GONE = 410;
var GONE_PATH = "/gone";
function answerTo(path, nth) {
  const status = path === GONE_PATH ? GONE : demoBehaviours()[path]?.first?.[nth]?.status ?? 200;
  return { statusCode: status };
}

// scripts/end-to-end/receiver.ts
function receiverFor(arrivals) {
  return async (event) => answerTo(event.rawPath, await arrivals.record(event));
}
var deployed;
function handler(event) {
  deployed ??= receiverFor(new Arrivals(new import_client_dynamodb2.DynamoDBClient({}), process.env.ARRIVALS_TABLE));
  return deployed(event);
}
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  handler,
  receiverFor
});
