/**
 * Generated market: messages per second of the whole market: agents, flow, matching and rows.
 *
 * One figure per order flow, an hour of the default market each.
 */
import { HOUR, micros } from "../src/core/domain/units.ts";
import { GeneratedMarket } from "../src/simulation/generated/market.ts";
import { DEFAULT_PROFILE, type FlowKind } from "../src/simulation/generated/profile.ts";
import type { Figure, Prepared } from "./measure.ts";

const NOON = micros(1_700_049_600_000_000);
const MANY_ROWS = 60_000;

export const figures: readonly Figure[] = [
  figure("generated-market", "hawkes"),
  figure("generated-market-zero-intelligence", "zero-intelligence"),
  figure("generated-market-queue-reactive", "queue-reactive"),
];

function figure(name: string, flow: FlowKind): Figure {
  return {
    name,
    summary: `an hour of the generated market, ${flow} flow, three makers, all other agents`,
    unit: "messages",
    references: {},
    prepare: () => prepare(flow),
  };
}

function prepare(flow: FlowKind): Prepared {
  const profile = { ...DEFAULT_PROFILE, flow };
  const open = (seed: number): GeneratedMarket =>
    new GeneratedMarket({ seed, startAt: NOON, duration: micros(HOUR), profile });
  let market: GeneratedMarket;
  let rows = 0;
  return {
    warmUp: () => {
      live(open(2));
      market = open(1);
    },
    run: () => {
      rows = live(market);
      return market.messages;
    },
    proof: () => ({
      rows,
      bestBid: market.matching.bestBid,
      bestAsk: market.matching.bestAsk,
      metaorders: market.metaorders.length,
    }),
  };
}

/** @returns rows made. */
function live(market: GeneratedMarket): number {
  let rows = 0;
  while (market.nextAt < Infinity) {
    market.step();
    if (market.rows > MANY_ROWS) rows += market.lendRows()?.length ?? 0;
  }
  return rows + (market.lendRows()?.length ?? 0);
}
