/**
 * Schedule estimate: what one strategy at one urgency would cost, from its own slices.
 */
import type { Plan, Strategy } from "../core/contracts/strategy.ts";
import { decimal, toNumber } from "../core/domain/decimal.ts";
import { invariant } from "../core/domain/errors.ts";
import { notionalEstimate } from "../core/domain/instrument.ts";
import { sign } from "../core/domain/side.ts";
import { type Bps, type Fraction, NO_LOTS } from "../core/domain/units.ts";
import type {
  ImpactMarket,
  ImpactModel,
  ModelParameter,
  TradedSlice,
} from "../impact/impact-model.ts";
import type { BacktestRequest } from "./backtest.ts";
import { type Band, bandOf, SIGMAS_95 } from "./estimate-band.ts";
import { crossingTime, type OrderAtHand, scheduleHindrances } from "./feasibility.ts";
import { stretchesOf, type Walk, type WalkedSchedule, walkSchedule } from "./schedule-walk.ts";

export interface ModelTerms {
  readonly model: ImpactModel;
  /** The model's own, or as a person gave them. */
  readonly parameters: readonly ModelParameter[];
}

/** What one model says of one schedule, without the price risk. */
export interface ModelImpact {
  readonly model: string;
  readonly impactBps: Bps;
  readonly permanentBps: Bps;
  readonly temporaryBps: Bps;
  /** 95 %, by the errors of parameters and measurements. */
  readonly interval: Interval;
}

/** What a person chooses of an estimate. */
export interface EstimateTerms extends ModelTerms {
  /** In words, what to know of the parameters: where they come from. */
  readonly caveats?: readonly string[];
  /** Share filled by resting orders, where somebody knows it. */
  readonly makerShare?: Fraction;
  /** λ: bps of expected cost that one bps of standard deviation is worth. */
  readonly riskAversion: number;
}

/** Each in bps of the order's worth at the start; positive = paid. They sum to `expectedBps`. */
export interface CostParts {
  /** From the decision price to the mid now; 0 where no decision price is given. */
  readonly delayBps: Bps;
  readonly spreadBps: Bps;
  readonly feesBps: Bps;
  readonly temporaryBps: Bps;
  readonly permanentBps: Bps;
}

export interface MakerShare {
  readonly low: Fraction;
  readonly assumed: Fraction;
  readonly high: Fraction;
}

export interface ScheduleEstimate {
  readonly strategy: string;
  readonly urgency: Fraction;
  readonly schedule: WalkedSchedule;
  readonly parts: CostParts;
  readonly expectedBps: Bps;
  /** In quote coin. */
  readonly expectedCost: number;
  readonly band: Band;
  /** 95 %: what one such order costs, price moves included. */
  readonly interval: Interval;
  /** 95 %: the mean of many such orders, so without the price. */
  readonly meanInterval: Interval;
  readonly makerShare: MakerShare;
  /** E + λ√V: what the recommendation is the least of. */
  readonly objectiveBps: Bps;
  /** Why the limits would bend it; empty = feasible. */
  readonly hindrances: readonly string[];
}

export interface Interval {
  readonly lowBps: Bps;
  readonly highBps: Bps;
}

/** Strategy and urgency without a schedule that could be costed. */
export interface Uncosted {
  readonly strategy: string;
  readonly reason: string;
}

export const MICROS_PER_DAY = 86_400e6;

/** What every schedule of one order is judged with. */
export class Workbench {
  readonly market: ImpactMarket;
  readonly fees: { readonly makerBps: Bps; readonly takerBps: Bps };
  /** Quantity in the instrument's units. */
  readonly units: number;
  readonly days: number;
  /** In quote coin, at the mid. */
  readonly notional: number;
  readonly #request: BacktestRequest;
  readonly #terms: EstimateTerms;
  readonly #hand: OrderAtHand;
  readonly #known: ReadonlyMap<string, Strategy>;
  readonly #lotUnits: number;

  /** @param known every strategy that may be evaluated, by name. */
  constructor(
    request: BacktestRequest,
    terms: EstimateTerms,
    hand: OrderAtHand,
    known: ReadonlyMap<string, Strategy>,
  ) {
    const { facts, quantity, span } = hand;
    const { maker, taker } = request.config.simulation.fees;
    this.#request = request;
    this.#terms = terms;
    this.#hand = hand;
    this.#known = known;
    this.market = {
      dailyVolatility: facts.dailyVolatility.value,
      dailyVolume: facts.dailyVolume.value,
      spreadBps: facts.spreadBps.value,
    };
    this.fees = { makerBps: bpsOfRate(maker), takerBps: bpsOfRate(taker) };
    this.#lotUnits = toNumber(facts.instrument.lotSize);
    this.units = quantity * this.#lotUnits;
    this.days = span / MICROS_PER_DAY;
    this.notional = notionalEstimate(facts.instrument, facts.mid, quantity);
  }

