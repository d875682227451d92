/** Ranking page: one table of the same arms on several markets. */
import type { RankedArm, Ranking } from "../runtime/ranking.ts";

const CELL = 30;

export function rankingText({ markets, arms, turns }: Ranking): string {
  const width = Math.max(...arms.map(({ arm }) => arm.length), "arm".length);
  const lines = [
    "",
    "the same arms on each market: place, mean cost in bps (before fees), against the baseline",
    ["arm".padEnd(width), ...markets.map((market) => market.padStart(CELL))].join(" "),
    ...arms.map(({ arm, places }) =>
      [arm.padEnd(width), ...places.map((place) => cellOf(place).padStart(CELL))].join(" "),
    ),
    ...(turns.length === 0 ? ["no verdict turns from one market to another"] : turns),
  ];
  return `${lines.join("\n")}\n`;
}

const cellOf = ({ rank, meanBps, beforeFeesBps, verdict }: RankedArm["places"][number]): string =>
  `${rank}. ${signed(meanBps)} (${signed(beforeFeesBps)}) ${verdict}`;

const signed = (bps: number): string => `${bps >= 0 ? "+" : ""}${bps.toFixed(2)}`;
