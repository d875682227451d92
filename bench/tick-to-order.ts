/**
 * Tick to order: from the receipt of a frame of market data to the bytes of the order it caused.
 *
 *   node bench/tick-to-order.ts [--rates 200,1000,5000] [--seconds 20] [--json]
 *
 * In one process, at true pace: frames of a generated market as Bybit sends them come at so many a
 * second; each is parsed, decoded, observed and decided on by the live loop with a journal on the
 * disk of the temporary folder, and what the engine wants sent is written as a frame of the trade
 * stream. An order rests at the touch and follows it. Two parts are told apart: what is computed,
 * and the wait until its reason is on the disk. The socket itself is in neither.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import type { ClientOrderId, OrderReport } from "../src/core/domain/child-order.ts";
import { type TacticKind, TOUCH } from "../src/core/contracts/tactic.ts";
import { Engine } from "../src/core/engine.ts";
import { formatPrice, formatQuantity, instrumentId } from "../src/core/domain/instrument.ts";
import { lots, micros, ticks } from "../src/core/domain/units.ts";
import { Kind, KIND_MASK, LAST, type MarketHeader } from "../src/core/market/columns.ts";
import { BybitStream } from "../src/data/bybit-stream.ts";
import { type CaptureContext, newCounts, parseObject, TimeBase } from "../src/data/capture.ts";
import { FileCounts } from "../src/data/read-report.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { fileStore } from "../src/runtime/live/file-store.ts";
import { LiveLoop } from "../src/runtime/live/live-loop.ts";
import type { RunStore, Tape } from "../src/runtime/live/run-store.ts";
import { TickToOrder } from "../src/runtime/live/tick-to-order.ts";
import { strategies } from "../src/strategies/registry.ts";
import { openGenerated } from "../src/runtime/market-source.ts";
import { tradeFrame } from "../src/venues/bybit/wire-stream.ts";
import { amendBody, cancelBody, placeBody } from "../src/venues/bybit/wire-requests.ts";
import { MessageRows } from "../src/venues/message-rows.ts";
import { SYSTEM_TIMERS } from "../src/data/network/timers.ts";
import type { VenueSession, VenueSink } from "../src/venues/venue.ts";

/** The design's prototype, p50 and p99 in µs at messages a second; another day, other inputs. */
const PROTOTYPE: Readonly<Record<number, string>> = { 200: "62/118", 1000: "41/83", 5000: "21/60" };
const WARM_UP_SECONDS = 3;
const DEPTH = "200";
/** Rests at the touch and follows it at once: as many ticks as can be cause an order. */
const FOLLOW: TacticKind = {
  name: "follow",
  summary: "for this bench",
  defaults: {},
  check: () => [],
  bind: () => ({
    ...TOUCH,
    name: "follow",
    follow: "both",
    repegInterval: micros(10_000),
    cross: "never",
  }),
};
const STYLE = { positionIndex: 0, selfMatch: undefined } as const;

const { values } = parseArgs({
  options: {
    rates: { type: "string", default: "200,1000,5000" },
    seconds: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), "arrival-tick-"));

