/**
 * Going on with a journal: the chain has no seam, whatever ended the writer before, and a damaged
 * part is never built upon.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { JournalError, type JournalHeader } from "./journal.ts";
import { openJournal } from "./reader.ts";
import { type ResumedJournal, resumeJournal } from "./resumer.ts";
import { SEAL_LENGTH } from "./seal.ts";
import { createJournal, createResumableJournal, type ResumableSink } from "./writer.ts";

const HEADER: JournalHeader = {
  format: 2,
  program: "arrival 0.0.0-test",
  nodeMajor: 24,
  instrument: {},
  market: { kind: "generated", seed: 7 },
  config: {},
  seed: 42,
};
const folder = mkdtempSync(join(tmpdir(), "arrival-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let names = 0;
const fresh = (): string => join(folder, `${names++}.journal`);

const bodyOf = (k: number): string => `{"kind":"timer-fired","number":${k}}`;

function create(path: string): ResumableSink {
  const created = createResumableJournal(path, HEADER);
  if (!created.ok) throw new JournalError(created.error);
  return created.value;
}

function resume(path: string): ResumedJournal {
  const resumed = resumeJournal(path);
  if (!resumed.ok) throw new JournalError(resumed.error);
  return resumed.value;
}

function append(sink: ResumableSink, from: number, to: number): void {
  for (let k = from; k < to; k++) sink.append(k % 3 === 0 ? "event" : "output", k, bodyOf(k));
}

/** As a crash leaves it: a copy while the writer still holds it. */
function cutOff(path: string): string {
  const copy = fresh();
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  return copy;
}

function contentsOf(path: string) {
  const opened = openJournal(path);
  if (!opened.ok) throw new JournalError(opened.error);
  const { count, head, sealed, checkpoints } = opened.value;
  const bodies = [...opened.value.records()].map(({ body }) => body);
  opened.value.close();
  return { count, head, sealed, checkpoints, bodies };
}

const bodies = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, k) => bodyOf(from + k));

const bodiesOf = (resumed: ResumedJournal): string[] =>
  [...resumed.records()].map(({ body }) => body);

