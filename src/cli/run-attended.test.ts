/**
 * A kill that the journal cannot keep. What is lost if this fails: the disk is full, somebody kills
 * the run, and the next start goes on trading.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { fedFeed } from "../../test/fed-market.ts";
import { micros, MINUTE } from "../core/domain/units.ts";
import { VirtualTime } from "../data/network/virtual-time.ts";
import { composeVenue, feeRates } from "../runtime/compose.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { JournalError } from "../runtime/journal/journal.ts";
import { fileStore } from "../runtime/live/file-store.ts";
import { openLiveRun } from "../runtime/live/open-run.ts";
import type { RunStore } from "../runtime/live/run-store.ts";
import { openGenerated } from "../runtime/market-source.ts";
import { paperVenue } from "../venues/paper/paper-venue.ts";
import { Attendance } from "./run-attended.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-attended-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let notes = "";
beforeEach(() => {
  notes = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    notes += String(text);
    return true;
  });
});

/** Files on a disk that has room until it has none. */
function storeOn(journal: string, disk: { isFull: boolean; onCommit: boolean }): RunStore {
  const store = fileStore(journal);
  const guard = (): void => {
    if (!disk.isFull) return;
    const text = "no room";
    throw new JournalError({ code: "JOURNAL_FULL_DISK", path: journal, text });
  };
  return {
    name: store.name,
    resume: () => store.resume(),
    tape: (options) => store.tape(options),
    create(header) {
      const created = store.create(header);
      if (!created.ok) return created;
      const inner = created.value;
      return {
        ok: true,
        value: {
          append(kind, position, body) {
            if (!disk.onCommit) guard();
            inner.append(kind, position, body);
          },
          commit() {
            guard();
            inner.commit();
          },
          checkpoint: (position, state, archive) => inner.checkpoint(position, state, archive),
          close: () => inner.close(),
        },
      };
    },
  };
}

async function attended(name: string, disk: { isFull: boolean; onCommit: boolean }) {
  const spec = {
    kind: "generated",
    seed: 5,
    startAt: micros(1.7e15),
    duration: micros(6 * MINUTE),
  };
  const market = openGenerated(spec as Parameters<typeof openGenerated>[0]);
  const time = new VirtualTime();
  const config = DEFAULT_CONFIG;
  const journal = join(folder, `${name}.journal`);
  const attendance = new Attendance();
  const opened = await openLiveRun({
    venue: paperVenue({
      openFeed: fedFeed(market, time),
      exchange: (header) => composeVenue(header, { config, seed: 1 }),
      fees: feeRates(config.simulation),
      timers: time,
    }),
    request: {
      side: "buy",
      quantity: "2",
      isNotional: false,
      over: micros(4 * MINUTE),
      constraints: { mayCrossSpread: true, residual: "cross" },
      acceptInfeasible: false,
      config,
      seed: 1,
    },
    journal,
    store: storeOn(journal, disk),
    timers: time,
    parentId: "r1",
    onStep: (event, outputs) => attendance.onStep(event, outputs),
  });
  if (!opened.ok) throw new Error(opened.error.text);
  const run = opened.value;
  const state = { isReady: false, isOver: false };
  void run.ready().then(() => (state.isReady = true));
  while (!state.isReady) {
    time.step();
    await Promise.resolve();
  }
  void run.ended.then(() => (state.isOver = true));
  await attendance.open(run, journal, "paper");
  run.begin();
  const drive = async (seconds: number): Promise<void> => {
    const until = time.now + seconds * 1e9;
    while (!state.isOver && time.now < until && time.step(until)) await Promise.resolve();
  };
  await drive(20);
  const finish = async () => {
    await drive(90);
    const result = await run.finish();
    await attendance.close(result);
    return result;
  };
  return { attendance, finish, killFile: join(folder, `${name}.kill`) };
}

describe("a kill", () => {
  it.each([
    ["when it is written", false],
    ["when it is made durable", true],
  ])("that the full disk does not take %s lays the kill file", async (_, onCommit) => {
    const disk = { isFull: false, onCommit };
    const at = await attended(onCommit ? "commit" : "append", disk);
    disk.isFull = true;
    at.attendance.kill("ann", "wrong account");
    const { end } = await at.finish();
    expect(end).toMatchObject({ kind: "halted", error: { fault: { code: "JOURNAL_FULL_DISK" } } });
    expect(readFileSync(at.killFile, "utf8")).toMatch(/^killed/);
    expect(statSync(at.killFile).mode & 0o777).toBe(0o600);
    expect(notes).toMatch(/the journal could not take the kill: .*\.kill was laid/);
    expect(() =>
      Attendance.check(DEFAULT_CONFIG, at.killFile.replace(".kill", ".journal")),
    ).toThrow(/kill file/);
  });

  it("that the journal has lays none, and says what became of the orders", async () => {
    const at = await attended("whole", { isFull: false, onCommit: false });
    at.attendance.kill("ann", "wrong account");
    const { end, phase } = await at.finish();
    expect([end.kind, phase]).toEqual(["over", "canceled"]);
    expect(existsSync(at.killFile)).toBe(false);
    expect(at.attendance.wasKilled).toBe(true);
    for (const line of at.attendance.killed) expect(line).toMatch(/\((canceled|filled)/);
    // After the end there is nothing to keep.
    at.attendance.kill("ann", "again");
    expect(existsSync(at.killFile)).toBe(false);
  });

  it("by a file that was there before is carried out, not refused, in a run that is gone on with", async () => {
    const disk = { isFull: false, onCommit: false };
    const at = await attended("laid", disk);
    writeFileSync(at.killFile, "stop\n");
    at.attendance.killWhereItWasKilled();
    const { phase, reason } = await at.finish();
    expect([phase, reason]).toEqual(["canceled", expect.stringMatching(/laid\.kill: stop$/)]);
  });
});
