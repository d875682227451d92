/**
 * Tape: an exchange with a listener that writes down what it is told, for tests.
 */
import type { Instrument } from "../../src/core/domain/instrument.ts";
import { addMicros, type Micros, ticks } from "../../src/core/domain/units.ts";
import { Exchange } from "../../src/exchange/exchange.ts";
import type {
  Acknowledgement,
  AmendRequest,
  ExchangeFault,
  ExchangeListener,
  ExecutionRecord,
  OrderRecord,
  PlaceRequest,
  PositionRecord,
} from "../../src/exchange/exchange-types.ts";
import type { FeeTable } from "../../src/exchange/ledger/fees.ts";
import { LadderMarket, START } from "./ladder-market.ts";

/** A request's fields that most requests of a test leave alone. */
export const PLAIN: PlaceRequest = {
  category: "linear",
  symbol: "BTCUSDT",
  side: "buy",
  isMarket: false,
  quantity: "1",
  price: undefined,
  timeInForce: undefined,
  orderLinkId: undefined,
  positionIndex: undefined,
  reduceOnly: false,
  marketUnit: undefined,
  smpType: undefined,
};

export interface FloorOptions {
  readonly instruments: readonly Instrument[];
  readonly wallets: readonly Readonly<Record<string, string>>[];
  readonly fees?: FeeTable;
}

export class Floor {
  readonly exchange: Exchange;
  readonly markets: readonly LadderMarket[];
  readonly orders: { account: number; record: OrderRecord }[] = [];
  readonly executions: { account: number; record: ExecutionRecord }[] = [];
  readonly positions: { account: number; record: PositionRecord }[] = [];
  /** Lines since `take`. */
  #lines: string[] = [];

  constructor({ instruments, wallets, fees }: FloorOptions) {
    this.markets = instruments.map((instrument) => new LadderMarket(instrument, wallets.length));
    this.exchange = new Exchange({
      markets: this.markets,
      accounts: wallets.map((wallet, number) => ({ uid: `${1_000 + number}`, wallet })),
      listener: this.#listener(),
      seed: 7,
      ...(fees === undefined ? {} : { fees }),
    });
    this.exchange.advance(addMicros(START, 1_000));
  }

  /** Price limits three hundredths away on either side. */
  limit(market: number, mid: number): void {
    const width = Math.floor(mid * 0.03);
    this.markets[market]!.priceLimit = { buy: ticks(mid + width), sell: ticks(mid - width) };
  }

  place(account: number, request: Partial<PlaceRequest>): string {
    return answerOf(this.exchange.place(account, { ...PLAIN, ...request }));
  }

  /** @returns the order's id. */
  placed(account: number, request: Partial<PlaceRequest>): string {
    const answer = this.exchange.place(account, { ...PLAIN, ...request });
    if (!answer.ok) throw new Error(answer.error.retMsg);
    return answer.value.orderId;
  }

  amend(account: number, request: Partial<AmendRequest>): string {
    return answerOf(this.exchange.amend(account, { ...NAMED, ...request }));
  }

  cancel(account: number, request: Partial<AmendRequest>): string {
    return answerOf(this.exchange.cancel(account, { ...NAMED, ...request }));
  }

  /** Time goes on. */
  pass(span: number): void {
    this.exchange.advance(addMicros(this.exchange.now, span));
  }

  /** What was told since the last call. */
  take(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  orderOf(account: number, orderId: string): OrderRecord | undefined {
    for (const category of ["linear", "spot", "inverse"] as const) {
      const [record] = this.exchange.openOrders(account, { category, orderId }, true);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  #listener(): ExchangeListener {
    return {
      order: (account, record) => {
        this.orders.push({ account, record });
        const { status, cumulative, quantity, cancelType, rejectReason } = record;
        const why = cancelType === "UNKNOWN" ? rejectReason : cancelType;
        const tail = why === "EC_NoError" ? "" : ` ${why}`;
        this.#lines.push(`${account} order ${status} ${cumulative}/${quantity}${tail}`);
      },
      execution: (account, record) => {
        this.executions.push({ account, record });
        const { execType, price, quantity, isMaker, fee, feeCoin, profit } = record;
        const role = isMaker ? "maker" : "taker";
        const earned = profit === "0" ? "" : ` profit ${profit}`;
        this.#lines.push(
          `${account} ${execType} ${quantity} at ${price} ${role} fee ${fee} ${feeCoin}${earned}`,
        );
      },
      position: (account, record) => {
        this.positions.push({ account, record });
        const { side, size, entryPrice } = record;
        this.#lines.push(`${account} position ${side ?? "none"} ${size} at ${entryPrice}`);
      },
      wallet: (account, record) => {
        const coins = record.coins.map(({ coin, wallet, locked }) =>
          locked === "0" ? `${wallet} ${coin}` : `${wallet} ${coin} (${locked} locked)`,
        );
        this.#lines.push(`${account} wallet ${coins.join(", ")}`);
      },
    };
  }
}

const NAMED: AmendRequest = {
  category: "linear",
  symbol: "BTCUSDT",
  orderId: undefined,
  orderLinkId: undefined,
  quantity: undefined,
  price: undefined,
};

const answerOf = (
  answer:
    | { readonly ok: true; readonly value: Acknowledgement }
    | { readonly ok: false; readonly error: ExchangeFault },
): string => (answer.ok ? "OK" : `${answer.error.retCode} ${answer.error.retMsg}`);

/** Microseconds after `START`. */
export const after = (span: number): Micros => addMicros(START, span);
