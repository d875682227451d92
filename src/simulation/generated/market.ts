/**
 * Generated market: agents and order flow around a price–time matching engine.
 *
 * No price path is drawn. Makers, momentum and fundamental traders, metaorder traders and a crowd
 * send orders to the matching engine; book, trades, spread, volatility and impact are what comes of
 * it. What is given from outside is the world: the hour of the day, regimes, and the moves of a
 * fundamental value, which makers know.
 *
 * Time: the market's own time passes faster than the clock when the world is busy; all agents live
 * in it. Everything they draw hangs on (seed, agent, own event number), so a market with our orders
 * in it and the same market without them share their luck. After every message of the market's own
 * the book has two sides that do not cross.
 */
import { invariant } from "../../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import type { MatchingEngine } from "../order-book/matching-engine.ts";
import type { FundingSettlement } from "../world/funding.ts";
import type { NewsItem } from "../world/news.ts";
import { type Liquidation, World } from "../world/world.ts";
import { Crowd } from "./crowd.ts";
import { Draws } from "./draws.ts";
import { flowOf, patientPerSecond } from "./flow.ts";
import { type Agent, Floor, LEAST_PRICE } from "./floor.ts";
import { FundamentalTrader } from "./fundamental-trader.ts";
import { LiquidationEngine } from "./liquidation-engine.ts";
import {
  type GeneratedMarketConfig,
  type ResolvedMarketConfig,
  resolveMarketConfig,
} from "./market-config.ts";
import { MarketMaker } from "./market-maker.ts";
import { type MetaorderRecord, MetaorderTraders } from "./metaorder-traders.ts";
import { MomentumTrader } from "./momentum-trader.ts";
import { type FillListener, OWN } from "./tape.ts";
import { STEPS_PER_SECOND, ValuePath } from "./value-path.ts";

export {
  GENERATED_INSTRUMENT,
  generatedHeader,
  type GeneratedMarketConfig,
} from "./market-config.ts";

const LATENCY_JITTER_NANOS = 500_000;
const NANOS = 1_000_000_000;
const STEP_NANOS = NANOS / STEPS_PER_SECOND;
const SECONDS_PER_DAY = 86_400;
const BLOCK_ROWS = 1 << 16;
/** Blocks are closed before the longest message could make them longer. */
const LONGEST_MESSAGE = 4_096;
/** Market time before the first row, so that makers and flows are in their stride. */
const WARM_UP_SECONDS = 20;
/** Account numbers of the makers follow that of the user. */
const FIRST_MAKER = 2;
/** Place of the liquidation engine among the agents. */
const FORCED = 1;

export class GeneratedMarket {
  readonly header: MarketHeader;
  /** What has happened around the market so far, oldest first; up to a second ahead of `now`. */
  readonly news: NewsItem[] = [];
  readonly fundings: FundingSettlement[] = [];
  readonly liquidations: Liquidation[] = [];
  /** Told of each position that is closed by force, and the tick at which its margin is gone. */
  onForced: ((buys: boolean, lots: number, price: number) => void) | undefined;
  readonly #config: ResolvedMarketConfig;
  readonly #floor: Floor;
  readonly #crowd: Crowd;
  readonly #metaorders: MetaorderTraders;
  readonly #forced: LiquidationEngine;
  readonly #agents: readonly Agent[];
  /** When each agent acts next, in market time. */
  readonly #times: Float64Array;
  readonly #world: World;
  readonly #path: ValuePath;
  readonly #feed: Draws;
  /** Delays of messages that are ours: the others' do not shift. */
  readonly #ownFeed: Draws;
  readonly #rescue: Draws;
  /** The stretch of a sixteenth of a second in hand: its beginning by both clocks, and its rate. */
  #stretch = { at: 0, marketTime: 0, endAt: 0 };
  #rate = 1;
  #next = 0;
  #nextAt = 0;
  #now = 0;
  #event = 0;
  #ownEvent = 0;

