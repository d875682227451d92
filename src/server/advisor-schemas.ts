/**
 * Advisor schemas: what was asked, answered and done of advice, for whoever asks over HTTP.
 */
import { z } from "zod";
import {
  ADVISED_ACTIONS,
  type AdviceAnswer,
  IMPACT_READINGS,
  type NewsItem,
  URGENCY_LEVELS,
} from "../core/contracts/advice.ts";
import type { AdviceEntry, AdvisorView } from "../view/shapes.ts";
import { sameShape } from "./same-shape.ts";

const NUMBER = z.number().nullable();
const TEXT = z.string().nullable();

export const NEWS_ITEM = sameShape<NewsItem>()(
  z.object({
    id: z.string(),
    source: z.string(),
    kind: z.enum(["news", "announcement", "earnings", "macro", "regulatory", "analyst", "social"]),
    publishedAt: z.number(),
    firstSeenAt: z.number(),
    headline: z.string(),
    body: z.string().exactOptional(),
    flags: z.array(z.string()),
  }),
);

const ADVICE = z.object({
  action: z.enum(ADVISED_ACTIONS),
  confidence: z.number(),
  urgency: z.enum(URGENCY_LEVELS),
  impactFactor: z.object({ value: z.number(), low: z.number(), high: z.number() }),
  readings: z
    .object({
      informedFlow: z.enum(IMPACT_READINGS.informedFlow).exactOptional(),
      newsPending: z.enum(IMPACT_READINGS.newsPending).exactOptional(),
      liquidity: z.enum(IMPACT_READINGS.liquidity).exactOptional(),
      correlation: z.enum(IMPACT_READINGS.correlation).exactOptional(),
    })
    .exactOptional(),
  rate: z.number().exactOptional(),
  waitSeconds: z.number().exactOptional(),
  strategy: z.string().exactOptional(),
  proposal: z
    .object({
      quantityShare: z.number().exactOptional(),
      orderType: z.enum(["market", "limit", "post-only"]).exactOptional(),
      priceBps: z.number().exactOptional(),
    })
    .exactOptional(),
  reasoning: z.string(),
  risk: z.string(),
});

const ADVICE_ANSWER = sameShape<AdviceAnswer>()(
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("advice"),
      advice: ADVICE,
      source: z.enum(["llm", "cache"]),
    }),
    z.object({
      kind: z.literal("none"),
      reason: z.enum([
        "timed-out",
        "unreachable",
        "rate-limited",
        "refused",
        "malformed",
        "circuit-open",
        "budget",
        "not-recorded",
        "broken",
      ]),
      text: z.string(),
    }),
  ]),
);

export const ADVICE_ENTRY = sameShape<AdviceEntry>()(
  z.object({
    askedAt: z.number(),
    cause: z.enum(["start", "interval", "regime", "behind", "news"]),
    answeredAt: NUMBER,
    latencyMs: NUMBER,
    advisor: TEXT,
    answer: ADVICE_ANSWER.nullable(),
    weight: NUMBER,
    until: NUMBER,
    clamps: z.array(
      z.object({ what: z.string(), asked: z.string(), allowed: z.string(), why: z.string() }),
    ),
    dropped: TEXT,
    grounded: z.array(z.object({ text: z.string(), mark: z.enum(["text", "found", "not"]) })),
  }),
);

const WORTH = z.object({
  soFar: z.object({ bets: z.number(), savedBps: z.number(), luckBps: z.number() }).nullable(),
  measured: z
    .object({
      confidence: z.number(),
      reliability: z
        .object({
          decisions: z.number(),
          right: z.number(),
          bins: z.array(
            z.object({
              from: z.number(),
              decisions: z.number(),
              confidence: z.number(),
              right: z.number(),
            }),
          ),
        })
        .nullable(),
      regimes: z.array(
        z.object({
          regime: z.enum(["calm", "usual", "stressed"]),
          orders: z.number(),
          savedBps: z.object({ mean: z.number(), low: z.number(), high: z.number() }).nullable(),
        }),
      ),
    })
    .nullable(),
});

export const ADVISOR_VIEW = sameShape<AdvisorView>()(
  z.object({
    isFollowed: z.boolean(),
    regime: z.enum(["calm", "usual", "stressed"]).nullable(),
    influence: z.record(z.string(), z.number()),
    envelope: z
      .object({
        corridor: z.number(),
        variation: z.number(),
        variationUsed: z.number(),
        crossing: z.number(),
        crossingUsed: z.number(),
        boundBps: z.tuple([z.number(), z.number()]).nullable(),
      })
      .nullable(),
    influenceSource: z.string(),
    asked: z.number(),
    answered: z.number(),
    advised: z.number(),
    followed: z.number(),
    clamped: z.number(),
    dropped: z.number(),
    grounded: z.number(),
    confidence: NUMBER,
    budget: z.object({
      questions: z.object({ spent: z.number(), most: z.number() }),
      tokens: z.object({ spent: NUMBER, most: NUMBER }),
      usd: z.object({ spent: NUMBER, most: NUMBER }),
    }),
    worth: WORTH,
    fallbackRate: NUMBER,
    latencyMs: z.object({ p50: z.number(), p95: z.number() }).nullable(),
    entries: z.array(ADVICE_ENTRY),
  }),
);
