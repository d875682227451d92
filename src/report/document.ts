/**
 * Document: a report as sections of words, tables and pictures, before it is HTML or Markdown.
 *
 * Both print the same document, so they say the same. What must stay true: everything in it is
 * plain text (but the SVG of a picture, which the chart library made): whoever prints it escapes.
 */
import type { Picture } from "./pictures/chart.ts";

export type Tone = "paid" | "gain" | "met" | "missed" | "dim" | "strong";

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

export interface Column {
  readonly name: string;
  /** `text`: left, and may be wrapped; `figure`: right, and is not. */
  readonly kind: "text" | "figure";
}

export type Block =
  | { readonly kind: "text"; readonly text: string; readonly tone?: Tone }
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | {
      readonly kind: "table";
      readonly caption: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
      readonly note?: string;
    }
  | { readonly kind: "picture"; readonly picture: Picture };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** A figure for the head of the page. */
export interface Headline {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly tone?: Tone;
}

export interface ReportDocument {
  readonly title: string;
  readonly subtitle: string;
  readonly headlines: readonly Headline[];
  readonly sections: readonly Section[];
  readonly footer: readonly string[];
}

export const text = (words: string, tone?: Tone): Cell =>
  tone === undefined ? { text: words } : { text: words, tone };

export const column = (name: string, kind: Column["kind"] = "figure"): Column => ({ name, kind });

export const pictures = (...all: readonly (Picture | undefined)[]): readonly Block[] =>
  all.flatMap((picture) => (picture === undefined ? [] : [{ kind: "picture", picture } as const]));

/** Costs are told apart by their sign; the colour only says it again. */
export const costTone = (value: number | null): Tone | undefined =>
  value === null ? "dim" : value > 0 ? "paid" : value < 0 ? "gain" : undefined;
