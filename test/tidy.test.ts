/**
 * Tidy: the rules of the house, checked over the tree as it stands.
 *
 * Types and the linter hold what they can; here is the rest: who may import whom, what a pure
 * folder may see, where the risk gate's brand is minted, how files are named. Each rule is shown a
 * planted violation first and must find it, and a rule that inspected nothing fails: a guard whose
 * files have moved would otherwise guard nothing in silence.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { blankOut } from "./source-text.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Inspection {
  readonly inspected: number;
  readonly faults: readonly string[];
}

interface Rule {
  readonly name: string;
  /** A violation that the rule must find. */
  readonly planted: readonly SourceFile[];
  inspect(files: readonly SourceFile[]): Inspection;
}

function listFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path: path.slice(ROOT.length).replaceAll("\\", "/"),
      text: readFileSync(path, "utf8"),
    }));
}

const isTest = (file: SourceFile): boolean => file.path.endsWith(".test.ts");
const roomOf = (path: string): string => path.split("/")[1]!;

/** A rule that looks at one file at a time; `faultsOf` answers undefined for what is not its own. */
function perFile(faultsOf: (file: SourceFile) => readonly string[] | undefined) {
  return (files: readonly SourceFile[]): Inspection => {
    const found = files.map(faultsOf).filter((faults) => faults !== undefined);
    return { inspected: found.length, faults: found.flat() };
  };
}

/** What each room of `src` may import, itself apart. The picture: ARCHITECTURE.md, "Folders". */
const ADAPTERS = ["advisors", "venues", "feeds", "data", "exchange", "fleet"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  strategies: ["core"],
  impact: ["core"],
  simulation: ["core"],
  testing: ["core"],
  advisors: ["core"],
  venues: ["core", "data"],
  feeds: ["core"],
  data: ["core"],
  exchange: ["core"],
  fleet: ["core"],
  view: ["core"],
  runtime: [...ADAPTERS, "core", "impact", "view"],
  report: ["runtime", "view", "core"],
  server: ["runtime", ...ADAPTERS, "core", "view"],
  cli: ["server", "report", "runtime", ...ADAPTERS, "core", "view"],
};
/** Files that know concrete classes, and so may import any room. Others of IO may name types. */
const COMPOSERS = new Set([
  "src/index.ts",
  "src/runtime/compose.ts",
  "src/runtime/local-exchange.ts", // the simulated markets that the local exchange hosts
  "src/runtime/market-fit/generated-room.ts", // what a fit to a recording makes markets of
  "src/runtime/market-source.ts", // a market from a file or from the generator
]);
const PURE = new Set(["core", "strategies", "impact", "simulation", "view"]);

/** Everything a file imports or re-exports; without `types`, only what is there when it runs. */
function specifiersOf(file: SourceFile, types = true): string[] {
  const all = blankOut(file.text, "comments");
  const code = types
    ? all
    : all.replaceAll(/\b(?:import|export)\s+type\b[^"';]*["'][^"']*["']/g, "");
  const pattern = /\b(?:from|import)\s*\(?\s*["']([^"'\s]+)["']/g;
  return [...code.matchAll(pattern)].map((match) => match[1]!);
}

const importDirections: Rule = {
  name: "rooms import only what the picture of the folders allows",
  planted: [
    { path: "src/core/a.ts", text: 'import type { B } from "../strategies/b.ts";' },
    { path: "src/cli/a.ts", text: 'import { b } from "../strategies/b.ts";' },
  ],
  inspect: perFile((file) => {
    if (isTest(file)) return undefined;
    const room = roomOf(file.path);
    if (COMPOSERS.has(file.path)) return [];
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) return [`${file.path}: no rule says what ${room} may import`];
    return specifiersOf(file, PURE.has(room))
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => posix.join(posix.dirname(file.path), specifier))
      .filter((target) => roomOf(target) !== room && !allowed.includes(roomOf(target)))
      .map((target) => `${file.path} imports ${target}`);
  }),
};

const knownPackages = (
  kind: "dependencies" | "optionalDependencies" | "peerDependencies",
): Set<string> =>
  new Set(Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))[kind]));

/** Rooms for whoever writes tests: they draw cases with what a test of theirs has installed. */
const ROOMS_OF_TESTS = new Set(["testing"]);

