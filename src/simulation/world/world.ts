/**
 * World: what happens around a generated market, whatever happens in its order book.
 *
 * The hour of the day, spells of calm and panic, what the asset is worth, which way people lean,
 * news, funding, and who must sell if the price falls. The agents of the market read it; it never
 * reads the book, but for the mid that `observe` and `due` tell it.
 *
 * What must stay true: everything is a pure function of the configuration (and of what was
 * observed), the same however often `advance` is called, and nothing happens within a second.
 */
import { invariant } from "../../core/domain/errors.ts";
import { DAY, type Micros, SECOND } from "../../core/domain/units.ts";
import { Funding, type FundingSettlement } from "./funding.ts";
import { type ForcedOrder, LeveragedCrowd, type LiquidationLevel } from "./leverage.ts";
import { NewsDesk } from "./news-desk.ts";
import type { NewsItem } from "./news.ts";
import { Regimes } from "./regimes.ts";
import { ScenarioSpells } from "./scenario.ts";
import { Session } from "./session.ts";
import { CorrelatedNoise, MeanReverting } from "./wandering.ts";
import {
  type ResolvedWorldConfig,
  resolveWorldConfig,
  type WorldConfig,
  worldFaults,
} from "./world-config.ts";

const NANOS = 1_000_000_000;
const SECONDS_PER_DAY = DAY / SECOND;
/** Events that nobody drains are forgotten, oldest first, beyond so many. */
const MOST_KEPT = 4_096;
/** Memories of the lean that comes and goes by itself: of a few orders, and of a quarter hour. */
const LEAN_SECONDS = [15, 900] as const;
const NO_ORDERS: readonly ForcedOrder[] = [];

/** The funding of a perpetual as it stands. */
export interface FundingState {
  /** What would be settled if the premium stayed at its average: positive is paid by longs. */
  readonly rate: number;
  readonly premium: number;
  readonly intervalHours: number;
  /** ns since the stream's epoch. */
  readonly nextAt: number;
}

/** A forced order with the time at which it fell due, in ns since the stream's epoch. */
export interface Liquidation extends ForcedOrder {
  readonly at: number;
}

export class World {
  readonly config: ResolvedWorldConfig;
  readonly #epochSecond: number;
  readonly #perSecond: number;
  readonly #session: Session;
  readonly #regimes: Regimes;
  readonly #noise: CorrelatedNoise;
  /** Parts of the log of the activity, from slow to quick, and what makes its mean one. */
  readonly #busyness: readonly MeanReverting[];
  readonly #meanLevel: number;
  readonly #leans: readonly MeanReverting[];
  readonly #desk: NewsDesk;
  readonly #spells: ScenarioSpells;
  readonly #funding: Funding | undefined;
  readonly #crowd: LeveragedCrowd | undefined;
  readonly #fundings: FundingSettlement[] = [];
  readonly #liquidations: Liquidation[] = [];
  readonly #firstOpenInterest: number;
  /** The next whole second of the stream to live through, and when it begins in ns. */
  #second = 0;
  #nextStep = 0;
  #diffused = 0;
  #observed = Number.NaN;

  /** Multiple of a working day's average rate of events. */
  activity = 1;
  /** Multiple of the average volatility; without news its square has a mean of 1. */
  volatility = 1;
  /** Log of the fundamental value relative to the start. */
  value = 0;
  /** −1 (selling) to 1 (buying). */
  pressure = 0;

