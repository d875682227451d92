import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import { Chain } from "./format.ts";
import {
  JournalError,
  type JournalHeader,
  type JournalOptions,
  type JournalRecord,
  type JournalSink,
  memoryJournal,
} from "./journal.ts";
import { openJournal } from "./reader.ts";
import { createJournal } from "./writer.ts";

const HEADER: JournalHeader = {
  format: 2,
  program: "arrival 0.0.0-test",
  nodeMajor: 24,
  instrument: { symbol: "BTCUSDT", lotSize: "0.001" },
  market: { kind: "generated", seed: 7 },
  config: { limits: { participation: 0.1 } },
  seed: 42,
};
const WRITER = new URL("./writer.ts", import.meta.url).href;
const READER = new URL("./reader.ts", import.meta.url).href;

let folder = "";
let names = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-journal-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const fresh = (): string => join(folder, `${names++}.journal`);

function create(path: string, options?: JournalOptions): JournalSink {
  const created = createJournal(path, HEADER, options);
  if (!created.ok) throw new JournalError(created.error);
  return created.value;
}

const bodyOf = (k: number): string =>
  `{"kind":"order-reported","number":${k},"text":"${"ü→x".repeat((k * 7) % 40)}"}`;

function write(path: string, count: number, options?: JournalOptions): void {
  const sink = create(path, options);
  for (let k = 0; k < count; k++) sink.append(k % 3 === 0 ? "event" : "output", k * 5, bodyOf(k));
  sink.close();
}

const expected = (count: number): JournalRecord[] =>
  Array.from({ length: count }, (_, k) => ({
    sequence: k + 1,
    kind: k % 3 === 0 ? "event" : "output",
    position: k * 5,
    body: bodyOf(k),
  }));

interface Contents {
  readonly header: JournalHeader;
  readonly records: readonly JournalRecord[];
  readonly sealed: boolean;
}

function read(path: string): Contents {
  const opened = openJournal(path);
  if (!opened.ok) throw new JournalError(opened.error);
  const records = [...opened.value.records()];
  expect(opened.value.count).toBe(records.length);
  opened.value.close();
  return { header: opened.value.header, records, sealed: opened.value.sealed };
}

function faultOf(path: string) {
  const opened = openJournal(path);
  if (!opened.ok) return opened.error;
  opened.value.close();
  throw new Error(`${path} opened without a fault`);
}

/** Flips one bit in place. Twice: nothing happened. */
function flip(path: string, bit: number): void {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, bit >> 3);
  byte[0]! ^= 1 << (bit & 7);
  writeSync(file, byte, 0, 1, bit >> 3);
  closeSync(file);
}

/** Runs a script in another process, with the journal module at hand. */
function runChild(script: string, ...parameters: string[]) {
  const file = join(folder, `child-${names++}.mjs`);
  writeFileSync(
    file,
    `import { createJournal } from ${JSON.stringify(WRITER)};
    import { openJournal } from ${JSON.stringify(READER)};
const HEADER = ${JSON.stringify(HEADER)};
const parameters = process.argv.slice(2);
${script}`,
  );
  return spawnSync(process.execPath, [file, ...parameters], { encoding: "utf8" });
}

