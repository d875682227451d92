/**
 * Conformance: every example that the exchange covers, asked of a running exchange and compared.
 *
 * An account trades first, so that there is something to tell of. What must stay true: an example
 * that is covered and was not looked at is a fault, not a silence.
 */
import { micros } from "../../src/core/domain/units.ts";
import { type LocalExchange, startExchange } from "../../src/runtime/local-exchange.ts";
import { type Json, RawRest, RawStream } from "../clients/raw-client.ts";
import { ACTIONS, QUESTIONS, reasonFor, TOPICS, topicReason } from "./coverage.ts";
import {
  type Example,
  readEnums,
  readExamples,
  type ReplyExample,
  type RestExample,
  type StreamExample,
} from "./examples.ts";
import { compare } from "./shape.ts";
import { asOfSpot, judgeTold } from "./told.ts";
import { type SentOrder, valueFaults } from "./values.ts";

export interface Verdict {
  readonly source: string;
  readonly what: string;
  readonly outcome: "validated" | "mismatch" | "not covered";
  /** Faults, or the reason. Of what is validated: lists that were empty. */
  readonly details: readonly string[];
}

const SYMBOLS: Readonly<Record<string, string>> = {
  linear: "BTCUSDT",
  inverse: "BTCUSD",
  spot: "BTCUSDT",
};
const SIZES: Readonly<Record<string, string>> = { linear: "0.01", inverse: "500", spot: "0.01" };
/** A few seconds after funding was due: then it has been paid. */
const OPENS_AT = Date.UTC(2026, 10, 23, 8, 0, 10);
const HISTORY_SECONDS = 15;

interface ToldPart {
  readonly message: Json;
  readonly isSpot: boolean;
}

class Stage {
  readonly exchange: LocalExchange;
  readonly rest: RawRest;
  readonly answers = new Map<string, Json>();
  readonly replies = new Map<string, Json>();
  /** What is followed to its end. */
  readonly sent: SentOrder[] = [];
  readonly streams: RawStream[] = [];
  readonly #spotStreams = new Set<RawStream>();

  constructor(exchange: LocalExchange) {
    this.exchange = exchange;
    this.rest = new RawRest(exchange.url, exchange.accounts[0]!);
  }

