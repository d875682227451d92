/**
 * Advisor soundness: whether an exchange is what the contract says, by the suite's own lights.
 *
 * Written anew, without the parser that it judges. What must stay true: everything that a loop
 * relies on is looked at: types, ranges, finiteness, what was offered, what people read.
 */
import {
  type Advice,
  type AdviceQuestion,
  FASTEST_RATE,
  IMPACT_FACTORS,
  IMPACT_READINGS,
  type ImpactReading,
  SLOWEST_RATE,
  URGENCY_LEVELS,
  WAIT_SECONDS,
} from "../core/contracts/advice.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import type { ExchangeUnderTest } from "./advisor-suite.ts";

const REASONS = new Set([
  "timed-out",
  "unreachable",
  "rate-limited",
  "refused",
  "malformed",
  "circuit-open",
  "budget",
  "not-recorded",
  "broken",
]);
/** Letters that people can be asked to read. */
const MOST_READ = 2_000;
const UNREADABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Undefined: it is sound. */
export function unsoundness(
  exchange: ExchangeUnderTest,
  question: AdviceQuestion,
): string | undefined {
  const { answer, latency, transcript } = exchange;
  if (!Number.isSafeInteger(latency) || latency < 0) return `a latency of ${latency}`;
  try {
    canonicalJson(transcript);
  } catch (error) {
    return `a transcript that is no plain JSON: ${String(error)}`;
  }
  if (answer.kind === "none") {
    if (!REASONS.has(answer.reason)) return `no reason is called ${String(answer.reason)}`;
    return unreadable("the reason's text", answer.text);
  }
  if (answer.kind !== "advice") return "an answer of no kind";
  if (!["llm", "cache"].includes(answer.source)) return `no source is called ${answer.source}`;
  return unsoundAdvice(answer.advice, question);
}

const MEMBERS = new Set([
  "action",
  "confidence",
  "urgency",
  "impactFactor",
  "readings",
  "rate",
  "waitSeconds",
  "strategy",
  "proposal",
  "reasoning",
  "risk",
]);

function unsoundAdvice(advice: Advice, question: AdviceQuestion): string | undefined {
  const strange = Object.keys(advice).find((name) => !MEMBERS.has(name));
  if (strange !== undefined) return `advice has no member ${strange}`;
  const { action, confidence, urgency, impactFactor, rate, waitSeconds, strategy } = advice;
  if (!question.actions.includes(action)) return `${action} was not offered`;
  if (!isWithin(confidence, 0, 1)) return `a confidence of ${confidence}`;
  if (!URGENCY_LEVELS.includes(urgency)) return `no urgency is called ${urgency}`;
  const { low, value, high } = impactFactor;
  const factors = [low, value, high];
  const [least, most] = [Math.min(...IMPACT_FACTORS), Math.max(...IMPACT_FACTORS)];
  if (!factors.every((one) => isWithin(one, least, most)) || low > value || value > high) {
    return `impact factors of ${factors.join(", ")}`;
  }
  if (rate !== undefined && !isWithin(rate, SLOWEST_RATE, FASTEST_RATE)) return `a rate of ${rate}`;
  if (waitSeconds !== undefined && !isWithin(waitSeconds, 0, Math.max(...WAIT_SECONDS))) {
    return `a wait of ${waitSeconds} s`;
  }
  if (strategy !== undefined && !question.strategies.includes(strategy)) {
    return `the strategy ${strategy} was not offered`;
  }
  return (
    unsoundReadings(advice.readings) ??
    unsoundProposal(advice.proposal) ??
    unreadable("the reasoning", advice.reasoning) ??
    unreadable("the risk", advice.risk)
  );
}

function unsoundReadings(readings: Advice["readings"] = {}): string | undefined {
  const strange = Object.entries(readings).find(([key, label]) => {
    const labels: readonly string[] | undefined = IMPACT_READINGS[key as ImpactReading];
    return labels?.includes(label) !== true;
  });
  return strange === undefined ? undefined : `no reading is ${strange.join(": ")}`;
}

function unsoundProposal(proposal: Advice["proposal"]): string | undefined {
  if (proposal === undefined) return undefined;
  const { quantityShare, orderType, priceBps } = proposal;
  if (quantityShare !== undefined && !isWithin(quantityShare, 0, 1)) {
    return `a quantity of ${quantityShare} orders`;
  }
  if (priceBps !== undefined && !Number.isFinite(priceBps)) return `a price at ${priceBps} bps`;
  if (orderType !== undefined && !["market", "limit", "post-only"].includes(orderType)) {
    return `no order type is called ${orderType}`;
  }
  return undefined;
}

const isWithin = (value: number, low: number, high: number): boolean =>
  Number.isFinite(value) && value >= low && value <= high;

function unreadable(what: string, text: string): string | undefined {
  if (typeof text !== "string") return `${what} is no text`;
  if (text.length > MOST_READ) return `${what} has ${text.length} letters`;
  return UNREADABLE.test(text) ? `${what} has characters that nobody sees` : undefined;
}
