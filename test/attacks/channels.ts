/**
 * Channels: by which way a wrapped demand reaches the advisor.
 *
 * What must stay true: each is a place that somebody else may write to: a post, a page, a name.
 */
import type { RawNews } from "../../src/feeds/raw-news.ts";

/** Where the text stands: in an item of news, before it is cleaned, or in a field of the order. */
export type Place =
  | { readonly kind: "item"; readonly raw: RawNews }
  | {
      readonly kind: "field";
      readonly field: "order-note" | "symbol" | "past-advice";
      readonly text: string;
    };

export interface Channel {
  /** For people: who could write there. */
  readonly who: string;
  place(text: string): Place;
}

const item = (raw: RawNews): Place => ({ kind: "item", raw });

export const CHANNELS = {
  headline: {
    who: "whoever publishes, or breaks into a page",
    place: (text) => item({ source: "wire.example", kind: "news", headline: text }),
  },
  body: {
    who: "the same, behind a harmless headline",
    place: (text) =>
      item({
        source: "wire.example",
        kind: "news",
        headline: "Bitcoin steady in quiet trading",
        body: text,
      }),
  },
  "source-name": {
    who: "whoever names a channel or an account",
    place: (text) =>
      item({ source: text, kind: "news", headline: "Bitcoin steady in quiet trading" }),
  },
  "social-post": {
    who: "anybody",
    place: (text) =>
      item({ source: "someone", kind: "social", headline: `$BTC ${text} 🚀🚀 #bitcoin` }),
  },
  announcement: {
    who: "whoever passes for the venue",
    place: (text) =>
      item({ source: "bybit", kind: "announcement", headline: `Maintenance notice: ${text}` }),
  },
  "order-note": {
    who: "whoever enters orders, or the program that does",
    place: (text) => ({ kind: "field", field: "order-note", text }),
  },
  symbol: {
    who: "whoever lists an instrument, or serves its rules",
    place: (text) => ({ kind: "field", field: "symbol", text }),
  },
  "past-advice": {
    who: "whoever reached an earlier answer, or the file that it was kept in",
    place: (text) => ({ kind: "field", field: "past-advice", text }),
  },
} as const satisfies Readonly<Record<string, Channel>>;

export type ChannelName = keyof typeof CHANNELS;
