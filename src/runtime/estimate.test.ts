/** An estimate as a person gets it: figures that add up, and that move the way they must. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { halfTicks, micros, MINUTE, SECOND, ticks } from "../core/domain/units.ts";
import { KNOWN_INSTRUMENTS } from "../data/known-instruments.ts";
import type { ImpactModel } from "../impact/impact-model.ts";
import { impactModels } from "../impact/registry.ts";
import type { BacktestRequest } from "./backtest.ts";
import { type ArrivalConfig, DEFAULT_CONFIG, parseConfig } from "./config.ts";
import { estimate, type Estimate, isCosted, URGENCIES } from "./estimate.ts";
import { SIGMAS_95 } from "./estimate-band.ts";
import { statedMarket } from "./market-facts.ts";
import { chooseModels, chooseParameters } from "./model-choice.ts";
import type { ModelTerms, ScheduleEstimate } from "./schedule-estimate.ts";

const CROSSING = { mayCrossSpread: true, residual: "leave" } as const;
const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
const BTC = KNOWN_INSTRUMENTS[0]!;
const ETH = KNOWN_INSTRUMENTS[1]!;

interface Choice {
  readonly order?: Partial<BacktestRequest>;
  readonly config?: object;
  readonly model?: string;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly makerShare?: number;
  readonly riskAversion?: number;
  readonly market?: Partial<{ price: number; sigma: number; volume: number; spread: number }>;
  readonly instrument?: typeof BTC;
  readonly terms?: ModelTerms;
}

function chosenFor(model: ImpactModel, given: Readonly<Record<string, number>>) {
  const parameters = chooseParameters(model, given);
  if (!parameters.ok) throw new Error(parameters.error.text);
  return { parameters: parameters.value };
}

function attempt(choice: Choice = {}) {
  const { price = 64_250, sigma = 0.03, volume = 200_000, spread = 0.02 } = choice.market ?? {};
  const market = statedMarket(choice.instrument ?? BTC, price, spread, START);
  if (!market.ok) throw new Error(market.error.text);
  const model = choice.terms?.model ?? impactModels.get(choice.model ?? "almgren-2005")!;
  const parameters = choice.terms ?? chosenFor(model, choice.parameters ?? {});
  return estimate(market.value, {
    order: {
      side: "buy",
      quantity: "25",
      isNotional: false,
      over: micros(30 * MINUTE),
      constraints: { mayCrossSpread: true, residual: "leave" },
      acceptInfeasible: false,
      config: choice.config === undefined ? DEFAULT_CONFIG : configOf(choice.config),
      seed: 1,
      ...choice.order,
    },
    terms: {
      model,
      parameters: parameters.parameters,
      riskAversion: choice.riskAversion ?? 0.3,
      ...(choice.makerShare === undefined ? {} : { makerShare: choice.makerShare }),
    },
    stated: { dailyVolatility: sigma, dailyVolume: volume, spreadBps: spread },
  });
}

function configOf(raw: object): ArrivalConfig {
  const parsed = parseConfig(raw);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function of(choice: Choice = {}): Estimate {
  const result = attempt(choice);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

function asked(choice: Choice = {}): ScheduleEstimate {
  const found = of(choice).asked;
  if (!isCosted(found)) throw new Error(found.reason);
  return found;
}

const impactOf = ({ parts }: ScheduleEstimate): number => parts.temporaryBps + parts.permanentBps;
const quantity = (text: string): Choice => ({ order: { quantity: text } });

describe("an estimate", () => {
  it("adds up: parts to the whole, sigmas in squares, and the interval around it", () => {
    const { notional, choices } = of();
    expect(choices).toHaveLength(5 * URGENCIES.length);
    for (const choice of choices) {
      const { parts, band, interval, expectedBps, expectedCost } = choice;
      const sum = Object.values(parts).reduce((total: number, part: number) => total + part, 0);
      expect(expectedBps).toBeCloseTo(sum, 12);
      expect(expectedCost).toBeCloseTo((expectedBps * notional) / 1e4, 6);
      const { priceBps, volatilityBps, parametersBps, placementBps, totalBps, sources } = band;
      expect(totalBps).toBeCloseTo(
        Math.hypot(priceBps, volatilityBps, parametersBps, placementBps),
        12,
      );
      expect(parametersBps).toBeCloseTo(Math.hypot(...sources.map(({ bps }) => bps)), 12);
      expect(interval.highBps - interval.lowBps).toBeCloseTo(2 * SIGMAS_95 * totalBps, 9);
    }
  });

  it.each([
    ["a market that hardly trades", { volume: 1e-6 }],
    ["one that trades more than can be counted", { volume: 1e15 }],
    ["no spread", { spread: 0 }],
    ["next to no volatility", { sigma: 1e-15 }],
  ])("of %s is a number under every model", (_, market) => {
    for (const model of impactModels.keys()) {
      const { choices, frontier } = of({ model, market });
      for (const { expectedBps, interval } of choices) {
        expect(Number.isFinite(expectedBps)).toBe(true);
        expect(interval.highBps).toBeGreaterThanOrEqual(interval.lowBps);
      }
      for (const { impactBps, priceBps } of frontier) {
        expect(Number.isFinite(impactBps + priceBps)).toBe(true);
      }
    }
  });

  it("of almost nothing is spread and fees alone", () => {
    const { parts } = asked({
      ...quantity("0.002"),
      config: { execution: { minOrder: "0.001" } },
      makerShare: 0.25,
      market: { spread: 4 },
    });
    expect(parts.spreadBps).toBeCloseTo(0.75 * 2, 9);
    expect(parts.feesBps).toBeCloseTo(0.25 * 2 + 0.75 * 5, 9);
    expect(parts.temporaryBps + parts.permanentBps).toBeLessThan(0.05);
  });

  it.each([...impactModels.keys()])(
    "%s: costs more the larger it is, and stays finite",
    (model) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 50_000 }),
          fc.double({ min: 1e-4, max: 2, noNaN: true }),
          fc.double({ min: 1e2, max: 1e9, noNaN: true }),
          (lots, sigma, volume) => {
            const market = { sigma, volume };
            const [one, two] = [lots, 2 * lots].map((count) =>
              of({ ...quantity((count / 1000).toFixed(3)), model, market }),
            );
            for (const { choices } of [one!, two!]) {
              for (const { expectedBps, band } of choices) {
                expect(Number.isFinite(expectedBps) && Number.isFinite(band.totalBps)).toBe(true);
              }
            }
            const [a, b] = [one!.asked, two!.asked];
            if (isCosted(a) && isCosted(b)) expect(impactOf(b)).toBeGreaterThan(impactOf(a));
          },
        ),
        { numRuns: 4 },
      );
    },
  );

  it("costs more impact and bears less risk the more urgent it is", () => {
    const { choices } = of({ order: { over: micros(60 * MINUTE) } });
    const urgent = choices.filter(({ strategy, urgency }) => strategy === "is" && urgency < 1);
    urgent.slice(1).forEach((choice, k) => {
      expect(impactOf(choice)).toBeGreaterThan(impactOf(urgent[k]!));
      expect(choice.band.priceBps).toBeLessThan(urgent[k]!.band.priceBps);
    });
  });

  it("is the same for a purchase and for a sale", () => {
    const bare = ({ expectedBps, band, parts, strategy, urgency }: ScheduleEstimate) => ({
      expectedBps,
      totalBps: band.totalBps,
      parts,
      strategy,
      urgency,
    });
    const [buy, sell] = (["buy", "sell"] as const).map((side) => of({ order: { side } }));
    expect(sell!.choices.map(bare)).toEqual(buy!.choices.map(bare));
  });

  it("knows the delay since the decision, signed", () => {
    const decisionPrice = halfTicks(2 * 642_000);
    const paid = asked({ order: { decisionPrice } }).parts.delayBps;
    const gained = asked({ order: { decisionPrice, side: "sell" } }).parts.delayBps;
    expect(paid).toBeGreaterThan(7);
    expect(gained).toBe(-paid);
  });

  it("carries the doubt: about the parameters, about who fills, about neither where given", () => {
    const doubtful = asked();
    expect(doubtful.band.sources.map(({ name }) => name)).toContain("speedExponent");
    expect(doubtful.band.placementBps).toBeCloseTo((5 - 2 + 0.01) / Math.sqrt(12), 6);
    const { parameters } = impactModels.get("almgren-2005")!;
    const given = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
    const sure = asked({ parameters: given, makerShare: 0.5 });
    expect(sure.band).toMatchObject({ parametersBps: 0, placementBps: 0 });
    expect(sure.expectedBps).toBe(doubtful.expectedBps);
  });

  it("takes money as well as quantity, and says what pays for nothing", () => {
    const { quantity: bought } = of({ order: { quantity: "642500", isNotional: true } });
    expect(bought).toBe(9_999);
    for (const text of ["0.0001", "0", "99999999999999999999"]) {
      expect(attempt(quantity(text))).toMatchObject({ error: { code: "ESTIMATE_QUANTITY" } });
    }
    expect(attempt({ order: { quantity: "3", isNotional: true } }).ok).toBe(false);
  });
});

describe("the published costs of live orders", () => {
  it("$1 M over an hour lands in their order of magnitude", () => {
    // Published: BTC 4.4, ETH 7.3 bps. Volatility and volume: hourly bars of USDT perpetuals,
    // September 2025 to March 2026. A sanity range, not a truth: where we land is in the how-to.
    const hour = {
      order: { quantity: "1000000", isNotional: true, over: micros(60 * MINUTE) },
      config: { strategy: { name: "vwap" } },
    };
    const btc = { price: 70_000, sigma: 0.027, volume: 14.5e9 / 70_000, spread: 0.02 };
    const eth = { price: 2_144, sigma: 0.039, volume: 14.4e9 / 2_144, spread: 0.05 };
    for (const model of ["almgren-2005", "square-root"]) {
      const one = asked({ ...hour, model, market: btc });
      const two = asked({ ...hour, model, market: eth, instrument: ETH });
      expect(impactOf(one)).toBeGreaterThan(0.3);
      expect(one.expectedBps).toBeLessThan(10);
      expect(impactOf(two)).toBeGreaterThan(impactOf(one));
    }
  });
});

describe("the recommendation", () => {
  it("is the least E + λ√V of what the limits allow and what can finish", () => {
    const found = of();
    const feasible = found.choices.filter(
      ({ hindrances, urgency }) => hindrances.length === 0 && urgency > 0,
    );
    const least = Math.min(...feasible.map(({ objectiveBps }) => objectiveBps));
    expect(found.recommendation?.choice.objectiveBps).toBeCloseTo(least, 9);
    expect(found.recommendation?.choice.hindrances).toEqual([]);
    expect(found.recommendation?.reason).toContain("bps behind");
  });

  it("turns from patient to urgent as risk weighs more", () => {
    const risks = [0, 0.1, 0.3, 1, 3].map(
      (riskAversion) => of({ riskAversion }).recommendation!.choice.band.priceBps,
    );
    risks.slice(1).forEach((risk, k) => expect(risk).toBeLessThanOrEqual(risks[k]!));
    expect(risks.at(-1)).toBeLessThan(risks[0]!);
  });

  it("is none where the limits allow none, and says how long it would take", () => {
    const found = of({ ...quantity("5000"), order: { quantity: "5000", over: micros(MINUTE) } });
    expect(found.recommendation).toBeUndefined();
    expect(found.feasibleDuration / MINUTE).toBeCloseTo((5_000 * 9) / (200_000 / 1_440), 0);
    expect(found.checks.find(({ name }) => name === "participation")?.met).toBe(false);
    expect(found.checks.find(({ name }) => name === "taken on")).toMatchObject({
      met: false,
      text: expect.stringContaining("PARENT_INFEASIBLE"),
    });
  });

  it.each([
    ["volatility", { market: { sigma: 10 } }],
    ["spread", { market: { spread: 100 } }],
    ["limit price", { order: { constraints: { ...CROSSING, limitPrice: ticks(1) } } }],
  ] as const)("is none where the %s stops every order", (name, choice) => {
    const found = of(choice);
    expect(found.checks.filter((one) => one.met === false).map((one) => one.name)).toContain(name);
    expect(found.recommendation).toBeUndefined();
  });

  it("of an order that may not cross counts resting fills alone", () => {
    const constraints = { mayCrossSpread: false, residual: "leave" } as const;
    const { choices, recommendation } = of({ order: { constraints } });
    expect(choices.every(({ parts }) => Math.abs(parts.feesBps - 2) < 1e-9)).toBe(true);
    expect(recommendation).toBeDefined();
  });
});

describe("a model that may not choose a schedule", () => {
  it.each(["square-root", "kyle"])(
    "%s: costs each, and recommends none, with the reason",
    (model) => {
      const found = of({ model });
      expect(found.choices.length).toBeGreaterThan(0);
      expect(found.refusal).toMatch(/knows no speed/);
      expect(found.recommendation).toBeUndefined();
      expect(found.frontier).toEqual([]);
    },
  );

  it("is refused by its parameters as well: steps that would earn in a round trip", () => {
    const parameters = { permanent: 1e6 };
    const found = of({ model: "almgren-chriss", parameters });
    expect(found.refusal).toMatch(/would earn in a round trip/);
    expect(of({ model: "almgren-chriss" }).refusal).toBeUndefined();
  });
});

describe("several models", () => {
  it("see the same order in the same market, and differ by the model alone", () => {
    const one = of();
    const [first, ...others] = one.byModel;
    expect(first).toMatchObject({ model: "almgren-2005" });
    expect(others.map(({ model }) => model)).toEqual(
      [...impactModels.values()]
        .filter(({ base, name }) => base === undefined && name !== "almgren-2005")
        .map(({ name }) => name),
    );
    for (const { model, impactBps, interval } of others) {
      expect(of({ model }).byModel[0]).toMatchObject({ model, impactBps, interval });
      expect(interval.lowBps).toBeGreaterThanOrEqual(0);
      expect(interval.highBps).toBeGreaterThan(impactBps);
    }
  });

  it("an adjusted model scales the impact and its interval, and nothing else", () => {
    const bare = of();
    const base = impactModels.get("almgren-2005")!;
    const chosen = chooseModels(["almgren-2005"], {}, { factor: 1.4, source: "a test", weight: 1 });
    if (!chosen.ok) throw new Error(chosen.error.text);
    const [{ model, parameters }] = chosen.value as [(typeof chosen.value)[0]];
    expect(parameters).toHaveLength(base.parameters.length + 2);
    const scaled = of({ terms: { model, parameters } });
    if (!isCosted(bare.asked) || !isCosted(scaled.asked)) throw new Error("not costed");
    expect(impactOf(scaled.asked) / impactOf(bare.asked)).toBeCloseTo(1.4, 9);
    expect(scaled.asked.parts.feesBps).toBe(bare.asked.parts.feesBps);
    expect(scaled.asked.band.priceBps).toBe(bare.asked.band.priceBps);
    const doubt = (one: ScheduleEstimate, name: string) =>
      one.band.sources.find((source) => source.name === name)!.bps;
    expect(doubt(scaled.asked, "temporary") / doubt(bare.asked, "temporary")).toBeCloseTo(1.4, 9);
    expect(doubt(scaled.asked, "factor") / impactOf(bare.asked)).toBeCloseTo(0.4 / SIGMAS_95, 6);
  });
});

describe("POV", () => {
  it("takes what the volume gives, and does not pass for finished in time", () => {
    const { choices } = of({ order: { over: micros(10 * SECOND) } });
    const pov = choices.find(({ strategy }) => strategy === "pov")!;
    expect(pov.schedule.followsVolume).toBe(true);
    expect(pov.schedule.duration / MINUTE).toBeCloseTo((25 * 9) / (200_000 / 1_440), 1);
    expect(pov.hindrances[0]).toContain("longer than it has");
  });
});