describe("a journal that is gone on with", () => {
  it("has the same chain as one that was never left", () => {
    const whole = fresh();
    const uncut = create(whole);
    append(uncut, 0, 90);
    uncut.close();
    const path = fresh();
    const first = create(path);
    append(first, 0, 40);
    first.close();
    const second = resume(path);
    expect(bodiesOf(second)).toEqual(bodies(0, 40));
    append(second.sink, 40, 60);
    second.sink.commit();
    const copy = cutOff(path);
    second.sink.close();
    const third = resume(copy);
    expect(third.count).toBe(60);
    append(third.sink, 60, 90);
    third.sink.close();
    expect(contentsOf(copy)).toEqual(contentsOf(whole));
    expect(readFileSync(copy).length).toBe(readFileSync(whole).length);
  });

  it("begins at the latest checkpoint, and goes over what is before it unseen", () => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 50);
    sink.checkpoint(49, '{"state":1}', 1, "[1]");
    append(sink, 50, 60);
    sink.checkpoint(59, '{"state":2}', 1);
    append(sink, 60, 70);
    sink.checkpoint(69, '{"state":"ü2"}', 1, "[2]");
    append(sink, 70, 75);
    sink.commit();
    append(sink, 75, 80);
    const copy = cutOff(path);
    sink.close();
    const resumed = resume(copy);
    expect(resumed.checkpoint).toMatchObject({
      sequence: 73,
      position: 69,
      state: '{"state":"ü2"}',
    });
    expect([...resumed.checkpoint!.archives()]).toEqual(["[1]", "[2]"]);
    expect(bodiesOf(resumed)).toEqual(bodies(70, 75));
    append(resumed.sink, 75, 80);
    resumed.sink.close();
    const { bodies: all, checkpoints, count, head } = contentsOf(copy);
    expect(all).toEqual(bodies(0, 80));
    expect(checkpoints.map(({ sequence, bytes }) => [sequence, bytes])).toEqual([
      [51, 11],
      [62, 11],
      [73, 15],
    ]);
    expect(count).toBe(83);
    expect(head).toBe(contentsOf(path).head);
  });

  const withCheckpoint = (): { readonly copy: string; readonly sink: ResumableSink } => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 5);
    sink.checkpoint(4, '{"state":1}', 3, "[1]");
    append(sink, 5, 8);
    sink.commit();
    return { copy: cutOff(path), sink };
  };
  const damage = (path: string, sql: string): void => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };

  it.each(["it is damaged", "it is of another form"])(
    "passes over a checkpoint where %s, and folds everything",
    (why) => {
      const { copy, sink } = withCheckpoint();
      sink.close();
      const isDamaged = why === "it is damaged";
      if (isDamaged) damage(copy, `UPDATE state SET text = '{"state":2}'`);
      const asked: string[] = [];
      const isOurs = (state: string): boolean => {
        asked.push(state);
        return isDamaged;
      };
      const found = resumeJournal(copy, { isOurs });
      if (!found.ok) throw new JournalError(found.error);
      const resumed = found.value;
      // Nobody is asked of a text that is not what was written.
      expect(asked).toEqual(isDamaged ? [] : ['{"state":1}']);
      expect(resumed.checkpoint).toBeUndefined();
      expect(resumed.sessions).toBe(3);
      expect(bodiesOf(resumed)).toEqual(bodies(0, 8));
      // What was archived for it is not taken for part of the next one.
      resumed.sink.checkpoint(8, '{"state":3}', 3);
      resumed.sink.commit();
      const next = cutOff(copy);
      resumed.sink.checkpoint(8, '{"state":4}', 3, "[3]");
      resumed.sink.commit();
      const last = cutOff(copy);
      resumed.sink.close();
      const bare = resume(next);
      expect([...bare.checkpoint!.archives()]).toEqual([]);
      bare.sink.close();
      const again = resume(last);
      expect([...again.checkpoint!.archives()]).toEqual(["[3]"]);
      again.sink.close();
    },
  );

  it.each([`UPDATE archive SET text = '[2]'`, "DELETE FROM archive"])(
    "begins at a checkpoint whose archives are damaged (%s), and says so to whoever asks",
    (sql) => {
      const { copy, sink } = withCheckpoint();
      sink.close();
      damage(copy, sql);
      const { checkpoint, sink: next } = resume(copy);
      expect(checkpoint).toMatchObject({ sequence: 6, state: '{"state":1}' });
      expect(() => [...checkpoint!.archives()]).toThrow("JOURNAL_CORRUPT");
      // The records before it tell the same.
      expect([...checkpoint!.before()].map(({ body }) => body)).toEqual(bodies(0, 5));
      // It goes on with the hash that it had: nothing makes the damage look whole.
      next.checkpoint(8, '{"state":3}', 3, "[3]");
      next.commit();
      const again = cutOff(copy);
      next.close();
      const { checkpoint: later, sink: last } = resume(again);
      expect(() => [...later!.archives()]).toThrow("JOURNAL_CORRUPT");
      last.close();
    },
  );

  it("shows no record before the checkpoint that has changed", () => {
    const { copy, sink } = withCheckpoint();
    sink.close();
    damage(copy, "UPDATE record SET position = 7 WHERE sequence = 2");
    const { checkpoint, sink: next } = resume(copy);
    expect(() => checkpoint!.before()).toThrow("record 2");
    next.close();
  });

  it("is refused at the very record that cannot be read, wherever in the file that is", () => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 2500);
    sink.close();
    const bytes = readFileSync(path);
    // A page in the middle of the table, and the seal with it.
    const page = Math.floor(bytes.length / 4096 / 2) * 4096;
    const copy = fresh();
    writeFileSync(copy, bytes.fill(0, page, page + 4096).subarray(0, bytes.length - SEAL_LENGTH));
    const database = new DatabaseSync(copy, { readOnly: true });
    const read = database.prepare("SELECT body FROM record WHERE sequence = ?");
    let intact = 0;
    const isThere = (sequence: number): boolean => {
      try {
        return read.get(sequence) !== undefined;
      } catch {
        return false;
      }
    };
    while (isThere(intact)) intact += 1;
    database.close();
    expect(intact % 1000).not.toBe(0);
    const resumed = resumeJournal(copy);
    const fault = { code: "JOURNAL_CORRUPT", sequence: intact };
    expect(!resumed.ok && resumed.error).toMatchObject(fault);
  });

  it("is refused where a record behind the checkpoint has changed, and left as it was", () => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 5);
    sink.checkpoint(4, "{}", 1);
    append(sink, 5, 30);
    sink.commit();
    const copy = cutOff(path);
    sink.close();
    const database = new DatabaseSync(copy);
    database.exec("UPDATE record SET position = 7 WHERE sequence = 20");
    database.close();
    const before = readFileSync(copy);
    const resumed = resumeJournal(copy);
    expect(!resumed.ok && resumed.error).toMatchObject({ code: "JOURNAL_CORRUPT", sequence: 20 });
    expect(readFileSync(copy).equals(before)).toBe(true);
  });

  it("that nobody wrote to is left as it was: unsealed with its checkpoint, or sealed", () => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 5);
    sink.checkpoint(4, "{}", 1);
    sink.commit();
    const copy = cutOff(path);
    sink.close();
    resume(copy).sink.close();
    expect(contentsOf(copy).sealed).toBe(false);
    const again = resume(copy);
    expect(again.checkpoint?.sequence).toBe(6);
    again.sink.close();
    const sealed = readFileSync(path);
    resume(path).sink.close();
    expect(contentsOf(path).sealed).toBe(true);
    expect(statSync(path).size).toBe(sealed.length);
  });

  it("may have been cut off while it was sealed", () => {
    const path = fresh();
    const sink = create(path);
    append(sink, 0, 5);
    sink.close();
    // A power cut: the file has its length, and where the seal would be there is nothing yet.
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, bytes.length - (bytes.length % 4096)));
    expect(contentsOf(path)).toMatchObject({ count: 5, sealed: false });
    const resumed = resume(path);
    append(resumed.sink, 5, 8);
    resumed.sink.close();
    expect(contentsOf(path)).toMatchObject({ count: 8, sealed: true });
  });

  it("is refused where it was cut off before it began, and says so", () => {
    const empty = fresh();
    writeFileSync(empty, "");
    const first = resumeJournal(empty);
    expect(!first.ok && first.error).toMatchObject({ code: "JOURNAL_NOT_A_JOURNAL" });
    const bare = fresh();
    const database = new DatabaseSync(bare);
    database.exec("PRAGMA application_id = 0x4152564a; PRAGMA user_version = 2");
    database.close();
    const second = resumeJournal(bare);
    expect(!second.ok && second.error).toMatchObject({ code: "JOURNAL_CORRUPT", sequence: 0 });
    for (const each of [first, second]) {
      expect(!each.ok && each.error.text).toContain("cut off before anything was journaled");
    }
  });

  it("may be of format 1, which had no checkpoints", () => {
    const path = fresh();
    const created = createJournal(path, { ...HEADER, format: 1 });
    if (!created.ok) throw new JournalError(created.error);
    created.value.append("event", 0, bodyOf(0));
    created.value.close();
    // Only the number differs; the seal is taken off with it.
    const bytes = readFileSync(path);
    bytes.writeUInt32BE(1, 60);
    writeFileSync(path, bytes.subarray(0, bytes.length - (bytes.length % 4096)));
    expect(contentsOf(path).bodies).toEqual(bodies(0, 1));
    const resumed = resume(path);
    append(resumed.sink, 1, 4);
    resumed.sink.checkpoint(3, "{}", 1);
    resumed.sink.close();
    expect(contentsOf(path).bodies).toEqual(bodies(0, 4));
  });

  it("has no side tables once it is closed, and no more than it had before there were any", () => {
    const plain = fresh();
    const bare = createJournal(plain, HEADER);
    if (!bare.ok) throw new JournalError(bare.error);
    append(bare.value as ResumableSink, 0, 200);
    bare.value.close();
    const path = fresh();
    const sink = create(path);
    let taken = 0;
    sink.rowsFrom({
      store: (tables) => {
        tables.drop({ onDisk: 0, inFile: 0 }, taken);
        tables.keep({ first: taken++, rows: new Uint8Array(9_000) });
      },
      isOnDisk: true,
    });
    for (let k = 0; k < 200; k += 10) {
      append(sink, k, k + 10);
      sink.commit();
    }
    sink.close();
    expect(readFileSync(path).length).toBe(readFileSync(plain).length);
    expect(contentsOf(path)).toEqual(contentsOf(plain));
  });
});

