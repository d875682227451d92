/**
 * Mask: hides from a model which asset and which day an item is of.
 *
 * A model may have read how the story ended. In a backtest it is shown "THE ASSET" where the coin's
 * name stood, and no month, year or price level. What must stay true: masking twice is masking
 * once, and what is masked is no longer than it may be.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import { coinOf, replaceCoins } from "./coins.ts";
import { MOST_BODY, MOST_HEADLINE, MOST_SOURCE } from "./raw-news.ts";

export const THE_ASSET = "THE ASSET";
export const ANOTHER_ASSET = "ANOTHER ASSET";

export function mask(item: NewsItem, instrument: string): NewsItem {
  const masked = {
    ...item,
    // Sources are named after coins, too.
    source: maskedText(item.source, instrument, MOST_SOURCE),
    headline: maskedText(item.headline, instrument, MOST_HEADLINE),
  };
  if (item.body === undefined) return masked;
  return { ...masked, body: maskedText(item.body, instrument, MOST_BODY) };
}

/** Stands in while all are replaced: no name and no ticker is part of it. */
const OURS = "\u{E000}";
const THEIRS = "\u{E001}";

/** What is taken out may bring together what was apart: until nothing is left to take out. */
function maskedText(text: string, instrument: string, mostChars: number): string {
  let masked = text;
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const next = cut(maskedOnce(masked, instrument), mostChars);
    if (next === masked) return masked;
    masked = next;
  }
  return masked;
}

const MOST_TURNS = 20;

function maskedOnce(text: string, instrument: string): string {
  const coin = coinOf(instrument);
  const named = replaceCoins(text, coin, (isOurs) => (isOurs ? OURS : THEIRS));
  return withoutDates(named)
    .replaceAll(new RegExp(`${OURS}+`, "gu"), ` ${THE_ASSET} `)
    .replaceAll(new RegExp(`${THEIRS}+`, "gu"), ` ${ANOTHER_ASSET} `)
    .replaceAll(/ +([,.;:!?)'’%])/g, "$1")
    .replaceAll(/([(]) +/g, "$1")
    .replaceAll(/ {2,}/g, " ")
    .trim();
}

const MONTH = `(?:${[
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?",
  "aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?",
].join("|")})`;
const BEFORE_A_MONTH =
  "[Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|[Oo]f|[Ll]ast|[Tt]his|[Nn]ext|[Ll]ate|[Ee]arly";
const DAY = String.raw`\d{1,2}(?:st|nd|rd|th)?`;

const DATES: readonly RegExp[] = [
  /\b(?:19|20)\d\d[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b/g,
  /\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d\b/g,
  new RegExp(String.raw`\b${DAY}\s+${MONTH}\b\.?,?(?:\s+(?:19|20)\d\d\b)?`, "gi"),
  new RegExp(String.raw`\b${MONTH}\.?\s+${DAY}\b,?(?:\s+(?:19|20)\d\d\b)?`, "gi"),
  new RegExp(String.raw`\b${MONTH}['’]?\.?,?\s+(?:['’]\d\d|(?:19|20)\d\d)\b`, "gi"),
  /\b(?:Q[1-4]|[1-4]Q)\b(?:\s*(?:['’]\d\d|(?:19|20)\d\d)\b)?|\bH[12]\s*(?:19|20)\d\d\b/g,
  // "may" and "march" are words as well: alone they count as names only with a capital.
  /\b(?:January|February|April|June|July|August|September|October|November|December)\b/gi,
  /\b(?:Jan|Feb|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?/g,
  new RegExp(String.raw`(?<=\b(?:${BEFORE_A_MONTH})[ -])(?:May|March|Mar)\b`, "g"),
  /(?<![\p{L}\p{N}.,$])(?:19|20)\d\d(?![\p{L}\p{N}%]|[.,]\d)/gu,
];

/** A level tells the day: "$67,450", "63k", "$0.52". Sums of millions do not. */
const LEVEL = new RegExp(
  [
    String.raw`(?<![\p{L}\p{N}.,])`,
    String.raw`(?:[$€£]\s?\d+(?:,\d{3})*(?:\.\d+)?k?|\d{1,3}(?:,\d{3})+(?:\.\d+)?`,
    String.raw`|\d+(?:\.\d+)?k|\d{4,7}(?:\.\d+)?)`,
    String.raw`(?![\p{L}\p{N}%]|\s?(?:m|bn|mln|million|billion|trillion)\b)`,
  ].join(""),
  "giu",
);

const withoutDates = (text: string): string =>
  DATES.reduce((rest, date) => rest.replaceAll(date, " "), text).replaceAll(LEVEL, "a level");

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\uD800-\uDBFF]/.test(text[most - 1] ?? "") ? most - 1 : most;
  return text.slice(0, end).trimEnd();
}