  constructor(config: GeneratedMarketConfig) {
    const all = resolveMarketConfig(config);
    const { profile } = all;
    this.#config = all;
    this.header = all.header;
    this.#world = new World(all.world);
    this.#feed = new Draws(config.seed, "feed");
    this.#ownFeed = new Draws(config.seed, "own-feed");
    this.#rescue = new Draws(config.seed, "rescue");
    this.#floor = new Floor(all.startPrice, profile.crowd.collar);
    this.#floor.now = -WARM_UP_SECONDS;
    this.#path = new ValuePath(config.seed, this.#floor.value);
    this.#crowd = new Crowd(this.#floor, profile.crowd);
    this.#openBook(config.seed);
    this.#metaorders = new MetaorderTraders(config.seed, this.#floor, this.#crowd, {
      profile: profile.metaorders,
      volume: profile.volumePerSecond,
      tilt: profile.pressureTilt,
      clock: () => this.#now,
    });
    this.#forced = new LiquidationEngine(
      config.seed,
      this.#floor,
      this.#crowd,
      profile.liquidations,
    );
    const agents = this.#hire(config.seed);
    this.#agents = agents;
    this.#times = Float64Array.from(agents, (agent) => agent.nextAt);
    this.#warmUp(config.seed);
    this.#begin();
  }

  /** Exchange time of the latest message, in ns since the stream's epoch. */
  get now(): number {
    return this.#now;
  }

  /** Exchange time of its next own event; `Infinity` after the last. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** Nanoseconds: no row travels faster from the exchange to here. */
  get feedLatency(): number {
    return this.#config.latency;
  }

  get matching(): MatchingEngine {
    return this.#floor.engine;
  }

  /** The large orders of others that have begun so far. */
  get metaorders(): readonly MetaorderRecord[] {
    return this.#metaorders.records;
  }

  /** The fundamental value as it stands, in ticks. */
  get value(): number {
    return this.#floor.value;
  }

  /** Rows that have been made and not taken. */
  get rows(): number {
    return this.#floor.tape.length;
  }

  /** Seconds of the market's own time since its first message. */
  get marketTime(): number {
    return Math.max(0, this.#floor.now);
  }

  /** Messages so far, those with our orders included. */
  get messages(): number {
    return this.#floor.tape.messages;
  }

  /** Number in the matching engine of our `k`-th account. */
  ownerOf(k: number): number {
    return k === 0 ? OWN : FIRST_MAKER + this.#config.profile.makers.count + k - 1;
  }

  /** Who is told of fills of the resting orders of our `k`-th account. */
  onOwn(listener: FillListener, k = 0): void {
    const floor = this.#floor;
    floor.firstGuest = this.ownerOf(1);
    floor.owners[this.ownerOf(k)] = listener;
  }

  /** From now on the rows show our orders and trades like everybody's: called before the first. */
  showOwn(): void {
    this.#floor.tape.showsOwn = true;
  }

  /** What longs pay shorts next, as the world stands; undefined where nobody pays. */
  get funding(): World["funding"] {
    return this.#world.funding;
  }

  /** Lots that are held with leverage. */
  get openInterest(): number {
    const { openInterest } = this.#config.profile.liquidations;
    return Math.round(this.#world.openInterest * openInterest * this.#lotsPerDay);
  }

  get #lotsPerDay(): number {
    return this.#config.profile.volumePerSecond * this.#config.pace * SECONDS_PER_DAY;
  }

  /** Exactly one event of the market's own, at `nextAt`. */
  step(): void {
    const floor = this.#floor;
    const agent = this.#agents[this.#next]!;
    // A liquidation falls due in the past of the event that was next then.
    floor.now = Math.max(floor.now, this.#times[this.#next]!);
    this.#setClock(this.#nextAt, this.#feed.at(this.#event++));
    agent.act();
    this.#refill();
    floor.endMessage();
    this.#times[this.#next] = agent.nextAt;
    this.#schedule();
  }

  /**
   * Our account acts at exchange time `at`, not before `now` and not after `nextAt`: what `act`
   * does with `matching` as owner `OWN` is one message.
   */
  intervene(at: number, act: () => void): void {
    invariant(at >= this.#now && at <= this.#nextAt, `not between two events: ${at} ns`);
    this.#setClock(at, this.#ownFeed.at(this.#ownEvent++));
    this.#floor.tape.beginOwn();
    act();
    this.#floor.endMessage();
    this.#schedule();
  }

  /** The whole messages since the last call, if any; the arrays are the caller's from then on. */
  takeRows(): MarketBlock | undefined {
    return this.#floor.tape.take();
  }

  /** The same without new arrays: good until the next but one is lent or taken. */
  lendRows(): MarketBlock | undefined {
    return this.#floor.tape.lend();
  }

  /** The book on the first day. */
  #openBook(seed: number): void {
    const { crowd, dailyVolatility, valueTicks } = this.#config.profile;
    const perSecond = patientPerSecond(this.#config.profile);
    const sigma = (dailyVolatility * valueTicks) / Math.sqrt(SECONDS_PER_DAY);
    const reach = Math.max(1, Math.min(crowd.band, sigma * Math.sqrt(crowd.patientLifetime)));
    const count = Math.ceil((perSecond / 2) * crowd.patientLifetime);
    this.#crowd.open(count, reach, new Draws(seed, "opening"));
  }

  /** The crowd first, then the liquidation engine: `FORCED`. */
  #hire(seed: number): Agent[] {
    const profile = this.#config.profile;
    const [floor, crowd] = [this.#floor, this.#crowd];
    const flow = flowOf(seed, floor, crowd, profile);
    const agents: Agent[] = [crowd, this.#forced, flow, this.#metaorders];
    agents.push(new MomentumTrader(seed, floor, crowd, profile.momentum));
    agents.push(new FundamentalTrader(seed, floor, crowd, profile.fundamental));
    for (let i = 0; i < profile.makers.count; i++) {
      agents.push(new MarketMaker(seed, floor, FIRST_MAKER + i, profile.makers));
    }
    return agents;
  }

  /** Lives up to market time 0, without a row, on a value that ends where the market begins. */
  #warmUp(seed: number): void {
    const draws = new Draws(seed, "warm-up");
    const { dailyVolatility, valueTicks } = this.#config.profile;
    const steps = WARM_UP_SECONDS * STEPS_PER_SECOND;
    const sigma = dailyVolatility * valueTicks * Math.sqrt(1 / SECONDS_PER_DAY / STEPS_PER_SECOND);
    const path = [0];
    for (let k = 1; k <= steps; k++) path.push(path[k - 1]! + sigma * draws.at(k).normal());
    const floor = this.#floor;
    const from = floor.value - path[steps]!;
    for (let k = 0; k <= steps; k++) {
      floor.value = Math.max(LEAST_PRICE, from + path[k]!);
      const until = (k + 1) / STEPS_PER_SECOND - WARM_UP_SECONDS;
      for (let next = this.#earliest(); ; next = this.#earliest()) {
        if (this.#times[next]! > Math.min(until, 0)) break;
        floor.now = this.#times[next]!;
        this.#agents[next]!.act();
        this.#refill();
        floor.endMessage();
        this.#times[next] = this.#agents[next]!.nextAt;
        this.#times[0] = this.#crowd.nextAt;
      }
    }
  }

  /** The clock starts: the first message is the book as it stands. */
  #begin(): void {
    const { tape } = this.#floor;
    tape.isOn = true;
    this.#now = this.#config.start;
    tape.exchangeTime = this.#config.start;
    tape.localTime = this.#config.start + this.#config.latency;
    tape.snapshot();
    const endAt = Math.floor(this.#config.start / STEP_NANOS) * STEP_NANOS;
    this.#stretch = { at: this.#config.start, marketTime: 0, endAt };
    this.#world.advance(this.#config.start);
    this.#aim(STEPS_PER_SECOND - ((endAt / STEP_NANOS) % STEPS_PER_SECOND));
    this.#stretch.endAt += STEP_NANOS;
    this.#schedule();
  }

  #setClock(at: number, draws: Draws): void {
    const { tape } = this.#floor;
    this.#now = at;
    const jitter = draws.exponential() * LATENCY_JITTER_NANOS;
    tape.exchangeTime = at;
    tape.localTime = Math.max(tape.localTime, at + this.#config.latency + Math.floor(jitter));
  }

  /** Somebody has emptied a side: patient orders come at once. */
  #refill(): void {
    const { engine } = this.#floor;
    if (engine.bestBid === 0) this.#crowd.rescue(true, this.#rescue.at(this.#event));
    if (engine.bestAsk === 0) this.#crowd.rescue(false, this.#rescue.at(this.#event));
  }

  #earliest(): number {
    const times = this.#times;
    let next = 0;
    for (let i = 1; i < times.length; i++) if (times[i]! < times[next]!) next = i;
    return next;
  }

  /** Finds who acts next, and when by the clock; the world moves on to then. */
  #schedule(): void {
    this.#times[0] = this.#crowd.nextAt;
    this.#next = this.#earliest();
    const marketTime = this.#times[this.#next]!;
    const stretch = this.#stretch;
    for (;;) {
      const at = stretch.at + ((marketTime - stretch.marketTime) / this.#rate) * NANOS;
      if (at < stretch.endAt) {
        this.#nextAt = Math.max(this.#now, Math.ceil(at));
        break;
      }
      if (stretch.endAt >= this.#config.end) {
        this.#nextAt = Infinity;
        return;
      }
      this.#nextStretch();
    }
    if (this.#nextAt >= this.#config.end) this.#nextAt = Infinity;
  }

  #nextStretch(): void {
    const stretch = this.#stretch;
    stretch.marketTime += ((stretch.endAt - stretch.at) / NANOS) * this.#rate;
    stretch.at = stretch.endAt;
    stretch.endAt += STEP_NANOS;
    if (stretch.at % NANOS === 0) this.#aim(STEPS_PER_SECOND);
    this.#path.advance();
    this.#floor.value = this.#path.value;
  }

  /** The world of the second in hand: its rate, its lean, and where the value goes. */
  #aim(steps: number): void {
    const { valueTicks } = this.#config.profile;
    const world = this.#world;
    const second = Math.floor(this.#stretch.at / NANOS);
    this.#liquidate();
    world.advance((second + 1) * NANOS);
    this.#floor.activity = Math.max(1e-3, world.activity);
    this.#rate = this.#floor.activity * this.#config.pace;
    this.#floor.pressure = world.pressure;
    const { startPrice, trend, start } = this.#config;
    const drift = (trend * (this.#stretch.at - start)) / NANOS;
    const target = startPrice - 0.5 + valueTicks * Math.expm1(world.value) + drift;
    const perSecond = world.config.dailyVolatility / Math.sqrt(SECONDS_PER_DAY);
    const deviation = perSecond * world.volatility * valueTicks;
    this.#path.aim(Math.max(LEAST_PRICE, target), steps, deviation);
    this.news.push(...world.drainNews());
    this.fundings.push(...world.drainFundings());
    this.liquidations.push(...world.drainLiquidations());
  }

  /** Positions that the mid closes by force go to the liquidation engine. */
  #liquidate(): void {
    const { startPrice } = this.#config;
    const { valueTicks } = this.#config.profile;
    const moved = (this.#floor.mid - startPrice) / valueTicks;
    const perDay = this.#lotsPerDay;
    for (const forced of this.#world.due(Math.log1p(Math.max(-0.99, moved)))) {
      const { buys, shareOfDay } = forced;
      const lots = Math.max(1, Math.round(shareOfDay * perDay));
      this.#forced.add(buys, lots);
      const gone = startPrice + valueTicks * Math.expm1(forced.bankruptcyLog);
      this.onForced?.(buys, lots, Math.max(LEAST_PRICE, Math.round(gone)));
    }
    this.#times[FORCED] = this.#forced.nextAt;
  }
}

/** The market alone, as blocks of whole messages, in bounded memory; the first is the book. */
export function* generateMarket(
  config: GeneratedMarketConfig,
  make = (): GeneratedMarket => new GeneratedMarket(config),
): Generator<MarketBlock> {
  const market = make();
  while (market.nextAt < Infinity) {
    market.step();
    if (market.rows <= BLOCK_ROWS - LONGEST_MESSAGE) continue;
    const block = market.takeRows();
    if (block !== undefined) yield block;
  }
  const block = market.takeRows();
  if (block !== undefined) yield block;
}
