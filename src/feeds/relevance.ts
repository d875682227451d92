/**
 * Relevance: whether an item concerns an instrument, and how.
 *
 * What must stay true: it only leaves out what plainly speaks of other assets or of nothing; what
 * remains is as little to be trusted as before.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import { coinOf, coinsIn } from "./coins.ts";

/** `asset`: names it. `market`: the whole market or the venue. `other`: other assets alone. */
export type Relevance = "asset" | "market" | "other" | "none";

/** What moves all of them: the market, venues, supervisors, central banks, what breaks. */
const MARKET_WORDS = [
  String.raw`crypto\w*|stablecoins?|altcoins?|blockchain|defi|etfs?|stocks?|markets?|nasdaq|s&p`,
  "exchange|bybit|binance|okx|coinbase|kraken|sec|cftc|esma|mica|fed|fomc|ecb|boj|central bank",
  "rate (?:cut|hike|decision)|interest rates?|open interest|funding rates?|risk limits?|margin",
  "cpi|ppi|inflation|payrolls?|nfp|unemployment|gdp|treasur(?:y|ies)|tariffs?|recession|dollar",
  "liquidations?|hack(?:ed|ers?)?|exploit(?:ed)?|maintenance|outage|halt(?:s|ed)?",
  String.raw`delist\w*|withdrawals?|dxy|vix|oil|war|sanctions?`,
];
const MARKET = new RegExp(String.raw`\b(?:${MARKET_WORDS.join("|")})\b`, "i");

export function relevanceOf(item: NewsItem, instrument: string): Relevance {
  const text = `${item.headline} ${item.body ?? ""}`;
  const { ours, others } = coinsIn(text, coinOf(instrument));
  if (ours) return "asset";
  // A listing of another coin on an exchange is that coin's affair.
  if (!others && (MARKET.test(text) || item.kind === "macro" || item.kind === "regulatory"))
    return "market";
  return others ? "other" : "none";
}

export const concerns = (item: NewsItem, instrument: string): boolean =>
  ["asset", "market"].includes(relevanceOf(item, instrument));