async function measure(rate: number, seconds: number) {
  const total = Math.ceil(rate * (seconds + WARM_UP_SECONDS));
  const market = openGenerated({
    kind: "generated",
    seed: 11,
    startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
    duration: micros(Math.ceil((total / 100 + 30) * 1e6)),
    eventsPerSecond: 200,
  });
  // The market's own epoch lies elsewhere: here time begins with the bench.
  const header: MarketHeader = {
    ...market.header,
    instrument: { ...market.header.instrument, venue: "bybit" },
    epochNanos: BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n,
  };
  const stage = new Stage(header, rate);
  stage.begin();
  const frames = framesOf(header, market.blocks, total);
  const start = stage.session.now();
  let sent = 0;
  for (const frame of frames) {
    const due = start + (sent / rate) * 1e9;
    while (stage.session.now() < due) await turn();
    stage.take(frame(Date.now()));
    sent += 1;
    if (sent === rate * WARM_UP_SECONDS) stage.meter = new TickToOrder();
    if (sent >= total) break;
  }
  stage.loop.leave();
  await stage.loop.ended;
  stage.close();
  return { rate, sent, orders: stage.orders, bytes: stage.bytes, ...stage.meter.figures };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

class Stage {
  readonly session: ObligingSession;
  readonly loop: LiveLoop;
  readonly #stream: BybitStream;
  readonly #header: MarketHeader;
  readonly #store: RunStore;
  readonly #tape: Tape;
  readonly #options: { meter: TickToOrder };
  #journal: { close(): void } | undefined;
  #hasBegun = false;

  constructor(header: MarketHeader, rate: number) {
    this.#header = header;
    this.#store = fileStore(join(folder, `${rate}.journal`));
    this.#tape = this.#store.tape({ header, format: "bench", onFault: stop });
    this.session = new ObligingSession(header);
    const rows = new MessageRows((block) => this.session.sink?.rows(block));
    const time = new TimeBase();
    time.seconds = Number(header.epochNanos / 1_000_000_000n);
    const context: CaptureContext = {
      options: {},
      position: { file: "bench", line: 0 },
      file: new FileCounts(),
      time,
      openSink: () => rows,
    };
    const track = { instrument: header.instrument, counts: newCounts(), sink: rows };
    this.#stream = new BybitStream(track, context);
    const limits = {
      ...DEFAULT_CONFIG.limits,
      participation: 1,
      amendsPerMinute: 1_000_000,
      ordersPerMinute: 1_000_000,
      orderNotional: 1e9,
      positionNotional: 1e12,
      volatilityStopPerHour: 10,
      benchmarkDeviationBps: 1e6,
    };
    const execution = { ...DEFAULT_CONFIG.execution, maxParticipation: 1 };
    this.#options = { meter: new TickToOrder() };
    const options = this.#options;
    this.loop = new LiveLoop({
      engine: new Engine({
        execution,
        limits,
        strategies,
        tactics: new Map([[FOLLOW.name, FOLLOW]]),
        seed: 1,
        markets: [{ header, positionLots: 0 }],
      }),
      session: this.session,
      timers: SYSTEM_TIMERS,
      tape: this.#tape,
      // The figures of the warm-up are thrown away.
      get meter() {
        return options.meter;
      },
    });
  }

  get meter(): TickToOrder {
    return this.#options.meter;
  }

  set meter(meter: TickToOrder) {
    this.#options.meter = meter;
  }

  get orders(): number {
    return this.session.orders;
  }

  get bytes(): number {
    return this.session.bytes;
  }

  begin(): void {
    this.loop.watch();
  }

  take(text: string): void {
    const receivedAt = this.session.now();
    const message = parseObject(text) as { topic: string };
    if (message.topic.startsWith("publicTrade")) this.#stream.trades(message, receivedAt, text);
    else this.#stream.book(DEPTH, message, receivedAt, text);
    if (this.#hasBegun || !this.#stream.isSynchronised) return;
    this.#hasBegun = true;
    // After the message in hand, as an operator's event comes.
    setImmediate(() => this.#submit());
  }
  #submit(): void {
    const journal = this.#store.create({
      format: 2,
      program: "bench",
      nodeMajor: 0,
      instrument: null,
      market: null,
      config: null,
      seed: 1,
    });
    if (!journal.ok) throw new Error(journal.error.text);
    this.#journal = journal.value;
    this.loop.begin(journal.value, (time) => ({
      kind: "parent-submitted",
      time,
      parent: {
        id: "bench",
        instrument: instrumentId(this.#header.instrument),
        side: "buy",
        quantity: { kind: "lots", lots: lots(100_000) },
        startAt: time,
        deadline: micros(time + 3_600e6),
        strategy: {
          name: "twap",
          parameters: {},
          tactic: { name: FOLLOW.name, parameters: {} },
        },
        urgency: 0.5,
        constraints: { mayCrossSpread: false, residual: "leave" },
        maxSpreadToCross: 20,
        minOrder: lots(1),
        acceptInfeasible: true,
      },
    }));
  }
  close(): void {
    this.#tape.close();
    this.#journal?.close();
  }
}

function stop({ text }: { readonly text: string }): never {
  throw new Error(text);
}

/** Writes what would be sent, and says yes to everything in a later turn; nothing is filled. */
class ObligingSession implements VenueSession {
  readonly header: MarketHeader;
  readonly fees = { maker: 0, taker: 0 };
  readonly account = {
    coin: "USDT",
    equity: "0",
    available: "0",
    positionLots: 0,
    leverage: "1",
    liquidationPrice: undefined,
    positionMode: "one-way",
    foreignOrders: 0,
  } as const;
  sink: VenueSink | undefined;
  orders = 0;
  bytes = 0;
  readonly #began = process.hrtime.bigint();
  readonly #startedAt: number;

  constructor(header: MarketHeader) {
    this.header = header;
    this.#startedAt = Number(BigInt(Date.now()) * 1_000_000n - header.epochNanos);
  }

  now(): number {
    return this.#startedAt + Number(process.hrtime.bigint() - this.#began);
  }

  adopt(): void {}

  start(sink: VenueSink): void {
    this.sink = sink;
  }

  place(order: Parameters<VenueSession["place"]>[0]): void {
    const body = placeBody(this.header.instrument, STYLE, order);
    if (!body.ok) throw new Error(body.error.text);
    this.#send("order.create", body.value);
    this.#answer(order.clientOrderId, { kind: "accepted" });
  }

  amend(amend: Parameters<VenueSession["amend"]>[0]): void {
    const { clientOrderId, limitPrice, quantity } = amend;
    this.#send("order.amend", amendBody(this.header.instrument, amend));
    this.#answer(clientOrderId, { kind: "amended", limitPrice, quantity });
  }

  cancel(id: ClientOrderId): void {
    this.#send("order.cancel", cancelBody(this.header.instrument, id));
    this.#answer(id, { kind: "canceled", text: "on request" });
  }

  async refresh() {
    return { ok: true as const, value: this.account };
  }

  async cancelAll() {
    return { ok: true as const, value: undefined };
  }

  async close(): Promise<void> {}

  #send(operation: "order.create" | "order.amend" | "order.cancel", body: object): void {
    this.orders += 1;
    const requestId = `bench-${this.orders.toString(36)}`;
    const timestampMs = Date.now();
    const frame = tradeFrame({ requestId, operation, body, timestampMs, recvWindowMs: 5000 });
    this.bytes += Buffer.from(frame).length;
  }

  #answer(id: ClientOrderId, report: OrderReport): void {
    setImmediate(() => this.sink?.report(id, report));
  }
}

