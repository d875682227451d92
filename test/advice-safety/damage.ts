/**
 * Damage: what an advised order paid more than its clean twin, and what was promised at most.
 *
 * Positive = paid. The promise is taken at its tightest: with the range that the price really ran
 * through while the order was at work, and the widest spread that really was.
 */
import type { Bps } from "../../src/core/domain/units.ts";
import { FEES, midAt, type World } from "./pit.ts";
import type { SafetyCase } from "./safety-case.ts";
import { startOf, type Worked } from "./safety-run.ts";

const feeBps = (FEES.taker - FEES.maker) * 1e4;

/** Undefined: an order of money buys another quantity in each run. */
export function costBps(drawn: SafetyCase, { world, executions }: Worked): Bps | undefined {
  const { quantity, side } = drawn;
  if (quantity.kind === "notional") return undefined;
  const direction = side === "buy" ? 1 : -1;
  const arrival = midAt(world, startOf);
  let paid = 0;
  let left: number = quantity.lots;
  for (const { price, quantity: filled, fill } of executions) {
    left -= filled;
    paid += filled * (direction * (price - arrival) + FEES[fill.liquidity] * price);
  }
  // What is left is bought at the deadline as if there were enough of it.
  const { bid, ask } = world.moments[startOf + drawn.spanSeconds]!;
  const price = side === "buy" ? ask : bid;
  paid += left * (direction * (price - arrival) + FEES.taker * price);
  return (1e4 * paid) / (arrival * quantity.lots);
}

export interface Promised {
  /** ½ · range · variation, and what crossing on advice may cost. */
  readonly drift: Bps;
  readonly crossing: Bps;
  /** What crossing a lot may cost more than posting it. */
  readonly crossed: Bps;
  /** What the price ran through. */
  readonly range: Bps;
}

export function promised(drawn: SafetyCase, world: World): Promised {
  const { envelope, influence } = drawn.terms;
  const most = Math.max(...Object.values(influence));
  const moments = world.moments.slice(startOf, startOf + drawn.spanSeconds + 1);
  const mids = moments.map(({ bid, ask }) => (bid + ask) / 2);
  const arrival = mids[0]!;
  const range = (1e4 * (Math.max(...mids) - Math.min(...mids))) / arrival;
  const spread = Math.max(...moments.map(({ bid, ask }) => (1e4 * (ask - bid)) / arrival));
  return {
    drift: 0.5 * range * most * envelope.variation,
    crossing: most * envelope.crossing * (spread + feeBps),
    crossed: spread + feeBps,
    range,
  };
}
