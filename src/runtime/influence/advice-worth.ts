/**
 * Advice worth: what following its advice has cost an order, bet by bet.
 *
 * Let D be how far advice led the order ahead of its own plan. Bought ahead is bought at what the
 * price was then: while D stands, a move of the price by dP is worth D·dP to a buyer, and what is
 * crossed for on advice costs the spread and the difference of the fees. Since D begins and ends at
 * 0, the sum of −D·dP is what is paid more than by the plan, exactly where fills follow their
 * target at the mid and nobody answers our trades; elsewhere it is an estimate without the luck of
 * fills.
 *
 * What must stay true: it hangs on the events of the journal and its market alone, and the parts by
 * regime sum to the whole.
 */
import type { MarketRegime } from "../../core/contracts/advice.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import { isTerminal } from "../../core/domain/parent-order.ts";
import { type Side, sign } from "../../core/domain/side.ts";
import type { Bps, Micros } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import type { InstrumentState } from "../../core/execution/instrument-state.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import { type BetSums, luckOf, NO_BETS, sumOf } from "./harm-test.ts";

export interface RegimeWorth extends BetSums {
  /** Pieces of advice that were followed. */
  readonly bets: number;
}

export type WorthByRegime = Readonly<Partial<Record<MarketRegime, RegimeWorth>>>;

/** Of one order. */
export class AdviceWorth {
  /** What one lot's move by one unit of price is in bps of the order. */
  readonly #scale: number;
  readonly #total: number;
  readonly #byRegime = new Map<MarketRegime, RegimeWorth>();
  #mid: number | undefined;
  #ahead = 0;
  #crossed = 0;
  #regime: MarketRegime | undefined;
  #bet = 0;

  /** @param arrival in the unit of all prices here. */
  constructor(side: Side, total: number, arrival: number) {
    this.#scale = (-sign(side) * 1e4) / (total * arrival);
    this.#total = total;
  }

  /** The price went there while D stood as it was. */
  price(mid: number): void {
    this.#bet += this.#scale * this.#ahead * (mid - (this.#mid ?? mid));
    this.#mid = mid;
  }

  /** An advice is followed from now on: another bet. */
  follow(regime: MarketRegime): void {
    this.settle();
    this.#regime = regime;
  }

  /**
   * @param ahead lots ahead of the plan on advice; negative: behind it.
   * @param crossed lots crossed for on advice so far, each for `crossingBps` more than posted.
   */
  lead(ahead: number, crossed: number, crossingBps: number): void {
    this.#bet += ((crossed - this.#crossed) / this.#total) * crossingBps;
    this.#ahead = ahead;
    this.#crossed = crossed;
  }

