/** One order of our own as a model sees it, worked by hand. */
import { describe, expect, it } from "vitest";
import { halfTicks, lots, micros, ticks } from "../../core/domain/units.ts";
import type { PartialExecution, PartialFill } from "../../core/tca/execution.ts";
import { KNOWN_INSTRUMENTS } from "../../data/known-instruments.ts";
import { executionObservation } from "./execution-observation.ts";

const instrument = KNOWN_INSTRUMENTS.find(
  ({ symbol, kind }) => symbol === "BTCUSDT" && kind === "linear",
)!;
const stated = { dailyVolatility: 0.02, dailyVolume: 100_000, spreadBps: 1 };
const source = { kind: "own-run", market: "m", stated } as const;

/** @param at seconds after the start. */
const fill = (
  at: number,
  price: number,
  quantity: number,
  mid: number,
  spread?: number,
): PartialFill => ({
  fill: {
    executionId: `${at} ${price}`,
    price: ticks(price),
    quantity: lots(quantity),
    exchangeTime: micros(at * 1e6),
  },
  clientOrderId: "c",
  displacement: halfTicks(0),
  midBefore: halfTicks(2 * mid),
  ...(spread === undefined ? {} : { spreadBefore: ticks(spread) }),
});

const execution = (over: Partial<PartialExecution> = {}): PartialExecution => ({
  instrument,
  side: "buy",
  arrivalPrice: halfTicks(20_000),
  startAt: micros(0),
  endAt: micros(100e6),
  fills: [
    // Took at the ask, two ticks over the mid, when the mid had risen by four.
    fill(50, 10_006, 30, 10_004, 4),
    // Rested at the bid.
    fill(100, 10_006, 10, 10_008, 4),
    // Walked three ticks beyond the ask.
    fill(100, 10_013, 20, 10_008, 4),
  ],
  markouts: [],
  displacementModel: "unknown",
  ...over,
});

describe("an order of our own", () => {
  it("costs what it paid beyond the half spread, per unit, over the arrival price", () => {
    const one = executionObservation(execution(), source);
    if (typeof one === "string") throw new Error(one);
    // 30 × 4 + 10 × 8 + 20 × (8 + 3), in ticks of 10,000.
    expect(one.realisedBps).toBeCloseTo((120 + 80 + 220) / 60, 9);
    expect(one.quantity).toBeCloseTo(0.06, 12);
    expect(one.days * 86_400).toBeCloseTo(100, 9);
    const schedule = one.schedule!.map(({ quantity }) => Math.round(quantity * 1e3));
    expect(schedule.filter((quantity) => quantity > 0)).toEqual([30, 30]);
    expect(schedule[10]).toBe(30);
    expect(one.inert).toBeUndefined();
  });

  it("takes all that was paid from the mid for the spread, where nobody knows the spread", () => {
    const fills = execution().fills.map(({ spreadBefore: _spread, ...rest }) => rest);
    const one = executionObservation(execution({ fills }), source);
    if (typeof one === "string") throw new Error(one);
    expect(one.realisedBps).toBeCloseTo((30 * 4 + 30 * 8) / 60, 9);
  });

  it("costs only what was ours, where a simulation knows that and it is asked for", () => {
    const fills = execution().fills.map((one) => ({ ...one, displacement: halfTicks(2) }));
    const exact = execution({ fills, displacementModel: "exact" });
    const one = executionObservation(exact, { ...source, onlyOurs: true });
    if (typeof one === "string") throw new Error(one);
    // One tick each, and 20 of 60 walked three ticks beyond the touch.
    expect(one.realisedBps).toBeCloseTo(1 + (20 * 3) / 60, 9);
    const unknown = executionObservation(execution({ fills }), { ...source, onlyOurs: true });
    expect(unknown).toBe("nobody knows which part of its cost was ours");
  });

  it("in a market that does not react holds no impact, and says so", () => {
    const one = executionObservation(execution({ displacementModel: "none" }), source);
    expect(one).toMatchObject({ inert: "its market does not react to us" });
  });

  it("is none where something is missing, and says what", () => {
    const { arrivalPrice: _arrival, ...unarrived } = execution();
    const blind = execution().fills.map(({ midBefore: _mid, ...rest }) => rest);
    const whys = [
      executionObservation(execution({ fills: [] }), source),
      executionObservation(unarrived, source),
      executionObservation(execution({ fills: blind }), source),
      executionObservation(execution({ startAt: micros(100e6) }), source),
      executionObservation(execution(), { ...source, stated: {} }),
    ];
    expect(whys).toEqual([
      "nothing of it was filled",
      "its arrival price is not known",
      "the mid before one of its fills is not known",
      "it took no time",
      "too little was seen of the market before it (state it, or give more data)",
    ]);
  });
});