  get #nowMs(): number {
    return Math.floor(this.exchange.now() / 1_000);
  }

  async get(path: string, query: Record<string, string>): Promise<Json> {
    return (await this.rest.get(path, query, { timestamp: this.#nowMs })).body;
  }

  async act(path: string, fields: object): Promise<Json> {
    const { body } = await this.rest.post(path, fields, { timestamp: this.#nowMs });
    this.answers.set(path, body);
    return body;
  }

  async open(kind: string): Promise<RawStream> {
    const path = kind === "private" || kind === "trade" ? kind : `public/${kind}`;
    const stream = await RawStream.open(`${this.exchange.streamUrl}/v5/${path}`);
    this.streams.push(stream);
    if (kind === "spot") this.#spotStreams.add(stream);
    this.replies.set(`${kind}:ping`, await stream.ask({ req_id: "p", op: "ping" }));
    if (kind === "private" || kind === "trade") {
      const at = this.#nowMs;
      const id = kind === "trade" ? { reqId: "a" } : { req_id: "a" };
      const account = this.exchange.accounts[0]!;
      this.replies.set(`${kind}:auth`, await stream.authenticate(account, at, id));
    }
    return stream;
  }

  async listen(kind: string, topics: readonly string[]): Promise<RawStream> {
    const stream = await this.open(kind);
    const reply = await stream.ask({ req_id: "s", op: "subscribe", args: topics });
    if (reply.success !== true) throw new Error(`${kind}: ${JSON.stringify(reply)}`);
    this.replies.set(`${kind}:subscribe`, reply);
    return stream;
  }

  header(): object {
    return { "X-BAPI-TIMESTAMP": String(this.#nowMs), "X-BAPI-RECV-WINDOW": "8000" };
  }

  /** All that was told, a record at a time where records say which category they are of. */
  get told(): readonly ToldPart[] {
    return this.streams.flatMap((stream) =>
      stream.received.flatMap((message) => {
        const { data } = message;
        if (!Array.isArray(data) || data[0]?.category === undefined) {
          return [{ message, isSpot: this.#spotStreams.has(stream) }];
        }
        return data.map((one) => ({
          message: { ...message, data: [one] },
          isSpot: one.category === "spot",
        }));
      }),
    );
  }
}

async function farPrice(stage: Stage, category: string): Promise<string> {
  const { result } = await stage.get("/v5/market/price-limit", {
    category,
    symbol: SYMBOLS[category]!,
  });
  // The lowest price a sell may name is far enough under the market for a buy to rest there.
  return result.sellLmt;
}

/** An order of each kind on each market: rests, is amended, is cancelled; others fill. */
async function trade(stage: Stage): Promise<void> {
  for (const category of Object.keys(SYMBOLS)) {
    const symbol = SYMBOLS[category]!;
    const qty = SIZES[category]!;
    const price = await farPrice(stage, category);
    const resting = { category, symbol, side: "Buy", orderType: "Limit", qty, price };
    const named = (orderLinkId: string): object => ({ ...resting, orderLinkId });
    await stage.act("/v5/order/create", named(`a-${category}`));
    const more = category === "inverse" ? "600" : "0.02";
    const orderLinkId = `a-${category}`;
    await stage.act("/v5/order/amend", { category, symbol, orderLinkId, qty: more });
    await stage.act("/v5/order/cancel", { category, symbol, orderLinkId });
    const side = "Buy";
    stage.sent.push({ category, orderLinkId, side, qty: more, price, becomes: "Cancelled" });
    const batch = [named(`b-${category}`), named(`c-${category}`)];
    await stage.act("/v5/order/create-batch", { category, request: batch });
    const first = { symbol, orderLinkId: `b-${category}` };
    await stage.act("/v5/order/amend-batch", { category, request: [{ ...first, qty: more }] });
    await stage.act("/v5/order/cancel-batch", { category, request: [first] });
    await stage.act("/v5/order/cancel-all", { category, symbol });
    for (const [index, taken] of (["Buy", "Sell", "Buy"] as const).entries()) {
      const order = { category, side: taken, qty, orderLinkId: `m${index}-${category}` };
      const market = { ...resting, ...order, orderType: "Market", marketUnit: "baseCoin" };
      await stage.act("/v5/order/create", market);
      stage.sent.push({ ...order, becomes: "Filled" });
    }
    await stage.act("/v5/order/create", named(`d-${category}`));
  }
  await stage.act("/v5/order/disconnected-cancel-all", { product: "DERIVATIVES", timeWindow: 40 });
  const linear = { category: "linear", symbol: "ETHUSDT" };
  await stage.act("/v5/position/set-leverage", { ...linear, buyLeverage: "6", sellLeverage: "6" });
  await stage.act("/v5/position/switch-mode", { ...linear, mode: 3 });
}

async function tradeByStream(stage: Stage): Promise<void> {
  const stream = await stage.open("trade");
  const price = await farPrice(stage, "linear");
  const order = { category: "linear", symbol: "BTCUSDT", side: "Buy", orderType: "Limit" };
  const request = { ...order, qty: "0.01", price, orderLinkId: "w" };
  const ask = async (op: string, args: object): Promise<void> => {
    const reply = await stream.ask({ reqId: op, header: stage.header(), op, args: [args] });
    if (reply.retCode !== 0) throw new Error(JSON.stringify(reply));
    stage.replies.set(`trade:${op}`, reply);
  };
  await ask("order.create", request);
  const named = { category: "linear", symbol: "BTCUSDT", orderLinkId: "w" };
  await ask("order.amend", { ...named, qty: "0.02" });
  await ask("order.cancel", named);
  const batch = { category: "linear", request: [{ ...request, orderLinkId: "x" }] };
  await ask("order.create-batch", batch);
}

async function openStage(): Promise<Stage> {
  const begun = performance.now();
  const exchange = await startExchange({
    symbols: [
      "linear:BTCUSDT=generated:seed=7",
      "linear:ETHUSDT=generated:seed=7",
      "spot:BTCUSDT=generated:seed=7",
      "inverse:BTCUSD=generated:seed=7",
    ],
    wallet: { USDT: "1000000", BTC: "10" },
    rateLimits: 1_000,
    history: HISTORY_SECONDS,
    clock: () => micros(Math.floor(OPENS_AT * 1_000 + (performance.now() - begun) * 1_000)),
  });
  return new Stage(exchange);
}

const PRIVATE = ["order", "execution", "execution.fast", "position", "wallet"];
/** Rare in a market that is well: an example of it is looked at only if it happens. */
const RARE = new Set(["allLiquidation"]);

async function listenToAll(stage: Stage): Promise<void> {
  for (const [category, symbol] of Object.entries(SYMBOLS)) {
    const topics = Object.entries(TOPICS)
      .filter(([name]) => !PRIVATE.includes(name))
      .filter(([name]) => category !== "spot" || name !== "allLiquidation")
      .map(([, topic]) => `${topic}.${symbol}`);
    await stage.listen(category, topics);
  }
  await stage.listen("private", PRIVATE);
}

/** Until each of the topics that are not rare has been told of. */
async function hear(stage: Stage): Promise<void> {
  const wanted = Object.keys(TOPICS).filter((name) => !RARE.has(name));
  const isHeard = (name: string): boolean =>
    stage.streams.some(({ received }) =>
      received.some(({ topic }) => topic?.split(".")[0] === name),
    );
  for (let looks = 0; looks < 1_000 && !wanted.every(isHeard); looks += 1) {
    stage.exchange.tick();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const topicName = (topic: string): string => topic.split(".")[0]!;

async function judgeRest(stage: Stage, example: RestExample): Promise<Verdict> {
  const { source, path, category, answer, method } = example;
  const what = `${method} ${path}${category === undefined ? "" : ` ${category}`}`;
  const uncovered = (why: string): Verdict => notCovered(source, what, why);
  if (category === "option") return uncovered("options are not traded");
  if (method === "POST" && ACTIONS.has(path)) {
    return judged(source, what, answer, stage.answers.get(path));
  }
  const recipe = method === "GET" && Object.hasOwn(QUESTIONS, path) ? QUESTIONS[path] : undefined;
  if (recipe === undefined) return uncovered(reasonFor(path));
  if (recipe.categories.length === 0) {
    return judged(source, what, answer, await stage.get(path, { ...recipe.query }));
  }
  const one = category ?? categoryByShape(answer) ?? recipe.categories[0]!;
  const symbol = SYMBOLS[one]!;
  const ours = await stage.get(path, { category: one, symbol, ...recipe.query });
  return judged(source, what, answer, ours);
}

/** Recorded answers do not always say what they are about. */
const categoryByShape = (answer: Json): string | undefined =>
  answer.result?.list?.[0]?.lotSizeFilter?.basePrecision === undefined ? undefined : "spot";

const notCovered = (source: string, what: string, why: string): Verdict => ({
  source,
  what,
  outcome: "not covered",
  details: [why],
});

/** Words for success: Bybit's own examples of one path do not agree on them. */
const DONE = new Set(["OK", "success", ""]);

let enums: ReturnType<typeof readEnums>;

function judged(source: string, what: string, example: Json, ours: Json): Verdict {
  if (ours === undefined) {
    return { source, what, outcome: "mismatch", details: ["nothing to compare with it"] };
  }
  const { faults, empty } = compare(example, ours, enums);
  if (example.retCode === 0 && ours.retCode !== 0) {
    faults.unshift(`retCode ${ours.retCode} ${ours.retMsg}`);
  } else if (DONE.has(example.retMsg) && !DONE.has(ours.retMsg)) {
    faults.push(`retMsg "${ours.retMsg}"`);
  }
  if (faults.length > 0) return { source, what, outcome: "mismatch", details: faults };
  return { source, what, outcome: "validated", details: empty.map((list) => `${list} is empty`) };
}

function judgeStream(stage: Stage, example: StreamExample): Verdict {
  const { source, message } = example;
  const { topic } = message as { topic: string };
  const name = topicName(topic);
  const what = `${example.stream} ${topic}`;
  const uncovered = (why: string): Verdict => notCovered(source, what, why);
  if (example.stream === "option" || isOption(message)) return uncovered("options are not traded");
  if (!Object.hasOwn(TOPICS, name) || /rpi|full/.test(topic)) return uncovered(topicReason(topic));
  const isPrivate = PRIVATE.includes(name);
  const all = stage.streams
    .flatMap(({ received }) => received)
    .filter((one) => (isPrivate ? one.topic === topic : topicName(one.topic ?? "") === name))
    .filter((one) => message.type === undefined || one.type === message.type);
  // Of several forms of one topic, the one that has most in common with the example.
  const verdicts = all.map((one) => judged(source, what, message, one));
  const best = verdicts.toSorted((a, b) => a.details.length - b.details.length)[0];
  if (best !== undefined) return best;
  return RARE.has(name)
    ? uncovered("none happened meanwhile")
    : judged(source, what, message, undefined);
}

/** The page of the order stream shows an option's order, with the fields of all others. */
const isOption = (message: Json): boolean =>
  (message.topic.startsWith("tickers.") && message.data.markIv !== undefined) ||
  message.data?.bidIv !== undefined;

/** Under which name a message is compared with examples; undefined where it is not covered. */
function shapeName({ topic, type = "" }: Json): string | undefined {
  if (typeof topic !== "string" || /rpi|full/.test(topic)) return undefined;
  const name = topicName(topic);
  if (!Object.hasOwn(TOPICS, name)) return undefined;
  if (PRIVATE.includes(name)) return topic;
  // Of a ticker each example has fields that another has not.
  return name === "tickers" ? name : `${name} ${type}`.trim();
}

/** Every message that was told, whether or not an example asked for it. */
function judgeAllTold(stage: Stage, examples: readonly Example[]): Verdict[] {
  const shown = examples.filter(
    (one): one is StreamExample =>
      one.kind === "stream" && one.stream !== "option" && !isOption(one.message),
  );
  return [false, true].flatMap((isSpot) => {
    const told = stage.told.filter((part) => part.isSpot === isSpot);
    const topics = judgeTold(
      told.map(({ message }) => message),
      isSpot ? shown.map(asOfSpot) : shown,
      enums,
      shapeName,
    );
    return topics.map(({ name, messages, faults }): Verdict => ({
      source: "all that was told",
      what: `${messages} messages of ${name}${isSpot ? ", spot" : ""}`,
      outcome: faults.length === 0 ? "validated" : "mismatch",
      details: faults,
    }));
  });
}

/** What was sent, and what the exchange says of it. */
async function judgeValues(stage: Stage): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const told = stage.streams.flatMap(({ received }) => received);
  const orders = told.filter(({ topic }) => topic === "order").flatMap(({ data }) => data);
  for (const sent of stage.sent) {
    const { category, orderLinkId } = sent;
    const one = { category, symbol: SYMBOLS[category]!, orderLinkId };
    const history = (await stage.get("/v5/order/history", one)).result.list[0];
    const executions = (await stage.get("/v5/execution/list", one)).result.list;
    const last = orders.findLast((order) => order.orderLinkId === orderLinkId);
    const faults = valueFaults(sent, { history, told: last, executions });
    verdicts.push(valuesVerdict(`${category} order ${orderLinkId}`, faults));
  }
  const query = { category: "linear", symbol: SYMBOLS["linear"]! };
  const [position] = (await stage.get("/v5/position/list", query)).result.list;
  const isHeld = position?.side === "Buy" && Number(position.size) === Number(SIZES["linear"]);
  const held = `${position?.side} ${position?.size}, not Buy ${SIZES["linear"]}`;
  verdicts.push(valuesVerdict("linear position", isHeld ? [] : [held]));
  const [ticker] = (await stage.get("/v5/market/tickers", query)).result.list;
  const next = Number(ticker.nextFundingTime);
  const isHour = next % 3_600_000 === 0 && next > OPENS_AT;
  const words = `nextFundingTime: ${ticker.nextFundingTime} is no full hour to come`;
  verdicts.push(valuesVerdict("linear funding", isHour ? [] : [words]));
  return verdicts;
}

const valuesVerdict = (what: string, faults: readonly string[]): Verdict => ({
  source: "values",
  what,
  outcome: faults.length === 0 ? "validated" : "mismatch",
  details: faults,
});

function judgeReply(stage: Stage, example: ReplyExample): Verdict {
  const { source, message } = example;
  const op = message.op === "pong" ? "ping" : message.op;
  const what = `${example.stream} reply to ${op}`;
  const found = [...stage.replies].filter(
    ([name]) => name.endsWith(`:${op}`) && name.startsWith(example.stream),
  );
  if (found.length === 0) {
    const why = example.stream === "option" ? "options are not traded" : "no such command";
    return notCovered(source, what, why);
  }
  const verdicts = found.map(([, reply]) => {
    // An example of a refusal shows its shape, not its code.
    const shown = op === "order.create-batch" ? { ...message, retExtInfo: undefined } : message;
    return judged(source, what, { ...shown, ret_msg: undefined }, reply);
  });
  return verdicts.toSorted((a, b) => a.details.length - b.details.length)[0]!;
}

function judge(stage: Stage, example: Example): Promise<Verdict> | Verdict {
  if (example.kind === "rest") return judgeRest(stage, example);
  if (example.kind === "stream") return judgeStream(stage, example);
  if (example.kind === "reply") return judgeReply(stage, example);
  return notCovered(example.source, "unreadable", example.why);
}

/** Starts an exchange, trades on it, and compares. */
export async function conform(): Promise<Verdict[]> {
  enums = readEnums();
  const stage = await openStage();
  try {
    await listenToAll(stage);
    await trade(stage);
    await tradeByStream(stage);
    await hear(stage);
    const verdicts: Verdict[] = [];
    const examples = readExamples();
    for (const example of examples) verdicts.push(await judge(stage, example));
    return [...verdicts, ...judgeAllTold(stage, examples), ...(await judgeValues(stage))];
  } finally {
    for (const stream of stage.streams) stream.close();
    await stage.exchange.close();
  }
}
