/**
 * Settings file: a page of YAML or JSON that a person wrote, read whole or refused.
 *
 * JSON is read as the YAML that it also is, so both know duplicate keys and line numbers. Aliases
 * and tags are refused: no setting needs them, and they can make a short file endless. What must
 * stay true: whatever the bytes, reading takes time in proportion to them, and throws nothing.
 */
import { readFileSync, statSync } from "node:fs";
import {
  isScalar,
  LineCounter,
  parseDocument,
  type ParsedNode,
  visit,
  type YAMLMap,
  type YAMLParseError,
  type YAMLWarning,
} from "yaml";
import { err, ok, type Result } from "../core/domain/errors.ts";

export interface SettingsProblem {
  /** Whether the file itself, or what is written in it, is at fault. */
  readonly kind: "unreadable" | "syntax";
  /** Starts at 1; undefined where no line is meant. */
  readonly line?: number;
  /** What is wrong, in the middle of a sentence that begins with the file's name. */
  readonly text: string;
}

/** A page of text: more is a wrong file, and the parser takes a second for each 64 kilobytes. */
const MOST_BYTES = 256 << 10;
/** Of a file that is no YAML at all, every line may be one. */
const MOST_PROBLEMS = 10;
/** No setting is nested so deep; the parser calls itself once for each level. */
const MOST_DEPTH = 200;

/** Undefined: the file says nothing. */
export function readSettings(
  path: string,
  mostBytes = MOST_BYTES,
): Result<unknown, readonly SettingsProblem[]> {
  try {
    const { size } = statSync(path);
    if (size > mostBytes) return unreadable(`is ${size} bytes: not a file of settings`);
    return parseSettings(readFileSync(path, "utf8"));
  } catch (error) {
    return unreadable(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One line per problem: `config.yaml:3: …`. */
export const formatProblems = (path: string, problems: readonly SettingsProblem[]): string =>
  problems
    .map(({ line, text }) => `${path}${line === undefined ? "" : `:${line}`}: ${text}`)
    .join("\n");

export function parseSettings(source: string): Result<unknown, readonly SettingsProblem[]> {
  if (isDeep(source)) return syntax(`is nested more than ${MOST_DEPTH} deep`);
  const lines = new LineCounter();
  const document = parseDocument<ParsedNode>(source, {
    schema: "core",
    merge: false,
    logLevel: "error",
    lineCounter: lines,
    // The parser's own errors show the place in the source, its own check compares each key with
    // each: both take minutes for a file that is no file of settings.
    prettyErrors: false,
    uniqueKeys: false,
  });
  const found = [...document.errors, ...document.warnings].slice(0, MOST_PROBLEMS);
  const problems = found.map((problem) => problemOf(problem, lines));
  if (problems.length === 0 && document.contents !== null) {
    problems.push(...keyProblems(document.contents, lines));
  }
  if (problems.length > 0) return err(problems);
  try {
    return ok(document.toJS({ maxAliasCount: 0 }));
  } catch {
    return syntax("uses YAML aliases (*name): write the values out");
  }
}

const unreadable = (text: string): Result<never, readonly SettingsProblem[]> =>
  err([{ kind: "unreadable", text }]);
const syntax = (text: string): Result<never, readonly SettingsProblem[]> =>
  err([{ kind: "syntax", text }]);

/** By the brackets and the indentation, which is at least as deep as the document. */
function isDeep(source: string): boolean {
  let open = 0;
  let deepest = 0;
  for (const line of source.split("\n")) {
    // Every level of a block takes at least one column of its line.
    deepest = Math.max(deepest, open + /^[\s\-?:]*/.exec(line)![0].length);
    for (const character of line) {
      if (character === "[" || character === "{") open += 1;
      else if ((character === "]" || character === "}") && open > 0) open -= 1;
      deepest = Math.max(deepest, open);
    }
    if (deepest > MOST_DEPTH) return true;
  }
  return false;
}

function problemOf(problem: YAMLParseError | YAMLWarning, lines: LineCounter): SettingsProblem {
  const { code, message, pos } = problem;
  const line = Math.max(1, lines.linePos(pos[0]).line);
  const text = message.split("\n")[0] ?? code;
  if (code === "MULTIPLE_DOCS") {
    return { kind: "syntax", line, text: "must be one document: remove the --- line" };
  }
  return { kind: "syntax", line, text };
}

/** Keys that stand twice in one map. */
function keyProblems(contents: ParsedNode, lines: LineCounter): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  visit(contents, {
    Map: (_place, map: YAMLMap) => {
      const known = new Set<unknown>();
      for (const { key } of map.items) {
        const name: unknown = isScalar(key) ? key.value : key;
        if (!known.has(name)) known.add(name);
        else if (problems.length < MOST_PROBLEMS) {
          const at = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
          const { line } = lines.linePos(at);
          problems.push({ kind: "syntax", line, text: "Map keys must be unique" });
        }
      }
    },
  });
  return problems;
}
