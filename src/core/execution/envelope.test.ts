import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lots } from "../domain/units.ts";
import { Envelope, envelopeBound } from "./envelope.ts";

const TOTAL = lots(1_000);
const TERMS = { corridor: 0.1, variation: 0.3, crossing: 0.05 };

describe("the envelope", () => {
  it("goes as far as the corridor, and no farther than it can pay to come back from", () => {
    const envelope = new Envelope(TERMS, TOTAL);
    expect(envelope.steer(40, 0)).toEqual({ ahead: 40, withheld: 0 });
    expect(envelope.steer(500, 0).ahead).toBe(100);
    // Across: 100 back, and then there and home again for the 100 that are left.
    expect(envelope.steer(-500, 0).ahead).toBe(-50);
    expect(envelope.moved).toBe(250);
    expect(envelope.steer(70, 0).ahead).toBe(0);
    expect(envelope.moved).toBe(300);
    expect(envelope.steer(70, 0).ahead).toBe(0);
  });

  it("counts what is held back as being behind", () => {
    const envelope = new Envelope(TERMS, TOTAL);
    expect(envelope.steer(0, 60)).toEqual({ ahead: 0, withheld: 60 });
    expect(envelope.steer(-80, 60)).toEqual({ ahead: -80, withheld: 20 });
    expect(envelope.deviation).toBe(-100);
  });

  it("keeps its word whatever is wanted, and always comes home", () => {
    const wanted = fc.record({
      ahead: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      withheld: fc.double({ min: 0, max: 1e9, noNaN: true }),
      rebase: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 60 }), (steps) => {
        const envelope = new Envelope(TERMS, TOTAL);
        let moved = 0;
        let last = 0;
        for (const { ahead, withheld, rebase } of steps) {
          const steered = envelope.steer(ahead, withheld);
          const { deviation } = envelope;
          moved += Math.abs(deviation - last);
          last = deviation;
          expect(Math.abs(deviation)).toBeLessThanOrEqual(100 + 1e-9);
          expect(moved + Math.abs(deviation)).toBeLessThanOrEqual(300 + 1e-6);
          expect(Math.abs(steered.ahead - steered.withheld - deviation)).toBeLessThan(2);
          if (!rebase) continue;
          envelope.rebase();
          moved += Math.abs(last);
          last = 0;
        }
        envelope.steer(0, 0);
        expect(envelope.deviation).toBe(0);
        expect(envelope.moved).toBeLessThanOrEqual(300 + 1e-6);
      }),
    );
  });

  it("bounds the moves of what is aimed at too: what is withheld may fill all the same", () => {
    const wish = fc.double({ min: -200, max: 200, noNaN: true });
    const late = fc.constantFrom(0, 0, 10, 80);
    fc.assert(
      fc.property(fc.array(fc.tuple(wish, late), { minLength: 20, maxLength: 60 }), (steps) => {
        const envelope = new Envelope(TERMS, TOTAL);
        let [moved, last] = [0, 0];
        for (const [ahead, withheld] of steps) {
          const steered = envelope.steer(ahead, withheld);
          moved += Math.abs(steered.ahead - last);
          last = steered.ahead;
          expect(Math.abs(steered.ahead)).toBeLessThanOrEqual(100);
          if (steered.ahead > 0) expect(steered.withheld).toBeLessThanOrEqual(1);
        }
        // Each aim is whole lots.
        expect(moved + Math.abs(last)).toBeLessThanOrEqual(300 + steps.length);
      }),
    );
    const toAndFro = new Envelope(TERMS, TOTAL);
    let aims = 0;
    for (let turn = 0, last = 0; turn < 50; turn++) {
      const { ahead } = turn % 2 === 0 ? toAndFro.steer(-80, 0) : toAndFro.steer(0, 80);
      aims += Math.abs(ahead - last);
      last = ahead;
    }
    expect(aims).toBeLessThanOrEqual(300);
  });

  it("promises a bound that a price path and a deviation keep", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 50 }),
        fc.array(fc.double({ min: -300, max: 300, noNaN: true }), { minLength: 5, maxLength: 50 }),
        (moves, wishes) => {
          const envelope = new Envelope(TERMS, TOTAL);
          let price = 100;
          let [low, high] = [price, price];
          let [last, extra] = [0, 0];
          for (let at = 0; at < moves.length; at++) {
            price += moves[at]!;
            [low, high] = [Math.min(low, price), Math.max(high, price)];
            envelope.steer(at === moves.length - 1 ? 0 : wishes[at % wishes.length]!, 0);
            extra += (envelope.deviation - last) * price;
            last = envelope.deviation;
          }
          expect(extra).toBeLessThanOrEqual(0.5 * (high - low) * 0.3 * TOTAL + 1e-6);
        },
      ),
    );
  });

  it("tells its bound in bps at one and three sigma", () => {
    const bound = envelopeBound(TERMS, 30, 4);
    expect(bound.crossing).toBeCloseTo(0.2);
    expect(bound.oneSigma).toBeCloseTo(0.5 * 0.3 * 30 * (1.5958 + 0.4755) + 0.2, 2);
    expect(bound.threeSigma).toBeGreaterThan(bound.oneSigma);
  });
});
