/**
 * Target: one thing that takes what comes from outside, with what may be expected of it.
 *
 * An input is always a string: text as it is, bytes one to a character (latin1). What must stay
 * true: `run` says by throwing that something is wrong, and nothing that it did with one input is
 * left when it takes the next.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How inputs are bent: as JSON where they are JSON, line by line, or byte by byte. */
export type InputKind = "json" | "lines" | "text" | "bytes" | "arguments";

export interface Target {
  readonly name: string;
  /** What is fuzzed, in a few words. */
  readonly about: string;
  readonly kind: InputKind;
  /** What its inputs are made of: names, marks, words that it knows. */
  readonly words: readonly string[];
  /** Its part of all inputs of a full run. */
  readonly share: number;
  /** No input may take longer, on an idle machine. */
  readonly budgetMs: number;
  /** Loads what is fuzzed: not before coverage is counted. */
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** True inputs, to begin from. */
  readonly seeds: readonly string[];
  /** Recordings that are not on this machine: said to whoever runs it. */
  readonly missing: readonly string[];
  /** @throws Broken, or whatever the thing that is fuzzed throws: both are findings. */
  run(input: string): void | Promise<void>;
  close?(): void;
}

/** A property that does not hold. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export function expectThat(condition: boolean, text: () => string): asserts condition {
  if (!condition) throw new Broken(text());
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const rootPath = (path: string): string => `${ROOT}${path}`;
export const dataPath = (path: string): string => `${ROOT}../shared/data/${path}`;

let documented: ReadonlySet<string> | undefined;

/** Codes that a fault may carry: those that docs/errors.md explains. */
export function expectDocumented(code: unknown): void {
  documented ??= new Set(
    readFileSync(rootPath("docs/errors.md"), "utf8").match(/[A-Z][A-Z0-9_]+/g),
  );
  expectThat(typeof code === "string" && documented.has(code), () => {
    return `a fault with the code ${JSON.stringify(code)}, which docs/errors.md does not know`;
  });
}

/** The outcome of a parser: a value, or a fault with a documented code and words. */
export function valueOf<Value>(
  result:
    | { readonly ok: true; readonly value: Value }
    | { readonly ok: false; readonly error: { readonly code: string; readonly text: string } },
): Value | undefined {
  if (result.ok) return result.value;
  expectDocumented(result.error.code);
  expectThat(result.error.text.length > 0, () => "a fault without words");
  return undefined;
}