  /** Stands at second 0 of the stream. @throws InvariantError where `worldFaults` finds any. */
  constructor(config: WorldConfig) {
    const faults = worldFaults(config);
    const told = faults.map(({ path, text }) => `${path} ${text}`).join("; ");
    invariant(faults.length === 0, `no such world: ${told}`);
    const all = resolveWorldConfig(config);
    const { seed, symbol, dailyVolatility } = all;
    this.config = all;
    const second = Math.floor(all.startAt / SECOND);
    this.#epochSecond = second;
    this.#perSecond = dailyVolatility / Math.sqrt(SECONDS_PER_DAY);
    this.#session = new Session(all.session);
    this.#regimes = new Regimes(seed, all.regimes, second);
    this.#noise = new CorrelatedNoise(seed, symbol, "value", all.factors);
    const busy = { spread: all.activitySpread, memorySeconds: all.activityMemorySeconds };
    this.#busyness = [busy, ...all.bursts].map(({ spread, memorySeconds }, i) => {
      const noise = new CorrelatedNoise(seed, symbol, `busy-${i}`, all.factors);
      return new MeanReverting(noise, spread, memorySeconds, second);
    });
    this.#meanLevel = -[busy, ...all.bursts].reduce((sum, { spread }) => sum + spread ** 2 / 2, 0);
    this.#leans = LEAN_SECONDS.map((memory) => {
      const noise = new CorrelatedNoise(seed, symbol, `lean-${memory}`);
      return new MeanReverting(noise, all.pressureSpread * Math.SQRT1_2, memory, second);
    });
    this.#desk = new NewsDesk(all, second);
    this.#spells = new ScenarioSpells(all.scenario);
    this.#funding =
      all.funding === false ? undefined : new Funding(seed, symbol, all.funding, second);
    this.#crowd =
      all.leverage === false
        ? undefined
        : new LeveragedCrowd(seed, symbol, all.leverage, dailyVolatility);
    this.#firstOpenInterest = this.#crowd?.openInterest ?? 0;
    this.advance(0);
  }

  /** Name of the volatility regime that holds. */
  get regime(): string {
    return this.#spells.regime ?? this.config.regime ?? this.#regimes.name;
  }

  /** Undefined where nobody pays funding. */
  get funding(): FundingState | undefined {
    const funding = this.#funding;
    if (funding === undefined || this.config.funding === false) return undefined;
    const { rate, premium, nextSecond } = funding;
    const { intervalHours } = this.config.funding;
    return { rate, premium, intervalHours, nextAt: (nextSecond - this.#epochSecond) * NANOS };
  }

  /** Open leveraged positions, as a multiple of those at the start; 0 without leverage. */
  get openInterest(): number {
    if (this.#crowd === undefined || this.#firstOpenInterest === 0) return 0;
    return this.#crowd.openInterest / this.#firstOpenInterest;
  }

  /** Longs' share of the open positions; one half without leverage. */
  get longShare(): number {
    const open = this.#crowd?.openInterest ?? 0;
    return open > 0 ? this.#crowd!.longs / open : 0.5;
  }

  /** The nearest liquidation prices, as log returns of the mid since the start; ±∞ if none. */
  get nextLiquidation(): { readonly below: number; readonly above: number } {
    const crowd = this.#crowd;
    return { below: crowd?.nextBelow ?? -Infinity, above: crowd?.nextAbove ?? Infinity };
  }

  /** What falls due where, in bins of `width` (a log return), lowest first. */
  liquidationLevels(width = 0.0025): readonly LiquidationLevel[] {
    invariant(width > 0, `a bin has a width, got ${width}`);
    return this.#crowd?.levels(width) ?? [];
  }

  /**
   * Moves on to `at`, in ns since the stream's epoch (the whole second at or before `startAt`).
   * Time never falls; within a second nothing happens.
   */
  advance(at: number): void {
    while (at >= this.#nextStep) this.#step();
  }

  /** The mid as a log return since the start: what premium and entries of positions follow. */
  observe(_at: number, midLogReturn: number): void {
    this.#observed = midLogReturn;
  }

  /**
   * The positions that this mid closes by force, nearest first: for the caller to execute at the
   * market at once. Cheap where there are none. Each position is due at most once.
   */
  due(midLogReturn: number): readonly ForcedOrder[] {
    this.#observed = midLogReturn;
    const crowd = this.#crowd;
    if (crowd === undefined) return NO_ORDERS;
    const orders = crowd.due(midLogReturn);
    if (orders.length === 0) return orders;
    const second = this.#second - 1;
    let longs = 0;
    let shorts = 0;
    for (const order of orders) {
      keep(this.#liquidations, { ...order, at: second * NANOS });
      if (order.buys) shorts += order.shareOfDay;
      else longs += order.shareOfDay;
    }
    this.#desk.liquidated(longs, shorts);
    return orders;
  }

  /** News released since the last call, oldest first. */
  drainNews(): readonly NewsItem[] {
    return this.#desk.drain();
  }

  /** Settlements since the last call, oldest first. */
  drainFundings(): readonly FundingSettlement[] {
    return this.#fundings.splice(0);
  }

  /** Positions closed by force since the last call, oldest first. */
  drainLiquidations(): readonly Liquidation[] {
    return this.#liquidations.splice(0);
  }

  #step(): void {
    const k = this.#second;
    const second = this.#epochSecond + k;
    this.#second = k + 1;
    this.#nextStep = this.#second * NANOS;
    this.#regimes.step(second);
    for (const level of this.#busyness) level.step(second);
    for (const lean of this.#leans) lean.step(second);
    this.#spells.step(k);
    const open = this.#crowd?.openInterest ?? 0;
    this.#desk.step(second, open);
    this.#mood(second);
    this.#worth(second);
    const mid = Number.isNaN(this.#observed) ? this.value : this.#observed;
    this.#crowd?.step(k, mid);
    this.#pay(k, mid);
    let pressure = this.config.pressure + this.#desk.effect.lean + this.#spells.lean;
    for (const lean of this.#leans) pressure += lean.level;
    pressure += this.#funding?.lean ?? 0;
    this.pressure = Math.max(-1, Math.min(1, pressure));
  }

  /** How busy and how volatile the market is. */
  #mood(second: number): void {
    const regimes = this.#regimes;
    const fixed = this.#spells.regime ?? this.config.regime;
    const state = fixed === undefined ? -1 : regimes.indexOf(fixed);
    let level = this.#meanLevel;
    for (const part of this.#busyness) level += part.level;
    const session = this.#session.at((second * SECOND) as Micros);
    const busy = session * Math.exp(level) * this.#desk.effect.burst * this.#spells.activity;
    this.activity = busy * (state < 0 ? regimes.activity : regimes.activityOf(state));
    // Variance goes with the number of trades (Clark 1973; Ané and Geman 2000).
    this.volatility =
      Math.sqrt(busy) * (state < 0 ? regimes.volatility : regimes.volatilityOf(state));
  }

  /** What the asset is worth: at second 0, what it is worth at the start. */
  #worth(second: number): void {
    if (second > this.#epochSecond) {
      this.#diffused += this.#perSecond * this.volatility * this.#noise.at(second);
    }
    const told = this.#desk.effect.priced + this.#spells.moved;
    this.value = this.#diffused + this.config.dailyVolatility * told;
  }

  #pay(k: number, mid: number): void {
    const funding = this.#funding;
    if (funding === undefined || this.config.funding === false) return;
    const { premiumShare, intervalHours } = this.config.funding;
    const scripted = premiumShare === 0 ? 0 : this.#spells.premium / premiumShare;
    const gap = mid - this.value + scripted;
    const settled = funding.step(this.#epochSecond + k, gap, this.longShare);
    if (settled === null) return;
    const { rate, premium } = settled;
    keep(this.#fundings, { at: k * NANOS, rate, averagePremium: premium, intervalHours });
    this.#desk.settled(rate);
  }
}

/** Adds to a bounded memory. */
function keep<Event>(events: Event[], event: Event): void {
  if (events.length >= MOST_KEPT) events.shift();
  events.push(event);
}
