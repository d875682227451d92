/**
 * Growth: inputs that get four times as long, to find a parser that takes sixteen times as long.
 *
 * A campaign's inputs are short, so that a parser whose time grows with the square of its input
 * would not be seen there. Only the slowest times are judged: what takes no time may grow as it
 * likes.
 */
import { Broken, type InputKind, type OpenTarget, type Target } from "./target.ts";
import { SEPARATOR } from "./mutation.ts";

const LENGTHS = [16 << 10, 64 << 10, 256 << 10] as const;
/** Four times as long may take so many times as long: a sort and the noise of a machine are in it. */
const MOST_RATIO = 9;
const JUDGED_MS = 250;
const MOST_MS = 4_000;

type Grow = (length: number, seed: string) => string;

const repeated = (text: string, length: number): string =>
  text.repeat(Math.max(1, Math.ceil(length / text.length)));

const JSON_GROWTH: Readonly<Record<string, Grow>> = {
  "open brackets": (length) => "[".repeat(length),
  "nested objects": (length) => '{"a":'.repeat(length / 5) + "1" + "}".repeat(length / 5),
  "nested in a seed": (length, seed) => {
    const deep = "[".repeat(length / 2) + "]".repeat(length / 2);
    return seed.replace(/:("[^"]*"|\d+)/, `:${deep}`);
  },
  "a long text": (length, seed) => seed.replace(/:"[^"]*"/g, `:"${"9".repeat(length / 8)}"`),
  "a long number": (length, seed) => seed.replace(/:\d+/g, `:${"9".repeat(length / 8)}`),
  "many names": (length, seed) => {
    const names = Array.from({ length: length / 12 }, (_, index) => `"k${index}":${index}`);
    return seed.replace("{", `{${names.join(",")},`);
  },
  "many rows": (length, seed) => {
    const row = /\[(\{[^[\]]*\})/.exec(seed)?.[1];
    return row === undefined ? seed : seed.replace(row, repeated(`${row},`, length) + row);
  },
  blanks: (length, seed) => seed.replace("{", `{${" ".repeat(length)}`),
  escapes: (length, seed) => seed.replace(/:"[^"]*"/, `:"${"\\u0000".repeat(length / 6)}"`),
};
const TEXT_GROWTH: Readonly<Record<string, Grow>> = {
  "many lines": (length, seed) => repeated(`${seed}\n`, length),
  "empty lines": (length, seed) => "\n".repeat(length) + seed,
  "one line": (length, seed) => seed.replaceAll("\n", " ") + "x".repeat(length),
  commas: (length, seed) => seed.replace("\n", `${",".repeat(length)}\n`),
  quotes: (length, seed) => seed + '"'.repeat(length),
  "nested maps": (length) => "{a: ".repeat(Math.min(length, 4_000) / 4),
  "nested lists": (length) => "[".repeat(Math.min(length, 4_000)),
  digits: (length, seed) => seed.replace(/\d+/, "9".repeat(length)),
  "many names": (length, seed) => {
    const names = Array.from({ length: length / 10 }, (_, index) => `k${index}: ${index}`);
    return `${seed}${names.join("\n")}\n`;
  },
};
const GROWTH: Readonly<Record<InputKind, Readonly<Record<string, Grow>>>> = {
  json: JSON_GROWTH,
  lines: { ...TEXT_GROWTH, ...JSON_GROWTH },
  text: TEXT_GROWTH,
  bytes: {
    doubled: (length, seed) => repeated(seed, length),
    zeros: (length, seed) => seed + "\0".repeat(length),
  },
  arguments: {
    "many arguments": (length, seed) => seed + `${SEPARATOR}x`.repeat(length / 2),
    "a long argument": (length, seed) => `${seed}${SEPARATOR}${"9".repeat(length)}`,
    "a long option": (length, seed) => `${seed}${SEPARATOR}--${"a".repeat(length)}`,
  },
};

export interface GrowthFinding {
  readonly how: string;
  readonly input: string;
  readonly error: string;
}

/** A seed of each length from short to long, so that one that goes deep is among them. */
function somes(seeds: readonly string[]): readonly string[] {
  const sorted = [...seeds].sort((a, b) => a.length - b.length);
  return [0, 0.4, 0.8].map((at) => sorted[Math.floor(at * sorted.length)]!);
}

export async function growthOf(
  { kind }: Target,
  open: OpenTarget,
  onInput: (input: string) => void,
): Promise<readonly GrowthFinding[]> {
  const found: GrowthFinding[] = [];
  for (const seed of new Set(somes(open.seeds))) {
    for (const [how, grow] of Object.entries(GROWTH[kind])) {
      let before: number | undefined;
      for (const length of LENGTHS) {
        const input = grow(length, seed);
        onInput(input);
        const took = await fastest(open, input);
        const error = typeof took === "string" ? took : judged(took, before);
        if (error !== undefined) found.push({ how: `${how} (${length})`, input, error });
        if (error !== undefined || typeof took === "string" || took > MOST_MS) break;
        before = took;
      }
    }
  }
  return found;
}

function judged(took: number, before: number | undefined): string | undefined {
  if (took > MOST_MS) return `${Math.round(took)} ms for one input`;
  if (before === undefined || took < JUDGED_MS || took < MOST_RATIO * before) return undefined;
  return `${Math.round(before)} ms, and ${Math.round(took)} ms for four times as much`;
}

/** The fastest of a few times, in milliseconds, or what was thrown. */
async function fastest(open: OpenTarget, input: string): Promise<number | string> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3; time++) {
    const before = performance.now();
    try {
      await open.run(input);
    } catch (error) {
      const isOurs = error instanceof Broken;
      return isOurs || error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    least = Math.min(least, performance.now() - before);
    if (least < JUDGED_MS) break;
  }
  return least;
}
