/**
 * JSON mutation: bends one place of a JSON document; what comes out is JSON nearly always.
 *
 * Names are moved, doubled, lost and replaced by those that JavaScript gives a meaning; values take
 * another type, another number, another's place. What must stay true: a name that stands twice is
 * written twice, although no object could hold it.
 */
import type { Draws } from "./draws.ts";
import { MARKS, NUMBERS } from "./strange-values.ts";

type Json = unknown;

interface Place {
  readonly holder: Record<string, Json> | Json[];
  readonly key: string;
}

const MOST_PLACES = 2_000;
const DEEP = [10, 100, 1_000] as const;
/** Deeper than this it is bent as text: our own walk over it must not be what breaks. */
const MOST_DEPTH = 1_200;

/** Raw text for one value: JSON that `JSON.stringify` would never write. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export function bendJson(input: string, draws: Draws, words: readonly string[]): string {
  if (depthOf(input) > MOST_DEPTH) return mend(input, draws);
  let value: Json;
  try {
    value = JSON.parse(input);
  } catch {
    return mend(input, draws);
  }
  const places: Place[] = [];
  collect(value, places);
  if (places.length === 0) return write(strange(value, draws, words));
  bendAt(draws.pick(places), places, draws, words);
  return write(value);
}

/** What is no JSON any more is closed again, now and then, so that the search goes on in it. */
function mend(input: string, draws: Draws): string {
  const at = draws.below(input.length + 1);
  return draws.chance(0.5) ? input.slice(0, at) : `${input}${draws.pick(["}", "]", '"', "}}"])}`;
}

/** As many brackets as are ever open at once, at most. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 91 || code === 123) most = Math.max(most, ++depth);
    else if (code === 93 || code === 125) depth -= 1;
  }
  return most;
}

function collect(value: Json, places: Place[]): void {
  if (typeof value !== "object" || value === null || places.length > MOST_PLACES) return;
  const holder = value as Record<string, Json>;
  for (const key of Object.keys(holder)) {
    places.push({ holder, key });
    collect(holder[key], places);
  }
}

function bendAt(
  { holder, key }: Place,
  places: readonly Place[],
  draws: Draws,
  words: readonly string[],
): void {
  const isList = Array.isArray(holder);
  const value = (holder as Record<string, Json>)[key];
  const set = (name: string, to: Json): void => {
    // A plain assignment would set the prototype where the name is `__proto__`.
    Object.defineProperty(holder, name, {
      value: to,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  };
  switch (draws.below(10)) {
    case 0:
      if (isList) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 1:
      if (isList) holder.splice(Number(key), 0, ...repeated(value, draws));
      else set(draws.pick([...words, ...MARKS]), value);
      return;
    case 2:
      if (!isList) {
        delete holder[key];
        set(draws.pick([...words, ...MARKS]), value);
      }
      return;
    case 3: {
      const other = draws.pick(places);
      // A copy: a part that held itself could not be written.
      set(key, copyOf((other.holder as Record<string, Json>)[other.key]));
      return;
    }
    case 4:
      // The same name twice: the last one counts.
      set(
        key,
        new Raw(`${write(value)},${JSON.stringify(key)}:${write(strange(value, draws, words))}`),
      );
      return;
    case 5:
      if (!isList) set("__proto__", { polluted: 1, ...(draws.chance(0.5) ? { ...holder } : {}) });
      return;
    default:
      set(key, strange(value, draws, words));
  }
}

const repeated = (value: Json, draws: Draws): Json[] =>
  Array.from({ length: draws.length(12) }, () => copyOf(value));

/** Without what the platform's own refuses: `Raw` keeps its class. */
const copyOf = (value: Json): Json =>
  value instanceof Raw || typeof value !== "object" || value === null
    ? value
    : (JSON.parse(write(value)) as Json);

const DECIMAL = /^[+-]?\d+(?:\.\d+)?$/;

/** A number that is nearly right: between two steps, below zero, too long, or another. */
function nearNumber(text: string, draws: Draws): string {
  const point = text.includes(".") ? "" : ".";
  return draws.pick([
    `${text}${point}5`,
    `${text}${point}0005`,
    `${text}${point}0`,
    `-${text}`,
    `0${text}`,
    `${text}e1`,
    text.replace(".", ""),
    "0",
    ...NUMBERS,
  ]);
}

/** Something else in the place of a value: near to it as often as far from it. */
function strange(value: Json, draws: Draws, words: readonly string[]): Json {
  if (typeof value === "string" && DECIMAL.test(value) && draws.chance(0.5)) {
    return nearNumber(value, draws);
  }
  if (typeof value === "string" && draws.chance(0.5)) return strangeText(value, draws, words);
  if (typeof value === "number" && draws.chance(0.6)) {
    return draws.chance(0.5) ? value + draws.pick([-1, 1, 0.5, 1e9, -value]) : String(value);
  }
  switch (draws.below(10)) {
    case 0:
      return null;
    case 1:
      return draws.chance(0.5);
    case 2:
      return new Raw(draws.pick(NUMBERS.filter(isJsonNumber)));
    case 3:
      return draws.pick(NUMBERS);
    case 4:
      return draws.pick(MARKS);
    case 5:
      return draws.pick(words);
    case 6:
      return draws.chance(0.5) ? {} : [];
    case 7:
      return draws.chance(0.5) ? [value] : { value };
    case 8:
      if (typeof value === "string") {
        return new Raw(/^-?[1-9]\d{0,20}$/.test(value) ? value : "1e999");
      }
      return write(value);
    default:
      return draws.chance(0.1) ? deep(draws) : "9".repeat(draws.length(300));
  }
}

const isJsonNumber = (text: string): boolean =>
  /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);

function deep(draws: Draws): Raw {
  const depth = draws.pick(DEEP);
  return draws.chance(0.5)
    ? new Raw("[".repeat(depth) + "]".repeat(depth))
    : new Raw(`${'{"a":'.repeat(depth)}0${"}".repeat(depth)}`);
}

function strangeText(text: string, draws: Draws, words: readonly string[]): string {
  const at = draws.below(text.length + 1);
  switch (draws.below(8)) {
    case 0:
      return text.slice(0, at) + draws.pick(MARKS) + text.slice(at);
    case 1:
      return text.slice(0, at);
    case 2:
      return `-${text}`;
    case 3:
      return `${text}${draws.pick(["0", ".0", ".5", "5", "e1", " ", "00000000000000000001"])}`;
    case 4:
      return text.slice(0, at) + String(draws.below(10)) + text.slice(at + 1);
    case 5:
      return draws.chance(0.5) ? text.toLowerCase() : text.toUpperCase();
    case 6:
      return draws.pick(words);
    default:
      return text.repeat(draws.length(40));
  }
}

/** As `JSON.stringify`, with raw text where it stands. */
function write(value: Json): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, member]) => {
      return `${JSON.stringify(key)}:${write(member)}`;
    });
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