describe("a journal", () => {
  it("gives back what was written, header first, as one sealed file", () => {
    const path = fresh();
    write(path, 1000);
    const contents = read(path);
    expect(contents.header).toEqual(HEADER);
    expect(contents.records).toEqual(expected(1000));
    expect(contents.sealed).toBe(true);
    expect(readdirSync(folder).filter((name) => path.endsWith(name.slice(0, 9)))).toHaveLength(1);
  });

  it("keeps any text that JSON can hold, to the byte", () => {
    const path = fresh();
    // Any code point, lone surrogates and control characters among them.
    const texts = Array.from({ length: 200 }, (_, k) =>
      String.fromCodePoint(
        ...Array.from({ length: 20 }, (_point, i) =>
          Math.floor(uniformAt(10, streamOf("text"), k * 20 + i) * (k % 2 === 0 ? 0x11_0000 : 300)),
        ),
      ),
    );
    texts.push("\ud800 alone", "\0");
    const bodies = [...texts.map((text) => JSON.stringify(text)), "{}", `"${"x".repeat(100_000)}"`];
    const sink = create(path);
    bodies.forEach((body, k) => sink.append("event", k, body));
    sink.close();
    expect(read(path).records.map((record) => record.body)).toEqual(bodies);
  });

  it("is the same file byte for byte, however it was grouped and in whatever process", () => {
    const [here, grouped] = [fresh(), fresh()];
    write(here, 3000);
    write(grouped, 3000, { commitEvery: 7 });
    const there = fresh();
    const child = runChild(
      `const bodyOf = ${bodyOf.toString()};
const sink = createJournal(parameters[0], HEADER).value;
for (let k = 0; k < 3000; k++) sink.append(k % 3 === 0 ? "event" : "output", k * 5, bodyOf(k));
sink.close();`,
      there,
    );
    expect(child.status).toBe(0);
    expect(readFileSync(there).equals(readFileSync(here))).toBe(true);
    expect(readFileSync(grouped).equals(readFileSync(here))).toBe(true);
  });

  it("has another head when one position differs", () => {
    const heads = [0, 1].map((position) => {
      const path = fresh();
      const sink = create(path);
      sink.append("event", position, "{}");
      sink.close();
      const opened = openJournal(path);
      if (!opened.ok) throw new JournalError(opened.error);
      opened.value.close();
      return opened.value.head;
    });
    expect(heads[0]).not.toBe(heads[1]);
  });

  it("is not overwritten, nor begun beside what a crash left", () => {
    const path = fresh();
    write(path, 1);
    const again = createJournal(path, HEADER);
    expect(!again.ok && again.error.code).toBe("JOURNAL_EXISTS");
    const other = fresh();
    writeFileSync(`${other}-wal`, "");
    const beside = createJournal(other, HEADER);
    expect(!beside.ok && beside.error.code).toBe("JOURNAL_EXISTS");
    expect(existsSync(other)).toBe(false);
  });

  it("says what to do when its folder does not exist, and leaves nothing behind", () => {
    const created = createJournal(join(folder, "nowhere", "a.journal"), HEADER);
    expect(!created.ok && created.error.code).toBe("JOURNAL_IO");
    expect(!created.ok && created.error.text).toContain("make the folder first");
  });

  it("has one writer, and no reader while it writes, in this process or another", () => {
    const path = fresh();
    const sink = create(path);
    sink.append("event", 0, "{}");
    sink.commit();
    expect(faultOf(path).code).toBe("JOURNAL_LOCKED");
    const child = runChild(
      `const opened = openJournal(parameters[0]);
console.log(opened.ok ? "ok" : opened.error.code)`,
      path,
    );
    expect(child.stdout.trim()).toBe("JOURNAL_LOCKED");
    sink.append("event", 1, "{}");
    sink.close();
    expect(read(path).records).toHaveLength(2);
  });

  it("refuses text that the store would bend", () => {
    const sink = create(fresh());
    expect(() => sink.append("event", 0, '"\ud800"')).toThrow("canonical JSON");
    expect(() => sink.append("event", 0, '"\0"')).toThrow("canonical JSON");
    expect(() => sink.append("event", -1, "{}")).toThrow("position");
    sink.close();
    sink.close();
    expect(() => sink.append("event", 0, "{}")).toThrow("closed");
  });
});

describe("a full disk", () => {
  it("is said by the append or the commit that hit it, and by every one after", () => {
    const path = fresh();
    const sink = create(path, { maxBytes: 400_000, commitEvery: 10 });
    let written = 0;
    const fill = (): void => {
      for (; written < 100_000; written++) sink.append("event", written, bodyOf(written));
    };
    expect(fill).toThrow(expect.objectContaining({ name: "JournalError" }));
    expect(() => sink.append("event", 0, "{}")).toThrow("JOURNAL_FULL_DISK");
    expect(() => sink.commit()).toThrow("JOURNAL_FULL_DISK");
    sink.close();
    const contents = read(path);
    expect(contents.sealed).toBe(false);
    expect(contents.records.length).toBe(written - (written % 10));
    expect(contents.records.at(-1)?.body).toBe(bodyOf(contents.records.length - 1));
  });
});

