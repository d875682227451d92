/**
 * Scripted host: a hosted market whose rows a test writes, message by message.
 */
import { decimal } from "../../src/core/domain/decimal.ts";
import type { ContractKind, Instrument } from "../../src/core/domain/instrument.ts";
import { lots, type Micros, micros } from "../../src/core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../src/core/market/columns.ts";
import type { HostedMarket, HostedWorld } from "../../src/exchange/hosted-market.ts";

/** A whole second. */
export const OPENS = micros(Date.UTC(2026, 7, 9, 7, 59) * 1000);

export function scriptedInstrument(kind: ContractKind): Instrument {
  return {
    venue: "bybit",
    symbol: kind === "inverse" ? "BTCUSD" : "BTCUSDT",
    kind,
    base: "BTC",
    quote: kind === "inverse" ? "USD" : "USDT",
    tickSize: decimal("0.10"),
    lotSize: decimal(kind === "inverse" ? "1" : "0.001"),
    contractSize: decimal("1"),
    minLots: lots(1),
    maxLimitLots: lots(1_500_000),
    maxMarketLots: lots(150_000),
    minNotional: decimal(kind === "inverse" ? "0" : "5"),
  };
}

/** A row: what, at which tick, how many lots. */
export type ScriptedRow = readonly [kind: number, price: number, quantity: number];

export class ScriptedHost implements HostedMarket {
  readonly instrument: Instrument;
  readonly accounts = [];
  readonly isOver = false;
  readonly epochNanos = BigInt(OPENS) * 1000n;
  readonly world: HostedWorld | undefined;
  onRows: (rows: MarketBlock) => void = () => {};

  constructor(instrument: Instrument, world?: HostedWorld) {
    this.instrument = instrument;
    this.world = world;
  }

  /** One message. */
  tell(at: Micros, rows: readonly ScriptedRow[]): void {
    if (rows.length === 0) return;
    const built = new ColumnsBuilder(rows.length);
    const nanos = (at - OPENS) * 1000;
    for (const [kind, price, quantity] of rows) built.push(nanos, nanos, kind, price, quantity);
    built.endMessage();
    this.onRows(built.view());
  }

  /** A book of two levels a side around a mid. */
  open(at: Micros, mid = 650_000): void {
    this.tell(at, [
      [Kind.CLEAR, 0, 0],
      [Kind.BID, mid - 1, 50],
      [Kind.BID, mid - 3, 70],
      [Kind.ASK, mid + 1, 40],
      [Kind.ASK, mid + 2, 90],
    ]);
  }

  advance(): void {
    // The test tells.
  }

  close(): void {
    // Nothing is open.
  }
}
