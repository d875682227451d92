/**
 * Ladder market: a hosted market whose book a test sets order by order.
 *
 * The matching engine and the accounts in it are the simulation's own; only the crowd is the
 * test's. What must stay true: all reports of a call have been told when it returns.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../../src/core/domain/child-order.ts";
import { decimal } from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import type { AmendTerms } from "../../src/core/domain/messages.ts";
import {
  type HalfTicks,
  halfTicks,
  lots,
  type Micros,
  micros,
  type Ticks,
  ticks,
} from "../../src/core/domain/units.ts";
import { NO_TICK } from "../../src/core/market/book-side.ts";
import type { MarketBlock } from "../../src/core/market/columns.ts";
import {
  type HostedAccount,
  type HostedMarket,
  withoutMinimum,
} from "../../src/exchange/hosted-market.ts";
import type { FundingPayment, MarketView } from "../../src/exchange/market-view.ts";
import { ExchangeAccount } from "../../src/simulation/exchange-account.ts";
import { NO_FEES } from "../../src/simulation/fees.ts";
import { constantLatency } from "../../src/simulation/latency.ts";
import {
  CROWD,
  MatchingEngine,
  type OrderSlot,
} from "../../src/simulation/order-book/matching-engine.ts";

export const START = micros(1_764_000_000_000_000);

const BITCOIN = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.10"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(100_000),
  maxMarketLots: lots(10_000),
  minNotional: decimal("5"),
} as const satisfies Instrument;

export const LINEAR: Instrument = BITCOIN;
export const SPOT: Instrument = {
  ...BITCOIN,
  kind: "spot",
  tickSize: decimal("0.01"),
  lotSize: decimal("0.000001"),
  maxLimitLots: lots(100_000_000),
  maxMarketLots: lots(50_000_000),
};
export const INVERSE: Instrument = {
  ...BITCOIN,
  symbol: "BTCUSD",
  kind: "inverse",
  quote: "USD",
  tickSize: decimal("0.5"),
  lotSize: decimal("1"),
  maxLimitLots: lots(10_000_000),
  maxMarketLots: lots(1_000_000),
  minNotional: decimal("1"),
};

export class LadderMarket implements HostedMarket, MarketView {
  readonly instrument: Instrument;
  readonly accounts: readonly HostedAccount[];
  readonly isOver = false;
  readonly epochNanos = BigInt(START) * 1000n;
  readonly hosted = this;
  risk = { maxLeverage: "100.00", maintenanceMarginRate: "0.005" };
  /** 0: no limit. */
  priceLimit = { buy: ticks(0), sell: ticks(0) };
  last = ticks(0);
  onRows: (rows: MarketBlock) => void = () => undefined;
  readonly matching: MatchingEngine;
  /** Nanoseconds since `START`: what the accounts in the book ask for. */
  now = 0;
  readonly #own: ExchangeAccount[] = [];
  readonly #fundings: FundingPayment[] = [];
  /** What happens by itself: told by the test. */
  readonly #events: { at: Micros; act: () => void }[] = [];
  #mark = 0;

  constructor(instrument: Instrument, accountCount: number) {
    this.instrument = instrument;
    this.matching = new MatchingEngine({
      traded: (slot, owner, _taker, takerBuys, price, quantity, left) => {
        this.last = ticks(price);
        if (owner !== CROWD) this.#ownOf(owner).filled(slot, !takerBuys, price, quantity, left);
      },
      levelChanged: () => undefined,
      removed: () => undefined,
    });
    const taken = withoutMinimum(instrument);
    const config = { instrument: taken, fees: NO_FEES, epochNanos: this.epochNanos };
    for (let owner = 1; owner <= accountCount; owner++) {
      const latency = constantLatency(0, 0);
      this.#own.push(new ExchangeAccount({ ...config, latency }, this, owner));
    }
    this.accounts = this.#own.map((own) => new Face(this, own));
  }

  get bid(): Ticks {
    const { bestBid } = this.matching;
    return ticks(bestBid === NO_TICK ? 0 : bestBid);
  }

  get ask(): Ticks {
    const { bestAsk } = this.matching;
    return ticks(bestAsk === NO_TICK ? 0 : bestAsk);
  }

  /** The mid unless the test has set one. */
  get markPrice(): HalfTicks {
    return halfTicks(this.#mark > 0 ? this.#mark : this.bid + this.ask);
  }

  setMark(price: HalfTicks): void {
    this.#mark = price;
  }

  takeFundings(): readonly FundingPayment[] {
    return this.#fundings.splice(0);
  }

  fund(payment: FundingPayment): void {
    this.#fundings.push(payment);
  }

  /** Something of the crowd's, when time gets there. */
  later(at: Micros, act: () => void): void {
    this.#events.push({ at, act });
  }

  advance(now: Micros): void {
    const due = this.#events.filter((event) => event.at <= now);
    for (const { at, act } of due) {
      this.#events.splice(0, 1);
      this.#at(at);
      act();
    }
    this.#at(now);
  }

  close(): void {}

  /** The crowd rests an order, or takes with it. @returns its slot. */
  crowd(buys: boolean, price: number, quantity: number): OrderSlot {
    const slot = this.matching.limit(CROWD, buys, price, quantity);
    this.#drain();
    return slot;
  }

  /** The crowd takes, and rests nothing. */
  take(buys: boolean, worst: number, quantity: number): void {
    this.matching.take(CROWD, buys, worst, quantity);
    this.#drain();
  }

  /** `levels` of `quantity` lots on both sides of a price, a tick apart. */
  fill(mid: number, levels: number, quantity: number): void {
    for (let k = 1; k <= levels; k++) {
      this.crowd(true, mid - k, quantity);
      this.crowd(false, mid + k, quantity);
    }
  }

  command(own: ExchangeAccount, at: Micros, send: (nanos: number) => void): void {
    this.#at(at);
    send(this.now);
    own.handleCommand();
    this.#drain();
  }

  #at(time: Micros): void {
    this.now = Math.max(this.now, (time - START) * 1000);
  }

  #drain(): void {
    while (this.#own.some((own) => own.mustSettle)) for (const own of this.#own) own.settle();
    for (const [number, own] of this.#own.entries()) {
      while (own.nextReportAt < Number.POSITIVE_INFINITY) {
        const at = micros(START + Math.floor(own.nextReportAt / 1000));
        const { clientOrderId, report } = own.takeReport();
        this.accounts[number]!.onReport(clientOrderId, report, at);
      }
    }
  }

  #ownOf(owner: number): ExchangeAccount {
    return this.#own[owner - 1]!;
  }
}

class Face implements HostedAccount {
  onReport: (id: ClientOrderId, report: OrderReport, at: Micros) => void = () => undefined;
  readonly #market: LadderMarket;
  readonly #own: ExchangeAccount;

  constructor(market: LadderMarket, own: ExchangeAccount) {
    this.#market = market;
    this.#own = own;
  }

  place(order: OrderTerms, at: Micros): void {
    this.#market.command(this.#own, at, (nanos) => this.#own.place(order, nanos));
  }

  amend(amend: AmendTerms, at: Micros): void {
    this.#market.command(this.#own, at, (nanos) => this.#own.amend(amend, nanos));
  }

  cancel(id: ClientOrderId, at: Micros): void {
    this.#market.command(this.#own, at, (nanos) => this.#own.cancel(id, nanos));
  }
}