describe("two writers", () => {
  it("of one process: the second is told who writes", () => {
    const path = fresh();
    const sink = create(path);
    const second = resumeJournal(path);
    expect(!second.ok && second.error.code).toBe("JOURNAL_LOCKED");
    expect(!second.ok && second.error.text).toContain(`process ${process.pid}`);
    append(sink, 0, 3);
    sink.close();
  });

  it("of two processes: the second is told who writes, and the first goes on unharmed", async () => {
    const path = fresh();
    create(path).close();
    const script = `
      import { resumeJournal } from ${JSON.stringify(new URL("./resumer.ts", import.meta.url).href)};
      const { sink } = resumeJournal(process.argv[1]).value;
      sink.append("event", 0, '{"number":0}');
      sink.commit();
      process.stdout.write("held");
      process.stdin.once("data", () => {
        sink.append("event", 1, '{"number":1}');
        sink.close();
      });
      process.stdin.once("end", () => process.exit(0));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path]);
    await once(child.stdout, "data");
    for (const second of [resumeJournal(path), openJournal(path)]) {
      expect(!second.ok && second.error.code).toBe("JOURNAL_LOCKED");
      if (existsSync("/proc/locks")) {
        expect(!second.ok && second.error.text).toContain(`process ${child.pid}`);
      }
    }
    child.stdin.end("go on");
    await once(child, "exit");
    expect(contentsOf(path)).toMatchObject({ count: 2, sealed: true });
    const resumed = resume(path);
    expect(resumed.count).toBe(2);
    resumed.sink.close();
  });
});
