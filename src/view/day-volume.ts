/**
 * Day volume: what traded in each quarter of an hour of the UTC day, beside what is usual then.
 *
 * Usual is what the day before had, once half of it was seen; else what the day's curve has by
 * which an order here trades; else an even share. A curve is a shape: its level is that of the
 * volume which was seen. What must stay true: it says which of them it is, and a quarter of which
 * nothing is known has no figure.
 */
import type { DayCurve } from "../core/contracts/strategy.ts";
import type { Covered } from "../core/domain/decision.ts";
import { DAY, type Micros } from "../core/domain/units.ts";
import type { VolumeProfile } from "../core/market/windows.ts";
import type { MarketView } from "./shapes.ts";

const QUARTERS = 96;
const MINUTES = 15;
/** Of the day before, and of a quarter of it, to go by it. */
const LEAST_COVERAGE = 0.5;

/** @param quantity of lots, in units of the instrument. */
export function dayVolume(
  profile: VolumeProfile,
  now: Micros,
  quantity: (lots: number) => number,
  curve?: DayCurve,
): MarketView["dayVolume"] {
  const today = Math.floor(now / DAY);
  const [traded, before] = [today, today - 1].map((day) => quartersOf(profile, day));
  const isBefore = meanCoverage(before!) >= LEAST_COVERAGE;
  const usual = isBefore
    ? before!.map(({ value, coverage }) => (coverage < LEAST_COVERAGE ? null : value))
    : byCurve([...traded!, ...before!], curve);
  const inUnits = (lots: number | null): number | null => (lots === null ? null : quantity(lots));
  return {
    usualFrom: isBefore ? "day-before" : curve === undefined ? "even-day" : "curve",
    curve: isBefore || curve === undefined ? null : curve.name,
    quarters: traded!.map(({ value, coverage }, k) => ({
      traded: coverage === 0 ? null : { value: quantity(value), coverage },
      usual: inUnits(usual[k] ?? null),
    })),
  };
}

/** Lots of each, scaled up to the whole quarter from what of it was seen. */
function quartersOf(profile: VolumeProfile, day: number): readonly Covered[] {
  return Array.from({ length: QUARTERS }, (_, quarter) => {
    let [lots, minutes] = [0, 0];
    for (let k = 0; k < MINUTES; k++) {
      const { value, coverage } = profile.minuteOn(day, quarter * MINUTES + k);
      lots += value * coverage;
      minutes += coverage;
    }
    return minutes === 0
      ? { value: 0, coverage: 0 }
      : { value: (lots / minutes) * MINUTES, coverage: minutes / MINUTES };
  });
}

/** @param seen quarters of whole days. Null: nothing of them was seen. */
function byCurve(
  seen: readonly Covered[],
  { shareBy }: Pick<DayCurve, "shareBy"> = EVEN_DAY,
): readonly (number | null)[] {
  const shares = Array.from(
    { length: QUARTERS },
    (_, k) => shareBy((k + 1) / QUARTERS) - shareBy(k / QUARTERS),
  );
  let [lots, share] = [0, 0];
  seen.forEach(({ value, coverage }, k) => {
    lots += value * coverage;
    share += shares[k % QUARTERS]! * coverage;
  });
  return shares.map((each) => (share > 0 ? (each * lots) / share : null));
}

const EVEN_DAY = { shareBy: (moment: number): number => moment };

const meanCoverage = (quarters: readonly Covered[]): number =>
  quarters.reduce((sum, { coverage }) => sum + coverage, 0) / quarters.length;
