/**
 * Hosted market: one instrument's market, as the local exchange drives it.
 *
 * The exchange owns the clock: it says up to when things happen, and what it sends acts at that
 * very instant. A market may be recorded, reactive or generated; whoever makes one (the program's
 * `compose`) also maps the market's own time to the exchange's. What must stay true: time never
 * falls, and what comes of a call has been told to the listeners when the call returns.
 */
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import type { Side } from "../core/domain/side.ts";
import { lots, type Lots, type Micros, type Ticks } from "../core/domain/units.ts";
import type { MarketBlock } from "../core/market/columns.ts";

/**
 * An instrument as a market that is hosted takes orders for it: the exchange sees to its minimum,
 * because what closes a position is spared it, and only the exchange knows the positions.
 */
export const withoutMinimum = (instrument: Instrument): Instrument => ({
  ...instrument,
  minLots: lots(1),
  minNotional: decimal("0"),
});

/**
 * Order ids are those of the exchange: the market knows no others. Times: of the exchange. No order
 * is too small (`withoutMinimum`).
 */
export interface HostedAccount {
  place(order: OrderTerms, at: Micros): void;
  amend(amend: AmendTerms, at: Micros): void;
  cancel(id: ClientOrderId, at: Micros): void;
  /** Set by the exchange. `filled` reports carry `exchangeTime` by the exchange's clock. */
  onReport: (id: ClientOrderId, report: OrderReport, at: Micros) => void;
}

/** A position that the market has closed by force. */
export interface HostedLiquidation {
  readonly at: Micros;
  /** Of the position: "buy" = a long one. */
  readonly side: Side;
  readonly quantity: Lots;
  /** Where its margin was gone. */
  readonly price: Ticks;
}

/** What a market tells of itself beyond its rows: a generated one does. */
export interface HostedWorld {
  /** Positive = longs pay: what would be settled if the premium stayed at its average. */
  readonly fundingRate: number;
  /** Of the market over its index, as a fraction of that. */
  readonly premium: number;
  readonly nextFundingAt: Micros;
  readonly openInterest: Lots;
  /** Settlements since the last call, none from beyond the time advanced to. */
  takeFundings(): readonly { readonly rate: number; readonly at: Micros }[];
  takeLiquidations(): readonly HostedLiquidation[];
}

export interface HostedMarket {
  /** As clients know it: `venue` is "bybit". */
  readonly instrument: Instrument;
  /** One for each account of the exchange. They may be one and the same object's faces. */
  readonly accounts: readonly HostedAccount[];
  /** Nothing more will happen by itself: the recording is over. */
  readonly isOver: boolean;
  /**
   * Told of whole messages as they happen, `exchangeTime` in nanoseconds since `epochNanos`, by
   * the exchange's clock. The arrays are lent until it returns.
   */
  onRows: (rows: MarketBlock) => void;
  readonly epochNanos: bigint;
  /** Absent: the exchange goes by a rule of its own. */
  readonly world?: HostedWorld | undefined;
  /** All that happens up to `now`. */
  advance(now: Micros): void;
  close(): void;
}
