/**
 * Clean: makes one harmless line of whatever text comes from outside.
 *
 * Letters that only look like others, characters that nobody sees, markup, entities and addresses
 * are how a post says one thing to a person and another to a model. What must stay true: it is
 * total, it never gives more than it may, and what it gave it gives again unchanged.
 */
import { Parser } from "htmlparser2";
import { isInstructionLike } from "./instruction.ts";
import { seenAsLatin } from "./look-alike.ts";

export const CLEANING_FLAGS = [
  "invisible", //         characters that nobody sees, or that turn the direction of writing
  "look-alike", //        letters of one script that pass for those of another
  "control", //           control characters, or letters buried under marks
  "cut", //               it was longer than it may be
  "instruction-like", //  it speaks to whoever reads it as to somebody who obeys; a guess
] as const;
export type CleaningFlag = (typeof CLEANING_FLAGS)[number];

export interface Cleaned {
  /** One line; neither `<` nor `>`. */
  readonly text: string;
  readonly flags: readonly CleaningFlag[];
}

/** What is longer is cut before anything is done with it: of a bomb only so much is looked at. */
const RAW_PER_CHARACTER = 16;
/** Markup inside of entities inside of markup: beyond this many layers, all of it goes. */
const MOST_LAYERS = 8;

/** @param mostChars UTF-16 units of the result. */
export function cleanText(raw: string, mostChars: number): Cleaned {
  const flags = new Set<CleaningFlag>();
  const looked = cutTo(RAW_PER_CHARACTER * mostChars, raw, flags);
  const text = settled(looked, mostChars, flags).replaceAll("<", "‹").replaceAll(">", "›");
  if (isInstructionLike(text)) flags.add("instruction-like");
  return { text, flags: CLEANING_FLAGS.filter((flag) => flags.has(flag)) };
}

/** Layer after layer is taken off until nothing is left to take off. */
function settled(raw: string, mostChars: number, flags: Set<CleaningFlag>): string {
  let text = raw;
  for (let layer = 0; layer < MOST_LAYERS; layer += 1) {
    const next = cutTo(mostChars, withoutLayer(text, mostChars, flags), flags);
    if (next === text) return text;
    text = next;
  }
  // Whoever wraps a text so often means no good: plain words are left of it.
  return text
    .replaceAll(/[^\x20-\x7e]|[&<>:@/]|www\./gi, " ")
    .replaceAll(STACKED_SIGNS, "$1")
    .replaceAll(/ +/g, " ")
    .trim();
}

const STACKED_SIGNS = /([`"'~=#*_|+^%-])\1{2,}/g;
const STACKED_MARKS = /(\p{M}{2})\p{M}+/gu;
/**
 * Of emoji: they choose how the sign before them is drawn, or join it to the next. More of them in
 * a row than a sign needs are a hidden message.
 */
const OF_EMOJI = /(?<=[\p{Extended_Pictographic}\p{EMod}])[\u{FE0E}\u{FE0F}\u{200D}]{1,2}/gu;
/** A figure in a box. */
const OF_KEYCAPS = /(?<=[0-9#*])\u{FE0F}(?=\u{20E3})/gu;
const INVISIBLE =
  /[\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}]/gu;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u{0}-\u{8}\u{E}-\u{1F}\u{7F}-\u{9F}]/gu;
const SPACES = /[\s\p{Z}\u{2800}]+/gu;

function withoutLayer(raw: string, mostChars: number, flags: Set<CleaningFlag>): string {
  const replace = (text: string, what: RegExp, by: string, flag: CleaningFlag): string => {
    const replaced = text.replaceAll(what, by);
    if (replaced !== text) flags.add(flag);
    return replaced;
  };
  let text = raw.toWellFormed();
  text = text.replaceAll(OF_EMOJI, "").replaceAll(OF_KEYCAPS, "");
  text = replace(text, INVISIBLE, "", "invisible");
  text = replace(text, CONTROL, " ", "control");
  if (DRESSED.test(text)) flags.add("look-alike");
  // One letter may stand for eighteen.
  text = cutTo(RAW_PER_CHARACTER * mostChars, text.normalize("NFKC"), flags);
  if (/[<&]/.test(text)) text = withoutMarkup(text);
  const { text: latin, found } = seenAsLatin(text);
  if (found) flags.add("look-alike");
  text = hostsOnly(latin);
  text = replace(text, STACKED_MARKS, "$1", "control");
  text = text.replaceAll(STACKED_SIGNS, "$1");
  return text.replaceAll(SPACES, " ").trim();
}

/** Letters and brackets in another dress: mathematical, circled, full width. */
const DRESSED = /[\u{24B6}-\u{24E9}\u{FF01}-\u{FF5E}\u{1D400}-\u{1D7FF}\u{1F110}-\u{1F189}]/u;

const UNSEEN = new Set(["script", "style", "template", "noscript", "iframe", "svg", "math"]);

/** What a person would read of it; entities decoded, comments and what is not shown left out. */
function withoutMarkup(html: string): string {
  const parts: string[] = [];
  let unseen = 0;
  const parser = new Parser(
    {
      onopentagname(name) {
        if (UNSEEN.has(name)) unseen += 1;
        parts.push(" ");
      },
      onclosetag(name) {
        if (UNSEEN.has(name)) unseen -= 1;
        parts.push(" ");
      },
      ontext(text) {
        if (unseen === 0) parts.push(text);
      },
    },
    { decodeEntities: true, recognizeSelfClosing: true },
  );
  parser.end(html);
  return parts.join("");
}

const ADDRESS = /\b[a-z][a-z0-9+.-]{0,20}:\/\/+([^\s/?#\\]*)[^\s]*/gi;
const BARE_ADDRESS = /\bwww\.([^\s/?#\\]{1,100})[/?#\\][^\s]*/gi;
const INLINE_DATA = /\bdata:[\w+./-]{0,60};[^\s]*/gi;
const HOST = /^[\p{L}\p{N}.-]{1,60}$/u;

/** Where an address leads, and nothing of what it carries there. */
const hostsOnly = (text: string): string =>
  text
    .replaceAll(ADDRESS, hostOf)
    .replaceAll(BARE_ADDRESS, hostOf)
    .replaceAll(INLINE_DATA, " link ");

function hostOf(_: string, authority: string): string {
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return ` ${HOST.test(host) ? host : "link"} `;
}

function cutTo(most: number, text: string, flags: Set<CleaningFlag>): string {
  if (text.length <= most) return text;
  flags.add("cut");
  const isInPair = /[\uD800-\uDBFF]/.test(text[most - 1] ?? "");
  return text.slice(0, Math.max(0, isInPair ? most - 1 : most)).trimEnd();
}
