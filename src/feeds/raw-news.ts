/**
 * Raw news: an item as a source tells it, and how it becomes one that may be shown.
 *
 * What must stay true: nothing of a source reaches the engine but through here: cleaned, cut, and
 * with the time at which we saw it beside the one that is claimed.
 */
import { createHash } from "node:crypto";
import type { NewsItem } from "../core/contracts/advice.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { cleanText } from "./clean.ts";

export const MOST_HEADLINE = 200;
export const MOST_BODY = 1000;
export const MOST_SOURCE = 40;
const MOST_ID = 100;

export const NEWS_KINDS = [
  "news",
  "announcement",
  "earnings",
  "macro",
  "regulatory",
  "analyst",
  "social",
] as const satisfies readonly NewsItem["kind"][];

export interface RawNews {
  /** Absent or empty: made from what it says. */
  readonly id?: string;
  readonly source: string;
  readonly kind: NewsItem["kind"];
  /** As claimed; absent = it claims nothing, and is taken for as old as we know it. */
  readonly publishedAt?: Micros;
  readonly headline: string;
  readonly body?: string;
  /** What was found already, as told by a recording. */
  readonly flags?: readonly string[];
}

/** Undefined: nothing of its headline is left, nor of its body. */
export function cleanNews(raw: RawNews, firstSeenAt: Micros): NewsItem | undefined {
  const source = cleanText(raw.source, MOST_SOURCE);
  const body = cleanText(raw.body ?? "", MOST_BODY);
  const told = cleanText(raw.headline, MOST_HEADLINE);
  // Posts have no headline.
  const headline = told.text === "" ? cleanText(raw.body ?? "", MOST_HEADLINE) : told;
  if (headline.text === "") return undefined;
  const flags = [source, headline, body].flatMap((part) => part.flags);
  const known = (raw.flags ?? []).filter((flag) => /^[a-z][a-z-]{0,30}$/.test(flag)).slice(0, 10);
  return {
    id: idOf(raw),
    source: source.text === "" ? "unknown" : source.text,
    kind: raw.kind,
    publishedAt: raw.publishedAt ?? firstSeenAt,
    firstSeenAt,
    headline: headline.text,
    ...(body.text === "" || body.text === headline.text ? {} : { body: body.text }),
    flags: [...new Set([...known, ...flags])].sort(),
  };
}

/** Plain enough to be written into a journal and to be told apart. */
function idOf({ id = "", source, headline, body = "" }: RawNews): string {
  if (id.length <= MOST_ID && /^[\w.:/@+=-]+$/.test(id)) return id;
  const told = id === "" ? JSON.stringify([source, headline, body]) : id;
  return createHash("sha256").update(told.toWellFormed()).digest("hex").slice(0, 24);
}

/** Year 2000 to 2100: what lies outside is no time of news. */
const EARLIEST = 946_684_800_000_000;
const LATEST = 4_102_444_800_000_000;

/** Undefined: it is no time. Numbers are taken for seconds, milliseconds or micros by size. */
export function timeOf(told: unknown): Micros | undefined {
  const at = typeof told === "number" ? microsOf(told) : parsed(told);
  return at >= EARLIEST && at <= LATEST ? micros(at) : undefined;
}

function microsOf(count: number): number {
  for (const scale of [1, 1e3, 1e6]) {
    const at = Math.round(count * scale);
    if (at >= EARLIEST && at <= LATEST) return at;
  }
  return Number.NaN;
}

/** With a zone: a time without one is another time on another machine. */
const ZONED = /(?:Z|[+-]\d{2}:?\d{2}|\b(?:GMT|UTC|UT|EST|EDT|CST|CDT|MST|MDT|PST|PDT))\s*$/i;

function parsed(told: unknown): number {
  if (typeof told !== "string" || told.length > 100) return Number.NaN;
  if (/^\d{10,16}$/.test(told.trim())) return microsOf(Number(told));
  if (!ZONED.test(told)) return Number.NaN;
  // Of the digits behind a thousandth of a second, `Date` knows nothing.
  const beyond = /:\d{2}\.\d{3}(\d{1,3})/.exec(told)?.[1] ?? "";
  return Date.parse(told.trim()) * 1000 + Number(beyond.padEnd(3, "0"));
}
