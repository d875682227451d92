/**
 * `arrival data record` as a user meets it: a real process, a venue on this machine, signals, a
 * disk that is full, a crash.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { GeneratedVenue, type VenueName } from "../venues/generated-venue.ts";
import { judge } from "../venues/judge-recording.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "arrival-record-command-"));
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

class Process {
  stdout = "";
  stderr = "";
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args);
    children.add(this.#child);
    this.#child.stdout?.on("data", (data) => (this.stdout += String(data)));
    this.#child.stderr?.on("data", (data) => (this.stderr += String(data)));
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(code ?? (signal === null ? -1 : -2)));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const argsOf = (venue: GeneratedVenue, folder: string, more: readonly string[]): string[] => {
  const { venue: name, kind, host, rest } = venue.options;
  const where = ["--contract", kind, "--host", host, "--rest", rest, "-o", folder];
  return [BIN, "data", "record", name, "--symbols", "btcusdt", ...where, ...more];
};

const arrival = (...args: readonly string[]): Process => new Process(process.execPath, args);

const folderFor = (name: string): string => join(root, name);
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((name) => join(folder, name))
    : [];

/** The market goes on until it is so. */
async function until(venue: GeneratedVenue, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await venue.run(8);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe.each(["bybit", "binance-linear"] satisfies VenueName[])("data record, %s", (name) => {
  it("Ctrl-C seals the files and tells what was recorded", { timeout: 30_000 }, async () => {
    const venue = await GeneratedVenue.start(name, 11);
    const folder = folderFor(`${name}-sigint`);
    const run = arrival(...argsOf(venue, folder, ["--flush", "200ms"]));
    await until(venue, () => run.stderr.includes("the book is known"));
    for (const client of venue.server.clients) client.drop();
    await until(venue, () => run.stderr.split("the book is known").length === 3);
    await venue.run(20);
    run.kill("SIGINT");
    expect(await run.ended).toBe(0);
    await venue.server.stop();
    const files = filesIn(folder);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(file).toMatch(/\.arrival$/);
      expect(run.stdout).toContain(file);
    }
    expect(run.stderr).toContain("connection lost");
    expect(run.stdout).toContain(" 1 gap, ");
    expect(run.stdout).toMatch(/no book from \S+Z to \S+Z/);
    expect(await judge(venue, files)).toMatchObject({ wrong: [], gaps: 1, isKnown: true });
  });
});

describe("data record", () => {
  it("--json prints lines for a program; --for stops by itself", { timeout: 30_000 }, async () => {
    const venue = await GeneratedVenue.start("bybit", 12);
    const folder = folderFor("json");
    const run = arrival(
      ...argsOf(venue, folder, ["--for", "2200ms", "--json", "--rotate", "1s", "--flush", "100ms"]),
    );
    let code: number | undefined;
    void run.ended.then((ended) => (code = ended));
    await until(venue, () => code !== undefined);
    await venue.server.stop();
    expect({ code, stderr: run.stderr }).toEqual({ code: 0, stderr: "" });
    const lines = run.stdout
      .trim()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as { type: string; symbols?: { rows: number; files: string[] }[] },
      );
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(["event", "status", "summary"]));
    expect(lines.at(-1)).toMatchObject({ type: "summary", venue: "bybit", badFrames: 0 });
    expect(lines.at(-1)!.symbols![0]!.rows).toBeGreaterThan(50);
    const files = filesIn(folder);
    expect(files.length).toBeGreaterThan(1);
    expect(lines.at(-1)!.symbols![0]!.files).toEqual(files);
    expect(await judge(venue, files)).toMatchObject({ wrong: [], gaps: 0, isKnown: true });
  });

  it("kill -9 loses seconds: the rest is recovered", { timeout: 60_000 }, async () => {
    const venue = await GeneratedVenue.start("bybit", 13);
    const folder = folderFor("kill");
    const run = arrival(...argsOf(venue, folder, ["--json", "--flush", "200ms"]));
    const written = (): number => {
      const bytes = [...run.stdout.matchAll(/"bytes":(\d+)/g)].at(-1)?.[1];
      return Number(bytes ?? 0);
    };
    await until(venue, () => written() > 900);
    run.kill("SIGKILL");
    expect(await run.ended).toBe(-2);
    await venue.server.stop();
    const [partial] = filesIn(folder);
    expect(partial).toMatch(/\.arrival\.partial$/);
    const recovered = join(root, "recovered.arrival");
    const recover = arrival(BIN, "data", "import", "--recover", partial!, "-o", recovered);
    await recover.ended;
    const judged = await judge(venue, [recovered]);
    expect(judged).toMatchObject({ wrong: [], gaps: 0, snapshots: 1, isKnown: true });
    expect(judged.right).toBeGreaterThan(50);
  });

  it(
    "a full disk stops it with a message, and keeps what is whole",
    { timeout: 60_000 },
    async () => {
      const venue = await GeneratedVenue.start("bybit", 14);
      const folder = folderFor("full");
      // A file may have 24 blocks of 1,024 bytes.
      const command = argsOf(venue, folder, ["--level", "0", "--flush", "100ms"]);
      const run = new Process("bash", [
        "-c",
        'ulimit -f 24; exec "$0" "$@"',
        process.execPath,
        ...command,
      ]);
      let code: number | undefined;
      void run.ended.then((ended) => (code = ended));
      await until(venue, () => code !== undefined);
      await venue.server.stop();
      expect(code).toBe(1);
      expect(run.stderr).toContain("[DATA_WRITE]");
      expect(run.stderr).toContain("readable up to its last whole block");
      const [partial] = filesIn(folder);
      const recovered = join(root, "full.arrival");
      const recover = arrival(BIN, "data", "import", "--recover", partial!, "-o", recovered);
      await recover.ended;
      const judged = await judge(venue, [recovered]);
      expect(judged).toMatchObject({ wrong: [], gaps: 0 });
      expect(judged.rows).toBeGreaterThan(20);
    },
  );

  it("explains what is wrong with its flags, and exits with 2", { timeout: 60_000 }, async () => {
    const file = join(root, "a-file");
    writeFileSync(file, "");
    const bybit = ["bybit", "--symbols", "A", "-o"];
    const cases: readonly (readonly [args: readonly string[], text: string])[] = [
      [["kraken", "--symbols", "A", "-o", "x"], "Allowed choices are bybit, binance"],
      [["bybit", "--symbols", "BTC/USDT", "-o", "x"], '"BTC/USDT" is no symbol'],
      [["binance", "--symbols", "A", "-o", "x", "--depth", "50"], "--depth is for Bybit"],
      [[...bybit, "x", "--rotate", "5"], "a span such as 1h"],
      [[...bybit, "x", "--for", "10"], "a span with its unit"],
      [[...bybit, "x", "--host", "http://a"], "begins with wss://"],
      [[...bybit, join(file, "x")], "DATA_WRITE"],
    ];
    const runs = cases.map(([args]) => arrival(BIN, "data", "record", ...args));
    for (const [index, run] of runs.entries()) {
      const said = expect.stringContaining(cases[index]![1]);
      expect({ code: await run.ended, said: run.stderr }).toEqual({ code: 2, said });
    }
  });

  it("a venue that is not there is told in words", { timeout: 30_000 }, async () => {
    const venue = await GeneratedVenue.start("bybit", 15);
    const command = argsOf(venue, folderFor("away"), []);
    await venue.server.stop();
    const run = arrival(...command);
    expect(await run.ended).toBe(1);
    expect(run.stderr).toContain("refuses the connection [DATA_VENUE]");
  });
});
