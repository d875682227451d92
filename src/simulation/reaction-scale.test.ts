import { describe, expect, it } from "vitest";
import { halfTicks, micros, SECOND } from "../core/domain/units.ts";
import { Reaction, type ReactionConfig } from "./reaction.ts";
import { REFERENCE_RATE, REFERENCE_SECONDS, scaleReaction } from "./reaction-scale.ts";

const SCALE = { volatility: 0.03, volumeLots: 400_000_000, mid: halfTicks(1_280_000) };
const SETTINGS = { halfLife: micros(5 * SECOND), permanent: 0, transient: 1 };
const DAY_SECONDS = 86_400;

function configOf(change: Partial<typeof SETTINGS> = {}): ReactionConfig {
  const scaled = scaleReaction({ ...SETTINGS, ...change }, SCALE);
  if (!scaled.ok) throw new Error(scaled.error.text);
  return scaled.value;
}

/** How far a constant share of the volume moves the price, over what the square-root law says. */
function againstLaw(rate: number, seconds: number): number {
  const reaction = new Reaction(configOf());
  const step = reaction.healStep / 1e9;
  const perStep = Math.round(((rate * SCALE.volumeLots) / DAY_SECONDS) * step);
  let sold = 0;
  for (let at = 0; at < seconds; at += step) {
    reaction.traded(true, perStep);
    sold += perStep;
    reaction.fade();
  }
  const law = SCALE.volatility * (SCALE.mid / 2) * Math.sqrt(sold / SCALE.volumeLots);
  return reaction.due / law;
}

describe("the scale of a reaction", () => {
  it("is the square-root law's at the reference, under it for short orders, over it for long", () => {
    expect(againstLaw(REFERENCE_RATE, REFERENCE_SECONDS)).toBeCloseTo(1, 1);
    expect(againstLaw(REFERENCE_RATE, 180)).toBeCloseTo(0.66, 1);
    expect(againstLaw(REFERENCE_RATE, 4 * 3600)).toBeCloseTo(1.06, 1);
    // Linear in the rate, where the law is a root of it.
    expect(againstLaw(4 * REFERENCE_RATE, REFERENCE_SECONDS)).toBeCloseTo(2, 1);
  });

  it("has a permanent part in daily volatilities for a day's volume", () => {
    const { permanentTicksPerLot } = configOf({ permanent: 2 });
    expect(permanentTicksPerLot * SCALE.volumeLots).toBeCloseTo(2 * 0.03 * 640_000, 6);
  });

  it("refuses a market of which a lot is more than a tick, and says so", () => {
    const thin = scaleReaction(SETTINGS, { ...SCALE, volumeLots: 1_300 });
    expect(thin).toMatchObject({ ok: false, error: { code: "MARKET_SCALE" } });
    if (!thin.ok) expect(thin.error.text).toMatch(/a single lot would move the price by .* ticks/);
  });
});