describe("damage", () => {
  const COUNT = 120;
  let original = Buffer.alloc(0);
  let intact: JournalRecord[] = [];
  beforeAll(() => {
    const path = fresh();
    write(path, COUNT);
    original = readFileSync(path);
    intact = expected(COUNT);
  });

  it("of any one bit of a closed journal is noticed, with the place", () => {
    const path = fresh();
    writeFileSync(path, original);
    const codes = new Map<string, number>();
    for (let k = 0; k < 400; k++) {
      const bit = Math.floor(uniformAt(11, streamOf("flip"), k) * original.length * 8);
      flip(path, bit);
      const fault = faultOf(path);
      flip(path, bit);
      expect(fault.text).toContain(path);
      const named = fault.sequence === undefined ? fault.code : `${fault.code} record`;
      codes.set(named, (codes.get(named) ?? 0) + 1);
    }
    // Most bits are in records; the others are in unused space, the seal and the first page.
    expect(codes.get("JOURNAL_CORRUPT record")).toBeGreaterThan(200);
    expect(codes.get("JOURNAL_CORRUPT")).toBeGreaterThan(0);
    expect(readdirSync(folder).filter((name) => /-(wal|shm|journal)$/.test(name))).toEqual([
      expect.stringContaining("-wal"), // the one that an earlier test put there
    ]);
  });

  it("of the very first bytes is noticed, whatever it makes of the file", () => {
    const path = fresh();
    writeFileSync(path, original);
    for (let bit = 0; bit < 100 * 8; bit += 5) {
      flip(path, bit);
      expect(faultOf(path).code).toMatch(/^JOURNAL_(CORRUPT|NOT_A_JOURNAL|VERSION)$/);
      flip(path, bit);
    }
  });

  it("of an unsealed journal never yields another record, and is placed where it is", () => {
    const path = fresh();
    const unsealed = original.subarray(0, original.length - (original.length % 4096));
    writeFileSync(path, unsealed);
    let noticed = 0;
    for (let k = 0; k < 200; k++) {
      const bit = Math.floor(uniformAt(12, streamOf("flip"), k) * unsealed.length * 8);
      flip(path, bit);
      const opened = openJournal(path);
      flip(path, bit);
      if (!opened.ok) {
        noticed += 1;
        continue;
      }
      expect([...opened.value.records()]).toEqual(intact);
      opened.value.close();
    }
    expect(noticed).toBeGreaterThan(120);
  });

  it("of one record names the first bad one", () => {
    const path = fresh();
    const at = original.indexOf(`"number":70,`);
    const damaged = Buffer.from(original);
    damaged[at + 9]! ^= 1;
    writeFileSync(path, damaged);
    const fault = faultOf(path);
    expect(fault).toMatchObject({ code: "JOURNAL_CORRUPT", sequence: 71 });
    expect(fault.text).toContain("the 71 records before it are intact");
  });

  it("by another program that changed a record and kept the file valid is noticed", () => {
    const path = fresh();
    writeFileSync(path, original);
    const database = new DatabaseSync(path);
    database.exec("UPDATE record SET position = position + 1 WHERE sequence = 77");
    database.close();
    expect(faultOf(path)).toMatchObject({ code: "JOURNAL_CORRUPT", sequence: 77 });
  });

  it.each(["null", "0", "[]", "{}", '{"program":"x","nodeMajor":24,"seed":"1"}'])(
    "by a header %j whose hash fits is noticed",
    (body) => {
      const path = fresh();
      create(path).close();
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 4096) * 4096));
      const database = new DatabaseSync(path);
      const hash = new Chain().next(0, "header", 0, body);
      database.prepare("UPDATE record SET body = ?, chain = ?").run(body, hash);
      database.close();
      const opened = openJournal(path);
      expect(opened).toMatchObject({ ok: false, error: { code: "JOURNAL_CORRUPT", sequence: 0 } });
    },
  );

  it("by cutting or adding bytes is noticed", () => {
    const path = fresh();
    for (const length of [original.length - 1, original.length - 4096, 4096, 100, 0]) {
      writeFileSync(path, original);
      truncateSync(path, length);
      expect(faultOf(path).code).toMatch(/^JOURNAL_(CORRUPT|NOT_A_JOURNAL)$/);
    }
    writeFileSync(path, original);
    appendFileSync(path, "x");
    expect(faultOf(path).code).toBe("JOURNAL_CORRUPT");
  });

  it("of kind is told from damage: no file, another file, another format", () => {
    expect(faultOf(join(folder, "none")).code).toBe("JOURNAL_NOT_FOUND");
    const path = fresh();
    writeFileSync(path, "not a journal".repeat(1000));
    expect(faultOf(path).code).toBe("JOURNAL_NOT_A_JOURNAL");
    const database = new DatabaseSync(join(folder, "other.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE a(b)");
    expect(faultOf(join(folder, "other.db")).code).toBe("JOURNAL_NOT_A_JOURNAL");
    // Nothing was repaired that is not ours.
    expect(existsSync(join(folder, "other.db-wal"))).toBe(true);
    database.close();
    const newer = fresh();
    const seal = original.length % 4096;
    writeFileSync(newer, original.subarray(0, original.length - seal));
    const raised = new DatabaseSync(newer);
    raised.exec("PRAGMA user_version = 3");
    raised.close();
    expect(faultOf(newer)).toMatchObject({ code: "JOURNAL_VERSION" });
  });
});

