/**
 * Desk: a calm market and an obliging venue around one engine, for examples that a trader can read.
 *
 * The bid is 1000 and the ask 1001 ticks, 500 lots each, 100 lots trade each second. The venue
 * accepts at once, lets passive orders rest and fills crossing ones, unless `answer` says otherwise.
 * `timeline` holds what was asked of it, in seconds since the start.
 */
import type { Strategy } from "../../src/core/contracts/strategy.ts";
import type { ClientOrderId, OrderReport, OrderTerms } from "../../src/core/domain/child-order.ts";
import { decimal } from "../../src/core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../src/core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import type { ParentOrder } from "../../src/core/domain/parent-order.ts";
import { lots, type Micros, micros, type Ticks, ticks } from "../../src/core/domain/units.ts";
import { Engine } from "../../src/core/engine.ts";
import type { FeeRates } from "../../src/core/execution/instrument-state.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type RiskLimits,
} from "../../src/core/execution/limits.ts";
import { ColumnsBuilder, Kind } from "../../src/core/market/columns.ts";
import { strategies } from "../../src/strategies/registry.ts";
import { tactics } from "../../src/strategies/tactics/registry.ts";

const EPOCH_SECONDS = 1_700_000_000;

export const XYZ: Instrument = {
  venue: "desk",
  symbol: "XYZUSD",
  kind: "linear",
  base: "XYZ",
  quote: "USD",
  tickSize: decimal("0.1"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(10_000),
  maxMarketLots: lots(10_000),
  minNotional: decimal("0"),
};

export type Answer = (order: OrderTerms) => readonly OrderReport[];

let executions = 0;
export const fillOf = (price: Ticks, quantity: number): OrderReport => ({
  kind: "filled",
  fill: {
    executionId: `x${++executions}`,
    price,
    quantity: lots(quantity),
    liquidity: "maker",
    fee: "0",
    feeCoin: "USD",
    exchangeTime: micros(0),
  },
});

export const oblige: Answer = ({ timeInForce, limitPrice, quantity }) =>
  timeInForce.kind === "immediate-or-cancel"
    ? [{ kind: "accepted" }, fillOf(limitPrice!, quantity)]
    : [{ kind: "accepted" }];
export const fillAll: Answer = ({ limitPrice, quantity }) => [
  { kind: "accepted" },
  fillOf(limitPrice!, quantity),
];

export class Desk {
  readonly engine: Engine;
  readonly instrument = instrumentId(XYZ);
  readonly timeline: string[] = [];
  readonly outputs: EngineOutput[] = [];
  readonly #journal: (readonly [EngineEvent, readonly EngineOutput[]])[] = [];
  bid = 1_000;
  ask = 1_001;
  depth = 500;
  volume = 100;
  isSilent = false;
  /** The process sleeps: the market goes on, the engine is not woken. */
  isAsleep = false;
  /** Cancels are not answered. */
  isDeaf = false;
  answer: Answer = oblige;
  #seconds = 0;
  #row = 0;
  readonly #rows = new ColumnsBuilder(1_024);
  #shown: { readonly bid: number; readonly ask: number } | undefined;

  constructor(
    limits: Partial<RiskLimits> = {},
    known: ReadonlyMap<string, Strategy> = strategies,
    fees: FeeRates = { maker: 0, taker: 0 },
    /** A process that has died: this one has its journal, and none of its rows. */
    past?: Desk,
  ) {
    this.engine = new Engine({
      execution: { ...DEFAULT_EXECUTION_CONFIG, maxParticipation: 1, minOrder: "0" },
      limits: { ...DEFAULT_RISK_LIMITS, participation: 0.5, ...limits },
      strategies: known,
      tactics,
      seed: 1,
      markets: [
        {
          header: {
            instrument: XYZ,
            epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
            ownTradesPrinted: false,
          },
          positionLots: 0,
          fees,
        },
      ],
    });
    if (past === undefined) {
      this.#show();
      return;
    }
    this.#seconds = past.#seconds;
    this.isSilent = true;
    for (const [event, outputs] of past.#journal) this.engine.recall(event, outputs);
  }

  parent(more: Partial<ParentOrder> = {}): ParentOrder {
    return {
      id: "p1",
      instrument: this.instrument,
      side: "buy",
      quantity: { kind: "lots", lots: lots(10) },
      startAt: at(0),
      deadline: at(50),
      strategy: {
        name: "twap",
        parameters: { intervalSeconds: 10, randomizeSize: 0, randomizeTime: 0 },
      },
      urgency: 0.5,
      maxSpreadToCross: 20,
      minOrder: lots(1),
      constraints: { mayCrossSpread: true, residual: "leave" },
      ...more,
    };
  }

  get state() {
    return this.engine.parents.get("p1")!;
  }

  submit(more: Partial<ParentOrder> = {}): void {
    this.step({ kind: "parent-submitted", time: this.now, parent: this.parent(more) });
  }

  get now(): Micros {
    return at(this.#seconds);
  }

  /** Lets time pass: each second the market speaks, and the engine's timers fire as they fall due. */
  until(seconds: number): void {
    while (this.#seconds < seconds) {
      const next = Math.min(seconds, Math.floor(this.#seconds) + 1);
      for (;;) {
        const wake = (this.engine.wakeAt - at(0)) / 1e6;
        if (this.isAsleep || wake > next) break;
        this.#seconds = Math.max(this.#seconds, wake);
        this.step({ kind: "timer-fired", time: this.now });
      }
      this.#seconds = next;
      if (!this.isSilent) this.#show();
    }
  }

  /** The touch goes elsewhere, now. */
  move(bid: number, ask: number): void {
    this.bid = bid;
    this.ask = ask;
    this.#show();
  }

  /** A new stream: it begins with the whole book. */
  reconnect(): void {
    this.#shown = undefined;
    this.#show();
  }

  report(clientOrderId: string, report: OrderReport): void {
    const id = clientOrderId as ClientOrderId;
    this.step({ kind: "order-reported", time: this.now, clientOrderId: id, report });
  }

  step(event: EngineEvent): void {
    const outputs = this.engine.step(event);
    this.outputs.push(...outputs);
    this.#journal.push([event, outputs]);
    for (const output of outputs) this.#note(output);
    for (const output of outputs) this.#act(output);
  }

  #act(output: EngineOutput): void {
    if (output.kind === "place-order") {
      const { order } = output;
      for (const report of this.answer(order)) this.report(order.clientOrderId, report);
    } else if (output.kind === "amend-order") {
      const { clientOrderId, limitPrice, quantity } = output.amend;
      this.report(clientOrderId, { kind: "amended", limitPrice, quantity });
    } else if (output.kind === "cancel-order" && !this.isDeaf) {
      this.report(output.clientOrderId, { kind: "canceled", text: "asked for" });
    }
  }

  #note(output: EngineOutput): void {
    const say = (text: string) => void this.timeline.push(`${this.#seconds}s ${text}`);
    if (output.kind === "place-order") {
      const { timeInForce, quantity, limitPrice, clientOrderId } = output.order;
      const verb = timeInForce.kind === "immediate-or-cancel" ? "take" : "post";
      say(`${verb} ${quantity} at ${limitPrice} (${clientOrderId})`);
    } else if (output.kind === "amend-order") {
      const { clientOrderId, limitPrice, quantity } = output.amend;
      say(`move ${clientOrderId} to ${quantity} at ${limitPrice}`);
    } else if (output.kind === "cancel-order") say(`cancel ${output.clientOrderId}`);
    else if (output.kind === "parent-moved" && !isRoutine(output)) {
      say(`${output.to}: ${output.reason}`);
    } else if (output.kind === "parent-refused") say(`refused: ${output.refusal.code}`);
  }

  #show(): void {
    const nanos = this.#seconds * 1e9;
    const push = (kind: number, price: number, quantity: number) =>
      this.#rows.push(nanos, nanos, kind, price, quantity);
    if (this.#shown === undefined) push(Kind.CLEAR, 0, 0);
    else {
      push(Kind.BID, this.#shown.bid, 0);
      push(Kind.ASK, this.#shown.ask, 0);
    }
    push(Kind.BID, this.bid, this.depth);
    push(Kind.ASK, this.ask, this.depth);
    push(Kind.TRADE_BUY, this.ask, this.volume);
    this.#rows.endMessage();
    this.#shown = { bid: this.bid, ask: this.ask };
    const block = this.#rows.view();
    this.#row = this.engine.observe(0, block, this.#row, block.length, nanos);
    const { wokeUp } = this.engine.instruments[0]!.observer;
    if (wokeUp && !this.isAsleep) {
      this.step({ kind: "touch-moved", time: this.now, instrument: this.instrument });
    }
  }
}

export const at = (seconds: number): Micros => micros((EPOCH_SECONDS + seconds) * 1e6);
export const price = (count: number): Ticks => ticks(count);

/** Moves that every order makes, several times. */
const isRoutine = ({ from, to }: Extract<EngineOutput, { kind: "parent-moved" }>): boolean =>
  (to === "active" && from !== "paused" && from !== "adjusting") || to === "executing";
