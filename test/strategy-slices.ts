/**
 * Strategy slices: a plan to begin from, and the slices that a strategy cuts it into, for tests.
 */
import type { BoundStrategy, Plan, Strategy, Target } from "../src/core/contracts/strategy.ts";
import { lots, type Micros, micros, SECOND } from "../src/core/domain/units.ts";

export const FROM = micros(1_700_000_000_000_000);
/** No jitter: the textbook schedule. */
export const EVEN = { randomizeSize: 0, randomizeTime: 0 };

/** 10,000 lots in 80 seconds. */
export const planOf = (change: Partial<Plan> = {}): Plan => ({
  parentId: "p-1",
  side: "buy",
  from: FROM,
  until: micros(FROM + 80 * SECOND),
  quantity: lots(10_000),
  volumeAtFrom: lots(0),
  minOrder: lots(1),
  maxParticipation: 0.1,
  urgency: 0.5,
  seed: 7,
  ...change,
});

export const ask = (bound: BoundStrategy, now: Micros): Target =>
  bound.target({ now, done: lots(0), marketVolume: lots(0) });

/** Each slice as [second it begins, quantity of its own], walked by asking again at its end. */
export function slicesBy(
  strategy: Strategy,
  plan: Plan,
  parameters: Readonly<Record<string, unknown>>,
): [number, number][] {
  const bound = strategy.bind({ ...EVEN, ...parameters }, plan);
  const rows: [number, number][] = [];
  let before = 0;
  for (let now = plan.from; now < plan.until;) {
    const target = ask(bound, now);
    rows.push([(target.sliceFrom - plan.from) / SECOND, target.quantity - before]);
    before = target.quantity;
    now = target.sliceUntil;
  }
  return rows;
}
