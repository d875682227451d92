/**
 * Branching: how many market orders one market order sets off, by the same side and by the other.
 *
 * A Hawkes process of two kinds (buyers, sellers), mirrored, with a kernel that is a sum of
 * exponentials whose decays are given; fitted by maximum likelihood with expectation and
 * maximisation (Veen and Schoenberg 2008; Lewis and Mohler 2011). Spells of activity look like
 * branching to it, so what it finds is compared between markets, not taken for the truth.
 *
 * What must stay true: the likelihood never falls from one round to the next.
 */
import type { TakerOrder } from "./flow-tape.ts";

export interface Branching {
  /** Orders of the same side, and of the other, that one order sets off on average. */
  readonly same: number;
  readonly other: number;
  /** Orders of either side per second that nothing has set off. */
  readonly perSecond: number;
  readonly logLikelihood: number;
  readonly orders: number;
}

const MOST_ORDERS = 6_000;
export const LEAST_ORDERS = 200;
const ROUNDS = 200;

/** @param decays per second. @returns undefined of too few orders. */
export function fitBranching(
  all: readonly TakerOrder[],
  decays: readonly number[],
): Branching | undefined {
  const orders = all.slice(0, MOST_ORDERS);
  if (orders.length < LEAST_ORDERS) return undefined;
  const excitement = excitementOf(orders, decays);
  const start = orders[0]!.at;
  const length = orders.at(-1)!.at - start;
  const columns = 2 * decays.length;
  // What an order can set off before the end of what was seen, by decay.
  const room = decays.map((decay) =>
    orders.reduce((sum, { at }) => sum - Math.expm1(-decay * (start + length - at)), 0),
  );
  let base = orders.length / 4 / length;
  let weights = new Float64Array(columns).fill(0.25 / decays.length);
  let logLikelihood = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const caused = new Float64Array(columns);
    let spontaneous = 0;
    logLikelihood = 0;
    for (let i = 0; i < orders.length; i++) {
      let rate = base;
      for (let k = 0; k < columns; k++) rate += weights[k]! * excitement[i * columns + k]!;
      spontaneous += base / rate;
      for (let k = 0; k < columns; k++) {
        caused[k]! += (weights[k]! * excitement[i * columns + k]!) / rate;
      }
      logLikelihood += Math.log(rate);
    }
    logLikelihood -= 2 * base * length;
    for (let k = 0; k < columns; k++) logLikelihood -= weights[k]! * room[k >> 1]!;
    base = Math.max(1e-9, spontaneous / 2 / length);
    weights = weights.map((_, k) => caused[k]! / Math.max(1e-9, room[k >> 1]!));
  }
  const sum = (parity: number): number =>
    weights.reduce((total, weight, k) => ((k & 1) === parity ? total + weight : total), 0);
  return { same: sum(0), other: sum(1), perSecond: base, logLikelihood, orders: orders.length };
}

/** By order: for each decay, what earlier orders of the same side and of the other still add. */
function excitementOf(orders: readonly TakerOrder[], decays: readonly number[]): Float64Array {
  const columns = 2 * decays.length;
  const excitement = new Float64Array(orders.length * columns);
  const state = new Float64Array(columns);
  let last = orders[0]!.at;
  for (const [i, { at, isBuy }] of orders.entries()) {
    for (const [m, decay] of decays.entries()) {
      const kept = Math.exp(-decay * (at - last));
      state[2 * m]! *= kept;
      state[2 * m + 1]! *= kept;
      const [buys, sells] = [state[2 * m]!, state[2 * m + 1]!];
      excitement[i * columns + 2 * m] = isBuy ? buys : sells;
      excitement[i * columns + 2 * m + 1] = isBuy ? sells : buys;
      state[2 * m + (isBuy ? 0 : 1)]! += decay;
    }
    last = at;
  }
  return excitement;
}