describe("a crash", () => {
  const GROUPS = 12;
  const PER_GROUP = 5;
  let crashed = "";

  beforeAll(() => {
    crashed = fresh();
    const child = runChild(
      `const bodyOf = ${bodyOf.toString()};
const sink = createJournal(parameters[0], HEADER, { commitEvery: 1_000_000 }).value;
let k = 0;
const append = () => { sink.append(k % 3 === 0 ? "event" : "output", k * 5, bodyOf(k)); k += 1; };
for (let group = 0; group < ${GROUPS}; group++) {
  for (let i = 0; i < ${PER_GROUP}; i++) append();
  sink.commit();
}
// So much that SQLite spills it to the write-ahead file: it must still not be read back.
for (let i = 0; i < 18_000; i++) append();
process.kill(process.pid, "SIGKILL");`,
      crashed,
    );
    expect(child.signal).toBe("SIGKILL");
    expect(statSync(`${crashed}-wal`).size).toBeGreaterThan(1_000_000);
  });

  const copy = (): string => {
    const path = fresh();
    copyFileSync(crashed, path);
    copyFileSync(`${crashed}-wal`, `${path}-wal`);
    return path;
  };

  it("loses what was not committed and nothing else; the repair leaves one file", () => {
    const path = copy();
    const contents = read(path);
    expect(contents.records).toEqual(expected(GROUPS * PER_GROUP));
    expect(contents.sealed).toBe(false);
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(read(path).records).toHaveLength(GROUPS * PER_GROUP);
  });

  it("that tears the write-ahead file anywhere leaves whole commits", () => {
    const whole = expected(GROUPS * PER_GROUP);
    const size = statSync(`${crashed}-wal`).size;
    const seen = new Set<number>();
    for (let k = 0; k < 40; k++) {
      const path = copy();
      // Two in three cuts fall into the committed part, which is small.
      const range = k % 3 === 0 ? size : 120_000;
      truncateSync(`${path}-wal`, Math.floor(uniformAt(13, streamOf("tear"), k) * range));
      const { records } = read(path);
      expect(records.length % PER_GROUP).toBe(0);
      expect(records).toEqual(whole.slice(0, records.length));
      seen.add(records.length);
      rmSync(path);
    }
    expect(seen.size).toBeGreaterThan(4);
  });

  it("whose write-ahead file was left behind shows as unsealed, with a prefix", () => {
    const path = fresh();
    copyFileSync(crashed, path);
    const { records, sealed } = read(path);
    expect(sealed).toBe(false);
    expect(records).toEqual(expected(GROUPS * PER_GROUP).slice(0, records.length));
  });

  it("that is an exit without close loses nothing that was committed", () => {
    const path = fresh();
    const child = runChild(
      `const sink = createJournal(parameters[0], HEADER).value;
sink.append("event", 0, "{}");
sink.commit();
sink.append("event", 1, "{}");
process.exit(0);`,
      path,
    );
    expect(child.status).toBe(0);
    const { records, sealed } = read(path);
    expect(records).toEqual([{ sequence: 1, kind: "event", position: 0, body: "{}" }]);
    expect(sealed).toBe(false);
  });

  it("in a folder that may not be written to says what to do", () => {
    const kept = join(folder, "read-only");
    mkdirSync(kept);
    const path = join(kept, "a.journal");
    copyFileSync(crashed, path);
    copyFileSync(`${crashed}-wal`, `${path}-wal`);
    execFileSync("chmod", ["a-w", path, `${path}-wal`, kept]);
    execFileSync("chmod", ["a+rx", folder, kept]);
    // Permissions do not bind root, so root reads as nobody.
    const script = `if (process.getuid?.() === 0) process.setuid(65534);
const opened = openJournal(parameters[0]);
console.log(opened.ok ? "ok" : opened.error.code + " " + opened.error.text);`;
    const { stdout } = runChild(script, path);
    expect(stdout).toContain("JOURNAL_UNREPAIRED");
    expect(stdout).toContain("copy both files");
    execFileSync("chmod", ["u+w", kept]);
  });
});

describe("memoryJournal", () => {
  it("numbers records as the file does", () => {
    const sink = memoryJournal();
    sink.append("event", 3, "{}");
    sink.append("output", 3, "[]");
    sink.commit();
    sink.close();
    expect(sink.records).toEqual([
      { sequence: 1, kind: "event", position: 3, body: "{}" },
      { sequence: 2, kind: "output", position: 3, body: "[]" },
    ]);
    expect(() => sink.append("event", 4, "{}")).toThrow("closed");
  });
});