const packages: Rule = {
  name: "source imports only Node and what is shipped; pure folders and testing import neither",
  planted: [
    { path: "src/core/a.ts", text: 'import { z } from "zod";' },
    { path: "src/cli/a.ts", text: 'import fc from "fast-check";' },
    { path: "src/testing/a.ts", text: 'import { readFileSync } from "node:fs";' },
  ],
  inspect: perFile((file) => {
    if (isTest(file)) return undefined;
    const shipped = new Set([
      ...knownPackages("dependencies"),
      ...knownPackages("optionalDependencies"),
    ]);
    const peers = ROOMS_OF_TESTS.has(roomOf(file.path)) ? knownPackages("peerDependencies") : null;
    const pure = PURE.has(roomOf(file.path));
    return specifiersOf(file)
      .filter((specifier) => !specifier.startsWith("."))
      .filter((specifier) => {
        const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
        if (peers !== null) return !peers.has(name);
        return pure || !(specifier.startsWith("node:") || shipped.has(name));
      })
      .map((specifier) => `${file.path} imports ${specifier}`);
  }),
};

/** Time, chance, IO and the world: what would make the same input give another answer. */
const IMPURE = [
  /\bMath\s*\.\s*random\b/,
  /\bDate\b/,
  /\bperformance\b/,
  /\bprocess\b/,
  /\bconsole\b/,
  /\bglobalThis\b/,
  /\brequire\s*\(/,
  /\bimport\s*\(/,
  /\beval\s*\(/,
  /\bnew\s+Function\b/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bfetch\s*\(/,
  /\bcrypto\b/,
  /\bIntl\b/,
  /\btoLocale\w*/,
  /\blocaleCompare\b/,
  /\bWeakRef\b/,
  /\basync\b/,
  /\bawait\b/,
  /\bPromise\b/,
];

const purity: Rule = {
  name: "pure folders see no clock, no chance, no IO, no locale and no promise",
  planted: IMPURE.map((_, i) => ({
    path: `src/core/a${i}.ts`,
    text: [
      "Math.random()",
      "new Date()",
      "performance.now()",
      "process.env",
      "console.log(1)",
      "globalThis.x",
      'require("fs")',
      'import("fs")',
      'eval("1")',
      "new Function()",
      "setTimeout(f)",
      "queueMicrotask(f)",
      "fetch(u)",
      "crypto.subtle",
      "Intl.NumberFormat",
      "n.toLocaleString()",
      "a.localeCompare(b)",
      "new WeakRef(o)",
      "async () => 1",
      "await 1",
      "Promise.all([])",
    ][i]!,
  })),
  inspect: perFile((file) => {
    if (isTest(file) || !PURE.has(roomOf(file.path))) return undefined;
    const code = blankOut(file.text, "comments-and-strings");
    return IMPURE.filter((pattern) => pattern.test(code)).map(
      (pattern) => `${file.path}: ${pattern.exec(code)![0]}`,
    );
  }),
};

const RISK_GATE = "src/core/execution/risk-gate.ts";
/** Ways to call something approved, or a command, that is not: by its name or past the types. */
const MINTS =
  /\bas\s+(?:unknown\s+as\s+|never\b|any\b|RiskApproved\b|EngineCommand\b|EngineOutput\b)|<\s*RiskApproved\s*</;

const approval: Rule = {
  name: "only the risk gate mints its approval, and it does",
  planted: [
    { path: RISK_GATE, text: "return order as RiskApproved<OrderTerms>;" },
    { path: "src/core/execution/tracker.ts", text: "place(order as RiskApproved<OrderTerms>);" },
  ],
  inspect: (files) => {
    const ours = files.filter((file) => !isTest(file));
    const minting = ours.filter((file) => MINTS.test(blankOut(file.text, "comments-and-strings")));
    const faults = minting
      .filter((file) => file.path !== RISK_GATE && PURE.has(roomOf(file.path)))
      .map((file) => `${file.path} casts past the risk gate`);
    const named = ours
      .filter((file) => file.path !== RISK_GATE)
      .filter((file) => /\bas\s+RiskApproved\b/.test(blankOut(file.text, "comments-and-strings")))
      .map((file) => `${file.path} mints an approval`);
    const gate = minting.filter((file) => file.path === RISK_GATE).length;
    return { inspected: gate, faults: [...new Set([...faults, ...named])] };
  },
};

const MAX_COLUMNS = 100;
const MAX_LINES = 450;

/** Tests are spared: the text of a snapshot is as wide and as long as what it shows. */
const shape: Rule = {
  name: `lines end by column ${MAX_COLUMNS}, files by line ${MAX_LINES}`,
  planted: [
    { path: "src/core/wide.ts", text: `// ${"x".repeat(MAX_COLUMNS)}` },
    { path: "src/core/long.ts", text: "\n".repeat(MAX_LINES + 1) },
  ],
  inspect: perFile((file) => {
    if (isTest(file)) return undefined;
    const lines = file.text.replace(/\n$/, "").split("\n");
    const faults = lines
      .map((line, i) => ({ width: [...line].length, at: `${file.path}:${i + 1}` }))
      .filter(({ width }) => width > MAX_COLUMNS)
      .map(({ width, at }) => `${at} is ${width} columns wide`);
    if (lines.length > MAX_LINES) faults.push(`${file.path} has ${lines.length} lines`);
    return faults;
  }),
};

const headers: Rule = {
  name: "every file begins by saying what it is and why",
  planted: [{ path: "src/core/a.ts", text: "export const a = 1;" }],
  inspect: perFile((file) => {
    if (isTest(file)) return undefined;
    const header = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(file.text)?.[1] ?? "";
    const words = header.match(/[A-Za-z]{2,}/g)?.length ?? 0;
    return words >= 8 ? [] : [`${file.path} has no header, or one that says nothing`];
  }),
};

const BANNED_NAMES = /^(?:utils?|helpers?|common|misc|stuff|shared|lib|manager)$/;

const names: Rule = {
  name: "files and folders are kebab-case nouns; no utils, no helpers",
  planted: [
    { path: "src/core/orderBook.ts", text: "" },
    { path: "src/core/utils/a.ts", text: "" },
    { path: "src/core/price-helpers.ts", text: "" },
  ],
  inspect: perFile((file) =>
    file.path
      .replace(/(?:\.test)?\.ts$/, "")
      .split("/")
      .filter((part) => {
        const words = part.split(/[-.]/);
        return (
          !/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part) ||
          BANNED_NAMES.test(part) ||
          /^(?:utils?|helpers?)$/.test(words.at(-1)!)
        );
      })
      .map((part) => `${file.path}: "${part}"`),
  ),
};

const neighbours: Rule = {
  name: "a test in src stands beside what it tests and carries its name (a file's or the folder's)",
  planted: [
    { path: "src/core/book.test.ts", text: "" },
    { path: "src/core/other.ts", text: "" },
  ],
  inspect: (files) => {
    const sources = files.filter((file) => !isTest(file)).map((file) => file.path.slice(0, -3));
    const tests = files.filter(isTest);
    const faults = tests
      .filter((test) => {
        const subject = test.path.slice(0, -".test.ts".length);
        if (posix.basename(subject) === posix.basename(dirname(subject))) return false;
        return !sources.some(
          (source) =>
            subject === source ||
            ((subject.startsWith(`${source}-`) || subject.startsWith(`${source}.`)) &&
              dirname(subject) === dirname(source)),
        );
      })
      .map((test) => `${test.path} tests no file beside it`);
    return { inspected: tests.length, faults };
  },
};

const focus: Rule = {
  name: "no test is left focused, and none skips without a condition",
  planted: [{ path: "src/core/a.test.ts", text: 'it.skip("a", () => {});' }],
  inspect: perFile((file) => {
    if (!isTest(file)) return undefined;
    const code = blankOut(file.text, "comments-and-strings");
    return /\b(?:it|test|describe)\s*\.\s*(?:skip|only|todo|fails)\b/.test(code)
      ? [`${file.path} skips or focuses`]
      : [];
  }),
};

const unfinished: Rule = {
  name: "no unfinished work and no silenced checker in the tree",
  planted: [{ path: "src/core/a.ts", text: `// ${"TO"}DO: later` }],
  inspect: perFile((file) =>
    [...file.text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|nocheck|expect-error)/g)]
      // A test may state that something must not compile.
      .filter((match) => !(isTest(file) && match[0] === "@ts-expect-error"))
      .map((match) => `${file.path}: ${match[0]}`),
  ),
};

/** Whoever talks to a venue; the recorder's clock and its files are no part of the talk. */
const TALKERS = /^src\/(?:venues\/|data\/recorder\/(?!clock\.ts|live-recording\.ts))/;
/** Waiting, time and IO past the transport. */
const PAST_THE_TRANSPORT =
  /\b(?:set|clear)(?:Timeout|Interval|Immediate)\b|\bperformance\b|\bDate\.now\b|\bhrtime\b|\bnew Date\(\)|(?<![#.\w])fetch\s*\(|\bWebSocket\b|\bAbortSignal\.timeout\b/;

const transport: Rule = {
  name: "whoever talks to a venue waits, asks and tells the time through a transport",
  planted: [
    { path: "src/venues/a/b.ts", text: "setTimeout(f, 1);" },
    { path: "src/venues/a/c.ts", text: "const at = performance.now();" },
    { path: "src/venues/a/d.ts", text: "const at = Date.now();" },
    { path: "src/data/recorder/a.ts", text: "await fetch(url);" },
    { path: "src/data/recorder/b.ts", text: "new WebSocket(url);" },
  ],
  inspect: perFile((file) => {
    if (isTest(file) || !TALKERS.test(file.path)) return undefined;
    const found = PAST_THE_TRANSPORT.exec(blankOut(file.text, "comments-and-strings"));
    return found === null ? [] : [`${file.path}: ${found[0]}`];
  }),
};

const rules = [
  importDirections,
  packages,
  purity,
  approval,
  shape,
  headers,
  names,
  neighbours,
  focus,
  unfinished,
  transport,
];
const source = listFiles("src");

describe.each(rules)("$name", (rule) => {
  it("finds a planted violation", () => {
    const { faults } = rule.inspect(rule.planted);
    for (const file of rule.planted.filter(({ path }) => path !== RISK_GATE)) {
      if (rule === neighbours && !isTest(file)) continue;
      expect(faults.some((fault) => fault.includes(file.path))).toBe(true);
    }
  });

  it("holds in the tree", () => {
    const { inspected, faults } = rule.inspect(source);
    expect(inspected, "files inspected").toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });
});

describe("purity, by the compiler", () => {
  it("the second tsconfig covers every pure folder, without Node or DOM types", () => {
    const { compilerOptions, include } = JSON.parse(
      readFileSync(join(ROOT, "tsconfig.pure.json"), "utf8"),
    );
    expect(compilerOptions.types).toEqual([]);
    expect(compilerOptions.lib.some((lib: string) => /dom|worker/i.test(lib))).toBe(false);
    const present = [...PURE].filter((room) => existsSync(join(ROOT, "src", room)));
    expect(present.length).toBeGreaterThan(0);
    for (const room of present) expect(include).toContain(`src/${room}/**/*.ts`);
  });
});

/** What the linter says of planted files, under the house's own settings. */
function lint(planted: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "arrival-lint-"));
  try {
    for (const [path, text] of Object.entries(planted)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const oxlint = join(ROOT, "node_modules", "oxlint", "bin", "oxlint");
    const config = join(ROOT, ".oxlintrc.json");
    const run = spawnSync(process.execPath, [oxlint, "-c", config, "--import-plugin", "."], {
      cwd: folder,
      encoding: "utf8",
    });
    return run.stdout + run.stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const functionOf = (lines: number): string =>
  `export function f(a: number[]): void {\n${"  a.push(1);\n".repeat(lines - 2)}}\n`;

describe("the linter", () => {
  it("refuses a function of 71 lines and lets one of 70 pass", () => {
    expect(lint({ "src/a.ts": functionOf(71) })).toContain("max-lines-per-function");
    expect(lint({ "src/a.ts": functionOf(70) })).not.toContain("max-lines-per-function");
  });

  it("refuses files that import each other", () => {
    const report = lint({
      "src/a.ts": 'import { b } from "./b.ts";\nexport const a = (): number => b();\n',
      "src/b.ts": 'import { a } from "./a.ts";\nexport const b = (): number => a();\n',
    });
    expect(report).toContain("no-cycle");
  });

  it("refuses console, any, loose equality", () => {
    const report = lint({
      "src/a.ts": "export const f = (a: any): void => console.log(a == 1);\n",
    });
    for (const rule of ["no-console", "no-explicit-any", "eqeqeq"]) expect(report).toContain(rule);
  });
});

describe("dependencies", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  ) as Record<"dependencies" | "devDependencies" | "optionalDependencies", Record<string, string>>;
  const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const decisions = readdirSync(join(ROOT, "docs", "decisions"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => readFileSync(join(ROOT, "docs", "decisions", name), "utf8"))
    .join("\n");

  it("are pinned to one version", () => {
    expect(all.length).toBeGreaterThan(0);
    // DuckDB numbers its packagings behind the version.
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-r\.\d+)?$/.test(version))).toEqual([]);
  });

  it("each earn their place in a decision record", () => {
    expect(all.filter(([name]) => !decisions.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it("come with a lock that covers every platform and names no host", () => {
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
    const entries = Object.entries<Record<string, unknown>>(lock.packages);
    expect(entries.length).toBeGreaterThan(all.length);
    expect(entries.filter(([, entry]) => "resolved" in entry)).toEqual([]);
    const missing = entries.flatMap(([path, entry]) =>
      Object.keys((entry["optionalDependencies"] as object | undefined) ?? {})
        .filter((name) => !entries.some(([other]) => other.endsWith(`node_modules/${name}`)))
        .map((name) => `${path} wants ${name}`),
    );
    expect(missing).toEqual([]);
  });
});
