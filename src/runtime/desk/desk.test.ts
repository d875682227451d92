/**
 * A desk in virtual time: many orders on one market, steered one by one, killed, cut off and opened
 * again from its files alone.
 *
 * What is lost if this fails: an order that nobody works any more, one that is worked twice, or a
 * person who is told "done" of what was not.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type DeskStage, deskStage } from "../../../test/desk-stage.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import { isTerminal } from "../../core/domain/parent-order.ts";
import { ok } from "../../core/domain/errors.ts";
import { micros } from "../../core/domain/units.ts";
import type { OrderView } from "../../view/shapes.ts";
import type { RunNote } from "../../view/stream.ts";
import { openJournal } from "../journal/reader.ts";
import { ask, findRun } from "../live/control-client.ts";
import { ControlDesk } from "../live/control-desk.ts";
import { ControlServer } from "../live/control-server.ts";
import { openLiveRun, resumeLiveRun } from "../live/open-run.ts";
import { replay } from "../replay.ts";
import type { Desk } from "./desk-terms.ts";
import type { OrderForm } from "./order-form.ts";

const root = mkdtempSync(join(tmpdir(), "arrival-desks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(root, `desk-${++folders}`);

const journalsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".journal"))
    .map((name) => join(folder, name));

async function identical(folder: string): Promise<void> {
  for (const journal of journalsIn(folder)) {
    const again = await replay(journal);
    if (!again.ok) throw new Error(again.error.text);
    expect(again.value.difference).toBeUndefined();
    expect(again.value.identical).toBe(true);
  }
}

function eventsOf(journal: string): EngineEvent[] {
  const opened = openJournal(journal);
  if (!opened.ok) throw new Error(opened.error.text);
  const events = [...opened.value.records()]
    .filter(({ kind }) => kind === "event")
    .map(({ body }) => JSON.parse(body) as EngineEvent);
  opened.value.close();
  return events;
}

async function submitted(
  { until, form }: DeskStage,
  desk: Desk,
  change: Partial<OrderForm> = {},
): Promise<string> {
  const taken = await until(desk.submit("ann", form(change)));
  if (!taken.ok) throw new Error(`${taken.error.code}: ${taken.error.text}`);
  return taken.value.parentId;
}

const phaseOf = (desk: Desk, parentId: string): string | undefined =>
  desk.rows().find((row) => row.parentId === parentId)?.phase;

describe("a desk", () => {
  it("works many orders in one run, and each to its own end", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const changes: string[] = [];
    desk.watch(({ kind }) => void changes.push(kind));
    const ids: string[] = [];
    for (let number = 0; number < 8; number++) {
      const strategy = ["twap", "vwap", "is"][number % 3]!;
      ids.push(await submitted(stage, desk, { strategy, quantity: "0.2", over: "90s" }));
    }
    expect(new Set(ids).size).toBe(8);
    await stage.drive(20);
    expect(desk.rows().filter(({ isLive }) => isLive)).toHaveLength(8);
    expect(desk.market(stage.instrument)?.health).toBe("healthy");
    await stage.drive(100);
    for (const id of ids) expect(phaseOf(desk, id)).toMatch(/^complete/);
    expect(new Set(changes)).toEqual(new Set(["runs", "orders", "timeline", "market"]));
    expect(desk.runs()).toMatchObject([{ isLive: true, isKilled: false, trouble: null }]);
    // It stands, and takes the next.
    const next = await submitted(stage, desk, { side: "sell", over: "60s" });
    await stage.drive(5);
    expect(desk.order(next)?.row).toMatchObject({ side: "sell", isLive: true });
    await stage.until(desk.close("cancel"));
    expect(journalsIn(folder)).toHaveLength(1);
    await identical(folder);
    const [journal] = journalsIn(folder);
    const told = eventsOf(journal!).filter(({ kind }) => kind === "parent-submitted");
    expect(told).toHaveLength(9);
    expect(told.every((event) => event.kind === "parent-submitted" && event.by === "ann")).toBe(
      true,
    );
  });

  it("refuses with the engine's own reason", async () => {
    const stage = deskStage();
    const desk = await stage.desk(newFolder());
    const first = await submitted(stage, desk);
    const opposed = await stage.until(desk.submit("bob", stage.form({ side: "sell" })));
    expect(opposed).toMatchObject({ ok: false, error: { code: "RISK_OPPOSITE_PARENT" } });
    const preview = await stage.until(desk.preview(stage.form({ side: "sell" })));
    expect(preview).toMatchObject({ ok: true, value: { canSubmit: false } });
    for (const [change, code] of [
      [{ strategy: "nonesuch" }, "PARENT_TERMS"],
      [{ quantity: "0.00001" }, "RUN_QUANTITY"],
      [{ quantity: "0" }, "DESK_ORDER"],
      [{ limit: "0.000001" }, "DESK_ORDER"],
      [{ notional: "100" }, "DESK_ORDER"],
      [{ over: "0s" }, "DESK_ORDER"],
      [{ isAdvised: true }, "DESK_ORDER"],
      [{ side: "both" as "buy" }, "DESK_ORDER"],
    ] as const) {
      const refused = await stage.until(desk.submit("bob", stage.form(change)));
      expect(refused, JSON.stringify(change)).toMatchObject({ ok: false, error: { code } });
    }
    expect(desk.rows().map(({ parentId }) => parentId)).toEqual([first]);
    await stage.until(desk.close("cancel"));
  });

  it("tells what an order would mean, and sends nothing", async () => {
    const stage = deskStage();
    const desk = await stage.desk(newFolder());
    await stage.until(desk.preview(stage.form()));
    await stage.drive(120);
    const looked = await stage.until(desk.preview(stage.form({ urgency: 0.6 })));
    if (!looked.ok) throw new Error(looked.error.text);
    const { canSubmit, costs, frontier, worstCase, notional, adviceBoundBps } = looked.value;
    expect(canSubmit).toBe(true);
    expect(costs.filter(({ isOwn }) => isOwn)).toMatchObject([{ urgency: 0.6, strategy: "twap" }]);
    expect(costs.map(({ urgency }) => urgency)).toEqual([0, 0.25, 0.5, 0.6, 0.75, 0.9, 1]);
    for (const { costBps, riskBps } of costs) {
      expect(Number.isFinite(costBps)).toBe(true);
      expect(riskBps).toBeGreaterThan(0);
    }
    expect(frontier.length).toBeGreaterThan(10);
    expect(Number(worstCase.cash)).toBeGreaterThan(0);
    expect(Number(notional)).toBeGreaterThan(1000);
    expect(adviceBoundBps).toBeNull();
    expect(JSON.parse(JSON.stringify(looked.value))).toEqual(looked.value);
    expect(desk.rows()).toEqual([]);
    await stage.until(desk.close("cancel"));
  });

  it("pauses, amends, switches and cancels one of several, by name, and leaves the others", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const one = await submitted(stage, desk, { over: "4m" });
    const two = await submitted(stage, desk, { over: "4m" });
    const three = await submitted(stage, desk, { over: "4m" });
    await stage.drive(20);
    const tell = (id: string, command: Parameters<Desk["control"]>[2]) =>
      stage.until(desk.control("bob", id, command));
    expect(await tell(one, { command: "pause", reason: "a look" })).toMatchObject({ ok: true });
    expect(await tell(two, { command: "amend", over: "60s" })).toMatchObject({ ok: true });
    expect(await tell(two, { command: "switch", strategy: "vwap" })).toMatchObject({ ok: true });
    expect(await tell(three, { command: "cancel" })).toMatchObject({ ok: true });
    expect(await tell("nobody", { command: "cancel" })).toMatchObject({
      ok: false,
      code: "DESK_NO_ORDER",
    });
    expect(await tell(two, { command: "amend", quantity: "0.00001" })).toMatchObject({
      ok: false,
      code: "CONTROL_REQUEST",
    });
    await stage.drive(10);
    expect(phaseOf(desk, one)).toBe("paused");
    expect(phaseOf(desk, three)).toBe("canceled");
    expect(desk.order(two)?.row.strategy).toBe("vwap");
    const limits = await stage.until(
      desk.setLimits("eve", stage.instrument, { participation: 0.5 }),
    );
    expect(limits).toMatchObject({ ok: true });
    expect(desk.limits(stage.instrument)).toMatchObject({ participation: 0.5 });
    expect(await tell(one, { command: "resume" })).toMatchObject({ ok: true });
    await stage.drive(120);
    expect(phaseOf(desk, two)).toMatch(/^complete/);
    await stage.until(desk.close("cancel"));
    expect(phaseOf(desk, one)).toBe("canceled");
    const named = eventsOf(journalsIn(folder)[0]!).flatMap((event) =>
      "by" in event ? [`${event.kind} ${event.by}`] : [],
    );
    expect(named).toEqual(
      expect.arrayContaining(["parent-paused bob", "parent-amended bob", "limits-changed eve"]),
    );
    await identical(folder);
  });

  it("a kill ends all of them, and nothing more is taken on", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const ids = [await submitted(stage, desk), await submitted(stage, desk)];
    await stage.drive(15);
    const answers = await stage.until(desk.kill("eve", "it is enough"));
    expect(answers).toMatchObject([{ ok: true, command: "kill" }]);
    await stage.drive(20);
    for (const id of ids) expect(phaseOf(desk, id)).toBe("canceled");
    expect(desk.runs()).toMatchObject([{ isLive: false, isKilled: true }]);
    const after = await stage.until(desk.submit("ann", stage.form()));
    expect(after).toMatchObject({ ok: false, error: { code: "DESK_KILLED" } });
    await stage.until(desk.close("leave"));
    await identical(folder);
    // Started again by a person, it trades again, in a run of its own.
    const again = await stage.desk(folder);
    const next = await submitted(stage, again, { over: "30s" });
    await stage.drive(40);
    expect(phaseOf(again, next)).toMatch(/^complete/);
    await stage.until(again.close("leave"));
    expect(journalsIn(folder)).toHaveLength(2);
  });

  it("is stopped by a file in its folder, and stays so while that is there", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const id = await submitted(stage, desk);
    await stage.drive(10);
    writeFileSync(join(folder, "desk.kill"), "by hand\n");
    await new Promise((resolve) => void setTimeout(resolve, 600));
    await stage.drive(20);
    expect(phaseOf(desk, id)).toBe("canceled");
    await stage.until(desk.close("leave"));
    const again = await stage.desk(folder);
    const refused = await stage.until(again.submit("ann", stage.form()));
    expect(refused).toMatchObject({ ok: false, error: { code: "DESK_KILLED" } });
    await stage.until(again.close("leave"));
  });

  it("one at a time on a folder", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    expect(await stage.open(folder)).toMatchObject({ ok: false, error: { code: "DESK_LOCKED" } });
    // Whoever only looks may.
    const looking = await stage.desk(folder, { isReadOnly: true });
    const refused = await stage.until(looking.submit("ann", stage.form()));
    expect(refused).toMatchObject({ ok: false, error: { code: "DESK_READ_ONLY" } });
    await stage.until(looking.close("leave"));
    await stage.until(desk.close("leave"));
    const next = await stage.desk(folder);
    await stage.until(next.close("leave"));
  });

  it("cut off with several at work, it goes on: nothing lost, nothing doubled", async () => {
    const stage = deskStage();
    const [folder, copy] = [newFolder(), newFolder()];
    const desk = await stage.desk(folder);
    const ids = [
      await submitted(stage, desk, { quantity: "1", over: "3m", residual: "cross" }),
      await submitted(stage, desk, { quantity: "2", over: "3m", residual: "cross" }),
      await submitted(stage, desk, { quantity: "0.1", over: "20s", residual: "cross" }),
    ];
    await stage.drive(60);
    expect(phaseOf(desk, ids[2]!)).toMatch(/^complete/);
    const before = new Map(ids.map((id) => [id, desk.order(id)!]));
    const timeline = desk.timeline();
    // What is on the disk at this instant is all that the next process has.
    cpSync(folder, copy, { recursive: true, filter: (path) => !/\.(ctl|lock)/.test(path) });
    await stage.until(desk.close("leave"));
    await stage.drive(5);
    const opening = stage.desk(copy);
    const again = await opening;
    const early = await stage.until(again.submit("ann", stage.form()));
    expect(early).toMatchObject({ ok: false, error: { code: "DESK_RECOVERING" } });
    await stage.drive(5);
    for (const id of ids) {
      const [was, is] = [before.get(id)!, again.order(id)!];
      const known = new Set(is.fills.map(({ executionId }) => executionId));
      for (const fill of was.fills) expect(known.has(fill.executionId)).toBe(true);
      expect(known.size).toBe(is.fills.length);
    }
    // What had ended is shown as it was, and what happened before stands in the timeline.
    const [was, is] = [before.get(ids[2]!)!, again.order(ids[2]!)!];
    expect(is.report!.shortfall).toEqual(was.report!.shortfall);
    expect(is.children).toEqual(was.children);
    expect(is.twap).toEqual(was.twap);
    expect(again.timeline().map(({ record }) => record)).toEqual(
      expect.arrayContaining(timeline.map(({ record }) => record)),
    );
    // What was planned before the cut is learned from the journal once somebody looks.
    for (const id of ids) {
      const plan = (view: OrderView) =>
        view.trajectory.slice(0, -1).map(({ time, planned }) => [time, planned] as const);
      const planned = plan(before.get(id)!).filter(([, share]) => share !== null);
      expect(planned.length).toBeGreaterThan(1);
      await vi.waitFor(() => {
        const learned = new Map(plan(again.order(id)!));
        for (const [time, share] of planned) expect(learned.get(time)).toBe(share);
      }, 20_000);
    }
    const next = await submitted(stage, again, { quantity: "0.3", over: "60s" });
    await stage.drive(240);
    for (const id of [...ids, next]) {
      const { row, fills } = again.order(id)!;
      expect(row.phase, `${id} ${row.reason}`).toMatch(/^complete/);
      const sum = fills.reduce((total, { quantity }) => total + Number(quantity), 0);
      expect(sum).toBeCloseTo(Number.parseFloat(row.quantity), 9);
    }
    expect(again.runs()).toMatchObject([{ isLive: true, trouble: null }]);
    await stage.until(again.close("leave"));
    expect(journalsIn(copy)).toHaveLength(1);
    await identical(copy);
  });

  it("left with orders at work it goes on with them; with none it begins a new run", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const first = await stage.desk(folder);
    const id = await submitted(stage, first, { over: "2m", residual: "cross" });
    await stage.drive(20);
    await stage.until(first.close("leave"));
    const second = await stage.desk(folder);
    await stage.drive(200);
    expect(phaseOf(second, id)).toMatch(/^complete/);
    await stage.until(second.close("leave"));
    expect(journalsIn(folder)).toHaveLength(1);
    const third = await stage.desk(folder);
    expect(third.runs().filter(({ isLive }) => isLive)).toEqual([]);
    await submitted(stage, third, { over: "30s" });
    expect(journalsIn(folder)).toHaveLength(2);
    await stage.until(third.close("cancel"));
    await identical(folder);
  });

  it("left, its journal is gone on with by itself, and tells of each order", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const whole = await submitted(stage, desk, { quantity: "0.2", over: "40s" });
    const ended = await submitted(stage, desk, { quantity: "0.2", over: "90s" });
    await stage.until(desk.control("ann", ended, { command: "cancel" }));
    await stage.until(desk.close("leave"));
    const [journal] = journalsIn(folder);
    const opened = await stage.until(
      resumeLiveRun({ journal: journal!, timers: stage.time, venue: () => ok(stage.venue()) }),
    );
    if (!opened.ok) throw new Error(opened.error.text);
    opened.value.goOn();
    const { orders } = await stage.until(opened.value.finish());
    expect(orders?.map(({ parentId, phase }) => [parentId, phase])).toEqual([
      [whole, "complete"],
      [ended, "canceled"],
    ]);
    expect(orders![0]!.report?.quantity.filled).toBe("0.200");
    await identical(folder);
  });

  it("names the venue in one form, whatever became of its run", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    await submitted(stage, desk);
    const [before] = desk.runs();
    expect(before).toMatchObject({ venue: stage.venue().name, instrument: stage.instrument });
    await stage.until(desk.close("leave"));
    const gone = await stage.desk(folder);
    const named = ({ venue, instrument }: RunNote) => [venue, instrument];
    expect(named(gone.runs()[0]!)).toEqual(named(before!));
    expect(gone.rows()[0]!.venue).toBe(before!.venue);
    await stage.until(gone.close("leave"));
    const elsewhere = await stage.desk(folder, { place: "somewhere else" });
    const [told] = elsewhere.runs();
    expect(told).toMatchObject({ trouble: expect.stringContaining("not gone on with") });
    expect(named(told!)).toEqual(named(before!));
    await stage.until(elsewhere.close("leave"));
  });

  it("cut off with nothing at work it stands again, and takes orders", async () => {
    const stage = deskStage();
    const [folder, copy] = [newFolder(), newFolder()];
    const desk = await stage.desk(folder);
    await stage.until(desk.preview(stage.form()));
    await stage.drive(5);
    cpSync(folder, copy, { recursive: true, filter: (path) => !/\.(ctl|lock)/.test(path) });
    await stage.until(desk.close("leave"));
    const again = await stage.desk(copy);
    await stage.drive(10);
    expect(again.runs()).toMatchObject([{ isLive: true, trouble: null }]);
    const found = await stage.until(findRun(journalsIn(copy)[0]!));
    const told = found.ok && (await stage.until(ask(found.value, { command: "status", by: "x" })));
    expect(told).toMatchObject({ ok: true, value: { status: { phase: "standing", orders: [] } } });
    const id = await submitted(stage, again, { over: "30s", residual: "cross" });
    await stage.drive(40);
    expect(phaseOf(again, id)).toMatch(/^complete/);
    await stage.until(again.close("leave"));
    expect(journalsIn(copy)).toHaveLength(1);
    await identical(copy);
  });

  it("lists what has ended, tells what cannot be read, and opens journals", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const first = await stage.desk(folder);
    const id = await submitted(stage, first, { over: "30s", residual: "cross" });
    await stage.drive(40);
    const live = first.order(id)!;
    const journal = readdirSync(folder).find((name) => name.endsWith(".journal"));
    const written = await stage.until(first.open(journal!));
    if (!written.ok) throw new Error(written.error.text);
    const now = await stage.until(written.value.at());
    expect(now.orders).toMatchObject([{ row: { parentId: id }, fills: live.fills }]);
    const early = await stage.until(written.value.at(written.value.marks[1]!.record));
    expect(early.orders[0]?.fills ?? []).toEqual([]);
    written.value.close();
    expect(first.runs()).toMatchObject([{ isLive: true, trouble: null }]);
    await stage.until(first.close("leave"));
    writeFileSync(join(folder, "broken.journal"), "this is none");
    writeFileSync(join(folder, "desk-broken.journal"), "nor this");
    const second = await stage.desk(folder);
    await stage.drive(2);
    for (let k = 0; k < 200 && second.rows().length === 0; k++) await stage.drive(0.1);
    expect(second.rows()).toMatchObject([{ parentId: id, isLive: false, journal }]);
    const troubles = second.runs().filter(({ trouble }) => trouble !== null);
    expect(new Set(troubles.map((note) => note.journal))).toEqual(
      new Set(["broken.journal", "desk-broken.journal"]),
    );
    const opened = await stage.until(second.open(journal!));
    if (!opened.ok) throw new Error(opened.error.text);
    const moment = await stage.until(opened.value.at());
    opened.value.close();
    const again = moment.orders.find(({ row }) => row.parentId === id)!;
    expect(again.fills).toEqual(live.fills);
    expect(isTerminal(again.row.phase)).toBe(true);
    for (const name of ["../x.journal", "none.journal", "/etc/passwd", journal!.slice(0, -8)]) {
      expect(await stage.until(second.open(name))).toMatchObject({
        ok: false,
        error: { code: "DESK_JOURNAL" },
      });
    }
    await stage.until(second.close("leave"));
  });

  it("lists and steers the live runs of others in its folder", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const desk = await stage.desk(folder);
    const journal = join(folder, "other.journal");
    const opened = await stage.until(
      openLiveRun({
        venue: stage.venue(),
        journal,
        parentId: "r1",
        timers: stage.time,
        request: {
          side: "sell",
          quantity: "0.5",
          isNotional: false,
          over: micros(120e6),
          constraints: { mayCrossSpread: true, residual: "cross" },
          acceptInfeasible: false,
          config: stage.config,
          seed: 1,
        },
      }),
    );
    if (!opened.ok) throw new Error(opened.error.text);
    const run = opened.value;
    await stage.until(run.ready());
    const control = new ControlDesk(run, {
      journal,
      venue: "paper",
      turn: () => new Promise((done) => void stage.time.after(1, () => done())),
    });
    const answer = control.handle.bind(control);
    const server = await stage.until(ControlServer.open({ journal, answer }));
    if (!server.ok) throw new Error(server.error.text);
    expect(run.begin()).toMatchObject({ ok: true });
    const row = () => desk.rows().find(({ parentId }) => parentId === "r1");
    for (let k = 0; k < 100 && row() === undefined; k++) await stage.drive(0.5);
    expect(row()).toMatchObject({ isLive: true, side: "sell", journal: "other.journal" });
    expect(await stage.until(desk.open("other.journal"))).toMatchObject({
      error: { code: "DESK_JOURNAL_BUSY" },
    });
    const paused = await stage.until(desk.control("bob", "r1", { command: "pause" }));
    expect(paused).toMatchObject({ ok: true, command: "pause" });
    expect(run.parent?.operatorPause).toBeDefined();
    const killed = await stage.until(desk.kill("eve", "enough"));
    expect(killed).toMatchObject([{ ok: true, command: "kill" }]);
    const { phase } = await stage.until(run.finish());
    expect(phase).toBe("canceled");
    await server.value.close();
    await stage.until(desk.close("leave"));
  });

  it("goes on with no journal that was begun elsewhere, and begins nothing beside it", async () => {
    const stage = deskStage();
    const folder = newFolder();
    const first = await stage.desk(folder);
    await submitted(stage, first, { over: "5m" });
    await stage.drive(10);
    await stage.until(first.close("leave"));
    const second = await stage.desk(folder, { place: "bybit mainnet" });
    const [note] = second.runs();
    expect(note).toMatchObject({ isLive: false });
    expect(note!.trouble).toContain("it trades on paper test");
    const refused = await stage.until(second.submit("ann", stage.form()));
    expect(refused).toMatchObject({ ok: false, error: { code: "RUN_RESUME" } });
    await stage.until(second.close("leave"));
  });
});
