/**
 * Ramp: like TWAP, but the pace rises or falls evenly from the first slice to the last.
 *
 * After the share x of its time, the share x + tilt · (x² − x) of the order is due. A tilt of 0 is
 * an even pace; 1 starts from nothing and ends at twice that pace; −1 is its mirror image.
 *
 * | parameter       | default | meaning                                       |
 * |-----------------|---------|-----------------------------------------------|
 * | tilt            | 0.5     | from −1 (most at first) to 1 (most at the end) |
 * | intervalSeconds | 10      | length of a slice                             |
 */
import type { BoundStrategy, Lots, Micros, Plan, Strategy, Target } from "arrival";

const DEFAULTS = { tilt: 0.5, intervalSeconds: 10 };
type Parameters = Partial<typeof DEFAULTS>;

/** What each parameter may be, from and to. */
const RANGES: { readonly [key: string]: readonly [number, number] | undefined } = {
  tilt: [-1, 1],
  intervalSeconds: [1, 86_400],
};

const ramp: Strategy = {
  name: "ramp",
  summary:
    "A pace that rises or falls evenly; wrong where the volume of the day has another shape.",
  defaults: DEFAULTS,

  /** Every fault at once. A key that is not known is a fault: nobody misspells a setting unheard. */
  check(parameters) {
    return Object.entries(parameters).flatMap(([path, value]) => {
      const range = Object.hasOwn(RANGES, path) ? RANGES[path] : undefined;
      if (range === undefined) return [{ path, text: "unknown; known are tilt, intervalSeconds" }];
      const [least, most] = range;
      if (typeof value === "number" && value >= least && value <= most) return [];
      return [{ path, text: `must be a number from ${least} to ${most}` }];
    });
  },

  /** A pure function of the plan and the view: no clock, no memory, no order of its own. */
  bind(parameters, plan): BoundStrategy {
    const { tilt, intervalSeconds } = { ...DEFAULTS, ...(parameters as Parameters) };
    const interval = Math.floor(intervalSeconds * 1_000_000);
    return { target: ({ now }) => targetAt(plan, now, tilt, interval) };
  },
};

export default ramp;

function targetAt(plan: Plan, now: Micros, tilt: number, interval: number): Target {
  const { from, until } = plan;
  if (now < from) {
    return { quantity: 0 as Lots, sliceFrom: now, sliceUntil: from, reason: "not begun" };
  }
  const slices = Math.max(1, Math.ceil((until - from) / interval));
  const slice = Math.min(slices - 1, Math.floor((now - from) / interval));
  const share = (slice + 1) / slices;
  return {
    quantity: dueAt(plan, share + tilt * (share * share - share)),
    sliceFrom: (from + slice * interval) as Micros,
    sliceUntil: Math.min(until, from + (slice + 1) * interval) as Micros,
    reason: `slice ${slice + 1} of ${slices}, tilt ${tilt}`,
  };
}

/**
 * The share of the plan in whole least orders. A step that would be too small to send is carried
 * forward, and so is one that would leave too little behind: the last slice takes it along.
 */
function dueAt({ quantity, minOrder }: Plan, share: number): Lots {
  if (share >= 1) return quantity;
  const step = Math.max(1, minOrder);
  const due = Math.floor((quantity * Math.max(0, share)) / step) * step;
  return (quantity - due < minOrder ? Math.max(0, due - step) : due) as Lots;
}
