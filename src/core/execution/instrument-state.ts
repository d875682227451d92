/**
 * Instrument state: one instrument's market, our position in it, and our own traded volume.
 */
import type { NewsItem } from "../contracts/advice.ts";
import type { DataHealth } from "../domain/decision.ts";
import { instrumentId, type Instrument } from "../domain/instrument.ts";
import { invariant } from "../domain/errors.ts";
import { opposite, type Side } from "../domain/side.ts";
import {
  type Fraction,
  type Lots,
  type Micros,
  NO_LOTS,
  addLots,
  type Ticks,
  ticks,
} from "../domain/units.ts";
import type { MarketHeader } from "../market/columns.ts";
import { Observer, type TouchWake } from "../market/observer.ts";
import { SecondsWindow } from "../market/windows.ts";
import type { DisplacementModel } from "../tca/execution.ts";
import type { RiskLimits } from "./limits.ts";
import { isLive, type MarketTotals, openLots, type ParentState } from "./parent-state.ts";

/** What the account pays for an execution, as a share of its worth; negative = a rebate. */
export interface FeeRates {
  readonly maker: Fraction;
  readonly taker: Fraction;
}

const NO_FEES: FeeRates = { maker: 0, taker: 0 };

export class InstrumentState {
  readonly id: string;
  /** As the run began, and with the bounds of orders that hold since the last restart. */
  readonly begun: Instrument;
  instrument: Instrument;
  readonly observer: Observer;
  /** What in this market wakes the engine. */
  readonly wake: TouchWake;
  /** Parents that have not ended. */
  live: readonly ParentState[] = [];
  /** As last told: a change is a fact for the journal. */
  health: DataHealth = "no-data";
  /** Signed: positive = long. */
  positionLots: number;
  /** Of it, what others have done on the account meanwhile. */
  foreignLots = 0;
  /** By the venue's clock: others' executions up to then are in it. Undefined: never told. */
  executedTo: Micros | undefined;
  /** 1 until the first restart, and the position at which the session's rows begin. */
  session = 1;
  sessionFrom = 0;
  /** From a restart until the venue has told what became of our orders: nothing new is sent. */
  isRecovering = false;
  /** When that last began or ended; undefined before the first restart. */
  recoveryTurnedAt: Micros | undefined;
  /** Seen lately, oldest first, and how many ever since the process began. */
  readonly news: NewsItem[] = [];
  newsCount = 0;
  /** Own volume since the session began, and over the participation window. */
  ownVolume = 0;
  readonly #window: Micros;
  /** Own volume by second, over the participation window. */
  readonly ownWindow: SecondsWindow;
  /** Whether the market's own prints show our executions too. */
  readonly ownPrinted: boolean;
  readonly fees: FeeRates;
  /** What is known of how the market answers our trades. */
  readonly displacementModel: DisplacementModel;

  constructor(
    header: MarketHeader,
    limits: RiskLimits,
    positionLots: number,
    fees: FeeRates = NO_FEES,
    observer = new Observer(header, limits.participationWindow),
  ) {
    this.id = instrumentId(header.instrument);
    this.begun = header.instrument;
    this.instrument = header.instrument;
    invariant(
      observer.participationWindow === limits.participationWindow,
      "a shared observer measures participation over another window",
    );
    this.observer = observer;
    this.wake = observer.newWake();
    this.positionLots = positionLots;
    this.#window = limits.participationWindow;
    this.ownWindow = new SecondsWindow(limits.participationWindow / 1e6);
    this.ownPrinted = header.ownTradesPrinted;
    this.displacementModel = header.displacementModel ?? "none";
    this.fees = fees;
  }

  bookOwnFill(at: Micros, side: Side, quantity: Lots): void {
    this.positionLots += side === "buy" ? quantity : -quantity;
    this.ownVolume += quantity;
    this.ownWindow.add(Math.floor(at / 1e6), quantity);
  }

  /** Running totals of the market's prints and our own volume, for differences. */
  get totals(): MarketTotals {
    const { volume, turnover, inverseTurnover } = this.observer;
    return { volume, turnover, inverseTurnover, own: this.ownVolume };
  }

  /** Volume of everyone else since the session began, lots. */
  get othersVolume(): Lots {
    const own = this.ownPrinted ? this.ownVolume : 0;
    return Math.max(0, this.observer.volume - own) as Lots;
  }

  /**
   * What participation is measured by, at one instant: everyone else's volume and our own over the
   * same window, and what we have working. All parents of the account in this instrument count.
   */
  participation(now: Micros): {
    readonly others: number;
    readonly own: Lots;
    readonly working: Lots;
    /** Length of the window, a span. */
    readonly window: Micros;
  } {
    const own = this.ownWindow.sum(Math.floor(now / 1e6)) as Lots;
    const market = this.observer.volumeParticipation(now).value;
    const others = Math.max(0, market - (this.ownPrinted ? own : 0));
    return { others, own, working: this.workingLots(), window: this.#window };
  }

  add(parent: ParentState): void {
    this.live = [...this.live, parent];
  }

  dropEnded(): void {
    if (!this.live.every(isLive)) this.live = this.live.filter(isLive);
  }

  /**
   * The price that an order of `side` would take at, for counting money: the other touch, or the
   * last mid where that side is empty. Undefined before any book was seen.
   */
  takePrice(side: Side): Ticks | undefined {
    const touch = this.observer.touch(opposite(side));
    if (touch > 0) return touch;
    const mid = this.observer.lastMid;
    return mid === undefined ? undefined : ticks(Math.floor(mid / 2));
  }

  /** Whether a restart, or what came of it, is less than `span` ago: much is still on its way. */
  hasJustTurned(now: Micros, span: Micros): boolean {
    return this.recoveryTurnedAt !== undefined && now < this.recoveryTurnedAt + span;
  }

  /** Worst-case open quantity of all parents. */
  workingLots(): Lots {
    let working = NO_LOTS;
    for (const parent of this.live) working = addLots(working, openLots(parent));
    return working;
  }
}