  settle(): void {
    const bet = this.#bet;
    this.#bet = 0;
    if (this.#regime === undefined) return;
    const before = this.#byRegime.get(this.#regime) ?? { ...NO_BETS, bets: 0 };
    const sums = sumOf(before, { cost: bet, squares: bet * bet });
    this.#byRegime.set(this.#regime, { ...sums, bets: before.bets + 1 });
    this.#regime = undefined;
  }

  /** All bets together, the one under way among them. Undefined: nothing was followed. */
  get soFar(): RegimeWorth | undefined {
    let sum: RegimeWorth = { ...NO_BETS, bets: 0 };
    for (const worth of this.#byRegime.values()) {
      sum = { ...sumOf(sum, worth), bets: sum.bets + worth.bets };
    }
    if (this.#regime !== undefined) {
      const bet = { cost: this.#bet, squares: this.#bet * this.#bet };
      sum = { ...sumOf(sum, bet), bets: sum.bets + 1 };
    }
    return sum.bets === 0 ? undefined : sum;
  }

  get byRegime(): WorthByRegime {
    return Object.fromEntries(this.#byRegime);
  }
}

/** An advised order that has ended. */
export interface AdvisedOrder {
  readonly id: string;
  readonly influenceSource: string;
  readonly endedAt: Micros;
  readonly byRegime: WorthByRegime;
}

/** What an order's advice has saved; positive = cheaper. See `luckOf`. */
export interface AdviceSoFar {
  readonly bets: number;
  readonly savedBps: Bps;
  readonly luckBps: Bps;
}

interface Watched {
  readonly parent: ParentState;
  /** Undefined: nothing of it was advised yet. */
  worth: AdviceWorth | undefined;
}

/** Looks on while an engine works, or works again, through a journal. */
export class WorthWatch {
  /** Of orders that have not ended; ended ones are looked at no more, however many there are. */
  readonly #watched = new Map<string, Watched>();
  /** What those came to. */
  readonly #over = new Map<string, RegimeWorth | undefined>();
  readonly #regimes = new Map<string, MarketRegime>();
  readonly #ended: AdvisedOrder[] = [];

  /** Of those that were followed in anything or not; in the order in which they ended. */
  get ended(): readonly AdvisedOrder[] {
    return this.#ended;
  }

  /** Of one order, as it stands. */
  of(parentId: string): AdviceSoFar | undefined {
    const sum = this.#watched.get(parentId)?.worth?.soFar ?? this.#over.get(parentId);
    if (sum === undefined) return undefined;
    return { bets: sum.bets, savedBps: 0 - sum.cost, luckBps: luckOf(sum) };
  }

  /** To be called behind each step. */
  step(event: EngineEvent, outputs: readonly EngineOutput[], engine: Engine): void {
    const followed = new Map<string, MarketRegime>();
    for (const output of outputs) {
      if (output.kind === "ask-advisor") {
        const { id, situation } = output.question;
        this.#regimes.set(id, situation.market.regime);
      } else if (output.kind === "advice-taken" && output.weight > 0) {
        const regime = this.#regimes.get(output.questionId);
        if (regime !== undefined) followed.set(output.parentId, regime);
      }
    }
    for (const { live } of engine.instruments) {
      for (const parent of live) {
        const { id, advice } = parent.order;
        if (advice === undefined || this.#over.has(id) || this.#watched.has(id)) continue;
        this.#watched.set(id, { parent, worth: undefined });
      }
    }
    for (const watched of this.#watched.values()) this.#look(event.time, watched, engine, followed);
  }

  #look(
    now: Micros,
    watched: Watched,
    engine: Engine,
    followed: ReadonlyMap<string, MarketRegime>,
  ): void {
    const { parent } = watched;
    const { id, instrument, side } = parent.order;
    const market = engine.instruments.find((one) => one.id === instrument);
    const mid = market?.observer.lastMid;
    const { advised, arrivalPrice } = parent;
    if (market === undefined || mid === undefined) return;
    if (advised !== undefined && arrivalPrice !== undefined) {
      watched.worth ??= new AdviceWorth(side, advised.total, arrivalPrice);
    }
    const { worth } = watched;
    if (worth === undefined) {
      if (isTerminal(parent.phase)) this.#watched.delete(id);
      return;
    }
    const regime = followed.get(id);
    const ahead = advised?.envelope.deviation ?? 0;
    const crossed = advised?.envelope.crossed ?? 0;
    // What stood until now belongs to the bet before; what moves in this step, to the new one.
    worth.price(mid);
    if (regime !== undefined) worth.follow(regime);
    worth.lead(ahead, crossed, crossingBpsOf(market));
    if (advised !== undefined && !isTerminal(parent.phase)) return;
    this.#watched.delete(id);
    worth.settle();
    this.#over.set(id, worth.soFar);
    const { influenceSource } = parent.order.advice!;
    this.#ended.push({ id, influenceSource, endedAt: now, byRegime: worth.byRegime });
  }
}

function crossingBpsOf({ observer, fees }: InstrumentState): number {
  const { bid, ask } = observer;
  const isTwoSided = bid > 0 && ask > bid;
  const spread = isTwoSided ? (2e4 * (ask - bid)) / (bid + ask) : 0;
  return Math.max(0, spread + (fees.taker - fees.maker) * 1e4);
}