  evaluate(strategy: string, urgency: Fraction): ScheduleEstimate | Uncosted {
    const walk = this.#walk(strategy, urgency);
    if (walk.kind === "none") return { strategy, reason: walk.reason };
    const { schedule } = walk;
    const { fees, market } = this;
    const { model, parameters, riskAversion } = this.#terms;
    const makerShare = this.#makerShare(urgency);
    const takerCost = market.spreadBps / 2 + fees.takerBps;
    const gap = Math.abs(takerCost - fees.makerBps);
    const band = bandOf({
      model,
      parameters,
      slices: this.slicesOf(schedule),
      figures: this.#hand.facts,
      // Anything between the two ends is as likely.
      placementBps: (gap * (makerShare.high - makerShare.low)) / Math.sqrt(12),
    });
    const takers = 1 - makerShare.assumed;
    const parts: CostParts = {
      delayBps: delayOf(this.#hand),
      spreadBps: (market.spreadBps / 2) * takers,
      feesBps: fees.makerBps * makerShare.assumed + fees.takerBps * takers,
      temporaryBps: band.impact.temporaryBps,
      permanentBps: band.impact.permanentBps,
    };
    const { delayBps, spreadBps, feesBps, temporaryBps, permanentBps } = parts;
    const expectedBps = delayBps + spreadBps + feesBps + temporaryBps + permanentBps;
    const around = (sigmaBps: Bps): Interval => ({
      lowBps: expectedBps - SIGMAS_95 * sigmaBps,
      highBps: expectedBps + SIGMAS_95 * sigmaBps,
    });
    return {
      strategy,
      urgency,
      schedule,
      parts,
      expectedBps,
      expectedCost: (expectedBps / 1e4) * this.notional,
      band,
      interval: around(band.totalBps),
      meanInterval: around(Math.hypot(band.parametersBps, band.placementBps)),
      makerShare,
      objectiveBps: expectedBps + riskAversion * band.priceBps,
      hindrances: scheduleHindrances(schedule, this.#hand, makerShare.low < 1),
    };
  }

  /** Impact of one schedule under any model, and how sure its parameters make that. */
  impactUnder({ model, parameters }: ModelTerms, slices: readonly TradedSlice[]): ModelImpact {
    const { impact, parametersBps } = bandOf({
      model,
      parameters,
      slices,
      figures: this.#hand.facts,
      placementBps: 0,
    });
    const { permanentBps, temporaryBps } = impact;
    const impactBps = permanentBps + temporaryBps;
    const half = SIGMAS_95 * parametersBps;
    // No model holds an impact below nothing for possible.
    const interval = { lowBps: Math.max(0, impactBps - half), highBps: impactBps + half };
    return { model: model.name, impactBps, permanentBps, temporaryBps, interval };
  }

  slicesOf(schedule: WalkedSchedule): readonly TradedSlice[] {
    return stretchesOf(schedule).map(({ quantity, span }) => ({
      quantity: quantity * this.#lotUnits,
      days: span / MICROS_PER_DAY,
    }));
  }

  #walk(name: string, urgency: Fraction): Walk {
    const request = this.#request;
    const { order, effective, quantity, volumePerMicro } = this.#hand;
    const plan: Plan = {
      parentId: order.id,
      side: order.side,
      from: order.startAt,
      until: order.deadline,
      arrivedAt: order.startAt,
      ...(order.alphaHalfLife === undefined ? {} : { alphaHalfLife: order.alphaHalfLife }),
      quantity,
      volumeAtFrom: NO_LOTS,
      minOrder: effective.minOrder.value,
      maxParticipation: effective.participation.value,
      urgency,
      seed: request.seed,
    };
    const { strategy } = request.config;
    const parameters = name === strategy.name ? strategy.parameters : {};
    const found = this.#known.get(name);
    if (found === undefined) invariant(false, `unknown strategy ${name}`);
    return walkSchedule(found, parameters, plan, {
      volumePerMicro,
      leastTime: (own) => (own > 0 ? crossingTime(this.#hand, own) : 0),
    });
  }

  /**
   * Who fills: at urgency 0 nothing crosses, at 1 everything does. In between it hangs on the
   * queue, which no model here knows: half is assumed, and anything from none to all is carried.
   */
  #makerShare(urgency: Fraction): MakerShare {
    if (!this.#hand.order.constraints.mayCrossSpread) return exactly(1);
    const { makerShare } = this.#terms;
    if (makerShare !== undefined) return exactly(makerShare);
    if (urgency === 0) return exactly(1);
    return urgency === 1 ? exactly(0) : { low: 0, assumed: 0.5, high: 1 };
  }
}

const exactly = (share: Fraction): MakerShare => ({ low: share, assumed: share, high: share });
const bpsOfRate = (rate: string): Bps => toNumber(decimal(rate)) * 1e4;

function delayOf({ order, facts }: OrderAtHand): Bps {
  const { decisionPrice, side } = order;
  if (decisionPrice === undefined) return 0;
  return (sign(side) * (facts.mid - decisionPrice) * 1e4) / decisionPrice;
}
