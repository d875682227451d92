/**
 * Mutation: how a true input is bent into a hostile one.
 *
 * JSON is mostly bent as the tree that it is, so that what comes out is still JSON and goes deep;
 * everything is bent as text too. What must stay true: an input stays short, so that a slow parser
 * and not a long input is what takes time.
 */
import type { Draws } from "./draws.ts";
import { bendJson } from "./json-mutation.ts";
import { MARKS, NUMBERS } from "./strange-values.ts";
import type { InputKind } from "./target.ts";

export const LONGEST = 64 << 10;

export class Mutator {
  readonly #kind: InputKind;
  readonly #words: readonly string[];
  readonly #draws: Draws;

  constructor(kind: InputKind, words: readonly string[], draws: Draws) {
    this.#kind = kind;
    this.#words = words;
    this.#draws = draws;
  }

  /** `other`: a second input, to splice with. */
  bend(input: string, other: string): string {
    const draws = this.#draws;
    let bent = input;
    const times = draws.length(8);
    for (let time = 0; time < times; time++) bent = this.#once(bent, other);
    return bent.length > LONGEST ? bent.slice(0, LONGEST) : bent;
  }

  #once(input: string, other: string): string {
    const draws = this.#draws;
    switch (this.#kind) {
      case "json":
        return draws.chance(0.8)
          ? bendJson(input, draws, this.#words)
          : this.#text(input, other, false);
      case "lines":
        return draws.chance(0.35) ? this.#lines(input, other) : this.#inLine(input);
      case "arguments":
        return this.#arguments(input, other);
      case "bytes":
        return draws.chance(0.5) ? flip(input, draws) : this.#text(input, other, true);
      default:
        // A text that is JSON is bent as such half of the time.
        if (/^\s*\{/.test(input) && draws.chance(0.5)) {
          return bendJson(input, draws, this.#words);
        }
        return draws.chance(0.25) ? this.#lines(input, other) : this.#text(input, other, false);
    }
  }

  /** One line of it, as JSON where there is some in it. */
  #inLine(input: string): string {
    const draws = this.#draws;
    const lines = input.split("\n");
    const at = draws.below(lines.length);
    const line = lines[at]!;
    const brace = line.indexOf("{");
    if (brace >= 0 && draws.chance(0.75)) {
      lines[at] = line.slice(0, brace) + bendJson(line.slice(brace), draws, this.#words);
    } else if (brace < 0 && draws.chance(0.6)) lines[at] = this.#cell(line);
    else lines[at] = this.#text(line, line, false);
    return lines.join("\n");
  }

  /** One cell of a table's row. */
  #cell(line: string): string {
    const draws = this.#draws;
    const between = line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
    const cells = line.split(between);
    const at = draws.below(cells.length);
    const cell = cells[at]!;
    const other = draws.pick(cells);
    cells[at] = draws.pick([this.#scalar(), this.#text(cell, other, false), other, `-${cell}`, ""]);
    return cells.join(between);
  }

  /** Lines lost, doubled, moved, spliced. */
  #lines(input: string, other: string): string {
    const draws = this.#draws;
    const lines = input.split("\n");
    const at = draws.below(lines.length);
    switch (draws.below(5)) {
      case 0:
        lines.splice(at, draws.length(lines.length));
        break;
      case 1:
        lines.splice(at, 0, ...lines.slice(at, at + draws.length(4)));
        break;
      case 2: {
        const [moved] = lines.splice(at, 1);
        lines.splice(draws.below(lines.length + 1), 0, moved ?? "");
        break;
      }
      case 3:
        lines.splice(at, 0, draws.pick(other.split("\n")));
        break;
      default:
        lines[at] = this.#text(lines[at]!, other, false);
    }
    return lines.join("\n");
  }

  /** Tokens are parted by "\u001f", which no command line of a person holds. */
  #arguments(input: string, other: string): string {
    const draws = this.#draws;
    const tokens = input.split(SEPARATOR);
    const at = draws.below(tokens.length + 1);
    switch (draws.below(7)) {
      case 0:
        tokens.splice(at, draws.length(3));
        break;
      case 1:
        tokens.splice(at, 0, draws.pick(this.#words));
        break;
      case 2:
        tokens.splice(at, 0, draws.pick(this.#words), this.#scalar());
        break;
      case 3:
        tokens.splice(at, 0, draws.pick(other.split(SEPARATOR)));
        break;
      case 4:
        if (at < tokens.length) tokens[at] = this.#scalar();
        break;
      case 5:
        if (at < tokens.length) tokens.splice(at, 0, tokens[at]!);
        break;
      default:
        if (at < tokens.length) tokens[at] = this.#text(tokens[at]!, "", false);
    }
    return tokens.join(SEPARATOR);
  }

  #scalar(): string {
    const draws = this.#draws;
    return draws.pick(draws.chance(0.5) ? NUMBERS : draws.chance(0.5) ? MARKS : this.#words);
  }

  #text(input: string, other: string, isBytes: boolean): string {
    const draws = this.#draws;
    const at = draws.below(input.length + 1);
    const end = Math.min(input.length, at + draws.length(Math.max(1, input.length)));
    const put = (text: string, until = at): string =>
      input.slice(0, at) + text + input.slice(until);
    switch (draws.below(10)) {
      case 0:
        return put("", end);
      case 1:
        return put(input.slice(at, Math.min(end, at + 2048)));
      case 2:
        return input.slice(0, at);
      case 3: {
        const from = draws.below(other.length + 1);
        return put(other.slice(from, from + draws.length(Math.max(1, other.length))), end);
      }
      case 4:
        return replaceNumber(input, draws, isBytes);
      case 5:
        return put(
          input.slice(at, Math.min(end, at + 16)).repeat(draws.length(isBytes ? 32 : 200)),
        );
      case 6:
        return flip(input, draws);
      case 7:
        return put(String.fromCharCode(draws.below(isBytes ? 256 : 128)), at + 1);
      default:
        return put(isBytes ? latin1(this.#scalar()) : this.#scalar(), draws.chance(0.5) ? at : end);
    }
  }
}

export const SEPARATOR = "\u001f";

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** One bit of one character. */
function flip(input: string, draws: Draws): string {
  if (input === "") return "\0";
  const at = draws.below(input.length);
  const code = input.charCodeAt(at) ^ (1 << draws.below(8));
  return input.slice(0, at) + String.fromCharCode(code) + input.slice(at + 1);
}

const NUMBER = /[+-]?\d+(?:\.\d+)?/g;

function replaceNumber(input: string, draws: Draws, isBytes: boolean): string {
  const number = isBytes ? latin1(draws.pick(NUMBERS)) : draws.pick(NUMBERS);
  const from = draws.below(input.length + 1);
  NUMBER.lastIndex = from;
  const match = NUMBER.exec(input);
  if (match === null) return input + number;
  const end = match.index + match[0].length;
  return input.slice(0, match.index) + number + input.slice(end);
}
