/**
 * Sample questions: situations to measure a local model on, when there is no run at hand.
 *
 * Pure, drawn from a counter-based generator. They are for speed and option bias alone: nothing is
 * claimed of how good the answers are.
 */
import {
  ADVISED_ACTIONS,
  type AdviceQuestion,
  type Situation,
  type SituationLevel,
} from "../../core/contracts/advice.ts";
import { streamOf, uniformAt } from "../../core/domain/random.ts";

const STREAM = streamOf("sample questions of the local model");
const DRAWS = 100;
const SEED = 1;

const HEADLINES = [
  "Exchange schedules maintenance for its matching engine next week",
  "Large holder moves coins to an exchange wallet, tracker says",
  "Central bank leaves rates unchanged, as economists had expected",
];

function patternOf(
  draw: (from: number, to: number) => number,
): Pick<Situation["market"], "hours" | "path"> {
  const sessions = ["asia", "europe", "us", "between"] as const;
  return {
    hours: { session: sessions[Math.floor(draw(0, sessions.length))]!, isWeekend: false },
    path: {
      minute1Bps: draw(-3, 3),
      minute5Bps: draw(-8, 8),
      minute15Bps: draw(-15, 15),
      minute60Bps: draw(-30, 30),
      seenSeconds: 3_600,
      underDearestBps: draw(0, 30),
      overCheapestBps: draw(0, 30),
      varianceRatio: draw(0.6, 1.4),
    },
  };
}

/** The k-th of an endless row; the same in each run. */
export function sampleQuestion(k: number): AdviceQuestion {
  let drawn = 0;
  const draw = (from: number, to: number): number =>
    from + (to - from) * uniformAt(SEED, STREAM, k * DRAWS + drawn++);
  const spanSeconds = draw(600, 7_200);
  const elapsed = draw(0.05, 0.9);
  const planned = Math.min(1, elapsed * draw(0.9, 1.1));
  const spread = draw(0.1, 4);
  const levels = (sign: 1 | -1): readonly SituationLevel[] =>
    [0, 1, 2, 3, 4].map((depth) => ({
      bps: sign * (spread / 2 + depth * draw(0.1, 0.5)),
      share: draw(0.001, 0.06),
    }));
  const news = Math.floor(draw(0, 3));
  return {
    id: `sample-q${k}`,
    parentId: "sample",
    instrument: "SAMPLE",
    cause: "interval",
    actions: ADVISED_ACTIONS.filter((action) => action !== "cancel"),
    strategies: [],
    situation: {
      order: {
        strategy: "twap",
        urgency: draw(0.2, 0.8),
        spanSeconds,
        secondsLeft: spanSeconds * (1 - elapsed),
        executed: Math.max(0, planned - draw(-0.05, 0.1)),
        planned,
        atVenue: draw(0, 0.02),
        shareOfDay: draw(0.0005, 0.02),
      },
      cost: {
        vwapBps: draw(-15, 20),
        midBps: draw(-25, 30),
        shortfallBps: draw(-15, 20),
      },
      market: {
        regime: (["calm", "usual", "stressed"] as const)[Math.floor(draw(0, 3))]!,
        spreadBps: spread,
        imbalance: draw(-0.9, 0.9),
        far: levels(1),
        near: levels(-1),
        trades: Array.from({ length: 10 }, (_, i) => ({
          secondsAgo: (10 - i) * draw(0.2, 3),
          bps: draw(-spread, spread),
          share: draw(0.0001, 0.01),
          isWithUs: draw(0, 1) < 0.5,
        })),
        volumeRatio: draw(0.2, 3),
        volatilityBpsHour: draw(20, 150),
        ...patternOf(draw),
      },
      news: HEADLINES.slice(0, news).map((headline) => ({
        secondsAgo: draw(10, 1_800),
        source: "wire",
        kind: "news" as const,
        headline,
        flags: [],
      })),
      past: [],
    },
  };
}
