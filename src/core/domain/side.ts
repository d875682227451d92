/** Side: buy or sell, and the sign that mirrors every formula. */
import type { Ticks } from "./units.ts";

export type Side = "buy" | "sell";

/** +1 for a buy, −1 for a sell. */
export const sign = (side: Side): 1 | -1 => (side === "buy" ? 1 : -1);
export const opposite = (side: Side): Side => (side === "buy" ? "sell" : "buy");

/** The lower bid or the higher ask: the price that asks more of the market. */
export const morePassive = (side: Side, a: Ticks, b: Ticks): Ticks =>
  side === "buy" ? (a < b ? a : b) : a > b ? a : b;
/** Whether an order at `price` may trade with a level at `level` of the other side. */
export const crosses = (side: Side, price: Ticks, level: Ticks): boolean =>
  side === "buy" ? price >= level : price <= level;