/** The market's messages as Bybit's frames, whose text is made when it is wanted. */
function* framesOf(
  { instrument }: MarketHeader,
  blocks: ReturnType<typeof openGenerated>["blocks"],
  most: number,
): Generator<(nowMs: number) => string> {
  let update = 0;
  let trades = 0;
  for (const { kind, price, quantity, length } of blocks) {
    let from = 0;
    for (let row = 0; row < length && update + trades < most * 2; row++) {
      if ((kind[row]! & LAST) === 0) continue;
      const sides: [string, string][][] = [[], []];
      const prints: object[] = [];
      let isSnapshot = false;
      for (let at = from; at <= row; at++) {
        const what = kind[at]! & KIND_MASK;
        const tick = ticks(Math.max(1, price[at]!));
        const size = formatQuantity(instrument, lots(quantity[at]!));
        if (what === Kind.CLEAR) isSnapshot = true;
        else if (what <= Kind.ASK) sides[what]!.push([formatPrice(instrument, tick), size]);
        else {
          const S = what === Kind.TRADE_BUY ? "Buy" : "Sell";
          const i = String(++trades);
          prints.push({ s: instrument.symbol, S, v: size, p: formatPrice(instrument, tick), i });
        }
      }
      from = row + 1;
      const { symbol } = instrument;
      if (prints.length > 0) {
        yield (ts) =>
          JSON.stringify({
            topic: `publicTrade.${symbol}`,
            type: "snapshot",
            ts,
            data: prints.map((print) => Object.assign({ T: ts, L: "PlusTick", BT: false }, print)),
          });
      }
      const [b, a] = sides;
      if (b!.length + a!.length === 0) continue;
      update += 1;
      const u = update;
      const type = isSnapshot ? "snapshot" : "delta";
      yield (ts) =>
        JSON.stringify({
          topic: `orderbook.${DEPTH}.${symbol}`,
          type,
          ts,
          data: { s: symbol, b, a, u, seq: u },
          cts: ts,
        });
    }
  }
}

function printTable(results: readonly Awaited<ReturnType<typeof measure>>[]): void {
  const head = ["messages/s", "orders", "compute p50/p99 µs", "durable p50/p99 µs", "prototype"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { rate, compute, durable } of results) {
    const text = (part: typeof compute): string =>
      part === undefined ? "–" : `${part.p50.toFixed(0)}/${part.p99.toFixed(0)}`;
    const count = compute === undefined ? 0 : compute.count;
    table.push([rate, count, text(compute), text(durable), PROTOTYPE[rate] ?? "–"]);
  }
  process.stdout.write(`node ${process.version}\n${table.toString()}\n`);
}

const results: Awaited<ReturnType<typeof measure>>[] = [];
try {
  for (const rate of values.rates.split(",").map(Number)) {
    results.push(await measure(rate, Number(values.seconds)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else printTable(results);
