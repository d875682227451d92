/**
 * A run on paper in virtual time, told what to do over a true socket.
 *
 * What is lost if this fails: an operator's word that changes the order without a trace, or leaves
 * a trace and changes nothing, or is told "done" when it was refused.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { fedFeed } from "../../../test/fed-market.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import { paperVenue } from "../../venues/paper/paper-venue.ts";
import { composeVenue, feeRates, strategyNames, tacticNames } from "../compose.ts";
import { DEFAULT_CONFIG } from "../config.ts";
import { openJournal } from "../journal/reader.ts";
import { openGenerated } from "../market-source.ts";
import { replay } from "../replay.ts";
import { ask } from "./control-client.ts";
import { ControlDesk } from "./control-desk.ts";
import type { ControlRequest } from "./control-protocol.ts";
import { ControlServer } from "./control-server.ts";
import { openLiveRun } from "./open-run.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-desk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);
type Wish = Record<string, unknown> & { readonly command: string };

async function stage(name: string, options: { silentAfter?: number } = {}) {
  const market = openGenerated({
    kind: "generated",
    seed: 5,
    startAt: START,
    duration: micros(6 * MINUTE),
  });
  const time = new VirtualTime();
  const config = DEFAULT_CONFIG;
  const journal = join(folder, `${name}.journal`);
  const opened = await openLiveRun({
    venue: paperVenue({
      openFeed: fedFeed(market, time, options.silentAfter),
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
    timers: time,
    parentId: "r1",
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
  const drive = async (seconds: number): Promise<boolean> => {
    const until = time.now + seconds * 1e9;
    while (!state.isOver && time.now < until && time.step(until)) await Promise.resolve();
    return state.isOver;
  };
  const desk = new ControlDesk(run, {
    journal,
    venue: "paper",
    turn: async () => void drive(0.01),
  });
  const server = await ControlServer.open({ journal, answer: desk.handle.bind(desk) });
  if (!server.ok) throw new Error(server.error.text);
  const tell = async (wish: Wish) => {
    const answer = await ask(server.value.path, { by: "ann", ...wish } as ControlRequest);
    if (!answer.ok) throw new Error(answer.error.text);
    return answer.value;
  };
  const begin = (): void => {
    time.runTo(time.now + 30e9);
    const begun = run.begin();
    if (!begun.ok) throw new Error(begun.error.text);
  };
  const close = async () => {
    await server.value.close();
    return run.finish();
  };
  return { run, time, tell, drive, begin, close, journal };
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

/** What people did, as the journal tells it. */
const told = (journal: string) =>
  eventsOf(journal)
    .filter((event) => "by" in event)
    .map(({ time: _time, ...event }) => event);

describe("an operator at the socket", () => {
  it("pauses, amends, switches, resumes and cancels; it is journaled with the name, and replays", async () => {
    const at = await stage("whole");
    at.begin();
    await at.drive(20);
    expect(await at.tell({ command: "pause", reason: "news" })).toMatchObject({ ok: true });
    await at.drive(2);
    expect(at.run.parent).toMatchObject({ phase: "paused", live: [] });
    const amend = { quantity: "1.5", over: "2m", urgency: 0.9, limit: "99999.5" };
    expect(await at.tell({ command: "amend", ...amend })).toMatchObject({ ok: true });
    const choice = { strategy: "pov", parameters: {} };
    expect(await at.tell({ command: "switch", ...choice })).toMatchObject({ ok: true });
    const resumed = await at.tell({ command: "resume" });
    expect(resumed).toMatchObject({ ok: true, time: expect.any(Number) });
    await at.drive(5);
    const status = await at.tell({ command: "status" });
    expect(status).toMatchObject({
      status: { quantity: "1.500 BTC", strategy: "pov", urgency: 0.9, limit: "99999.5" },
    });
    const unlimited = { limit: null, maxParticipation: 0.5 };
    expect(await at.tell({ command: "amend", ...unlimited })).toMatchObject({ ok: true });
    expect(await at.tell({ command: "cancel", reason: "enough" })).toMatchObject({ ok: true });
    expect(await at.drive(30)).toBe(true);
    const result = await at.close();
    expect(result).toMatchObject({ phase: "canceled", reason: "enough (ann (ctl))" });
    expect(told(at.journal)).toMatchObject([
      { kind: "parent-paused", by: "ann (ctl)", reason: "news" },
      { kind: "parent-amended", by: "ann (ctl)", amendment: { quantity: { lots: 1500 } } },
      { kind: "strategy-switched", by: "ann (ctl)", strategy: { name: "pov" } },
      { kind: "parent-resumed", by: "ann (ctl)" },
      { kind: "parent-amended", amendment: { limitPrice: null, maxParticipation: 0.5 } },
      { kind: "parent-canceled", by: "ann (ctl)" },
    ]);
    const again = await replay(at.journal);
    expect(again).toMatchObject({ ok: true, value: { identical: true } });
  });

  it("is told which record of the journal is theirs", async () => {
    const at = await stage("records");
    at.begin();
    await at.drive(20);
    const wishes = [
      { command: "pause", reason: "news" },
      { command: "limits", set: { participation: 0.05 } },
      { command: "resume" },
      { command: "kill", reason: "enough" },
    ];
    const records: unknown[] = [];
    for (const wish of wishes) {
      const answer = await at.tell(wish);
      records.push(answer.ok ? answer.record : answer.text);
      await at.drive(2);
    }
    await at.close();
    const opened = openJournal(at.journal);
    if (!opened.ok) throw new Error(opened.error.text);
    const theirs = [...opened.value.records()].filter(({ body }) => body.includes("(ctl)"));
    const events = theirs.filter(({ kind }) => kind === "event");
    opened.value.close();
    expect(events).toHaveLength(wishes.length);
    expect(records).toEqual(events.map(({ sequence }) => sequence));
  });

  it("is refused with the engine's reason, and with what is off the instrument's grid", async () => {
    const at = await stage("refused");
    at.begin();
    await at.drive(60);
    const { filled } = at.run.parent!;
    expect(filled).toBeGreaterThan(100);
    const say = async (wish: Wish) => {
      const answer = await at.tell(wish);
      return answer.ok ? "taken on" : `${answer.code}: ${answer.text}`;
    };
    expect(await say({ command: "amend", quantity: "0.001" })).toMatch(
      /^PARENT_TERMS: \d+ lots are filled already/,
    );
    expect(await say({ command: "amend", deadline: "2020-01-01T00:00:00Z" })).toMatch(
      /^CONTROL_REQUEST: the deadline is more than a year away/,
    );
    expect(await say({ command: "amend", deadline: "2026-01-05T13:00:00Z" })).toMatch(
      /^PARENT_TERMS: the deadline must lie behind the start/,
    );
    expect(await say({ command: "amend", notional: "1000" })).toMatch(/^PARENT_TERMS: .* lots/);
    expect(await say({ command: "amend", quantity: "1.00001" })).toMatch(/no multiple of the lot/);
    expect(await say({ command: "amend", limit: "60000.123" })).toMatch(/no multiple of the tick/);
    expect(await say({ command: "amend", over: "5m", deadline: "2026-01-05T15:00:00Z" })).toMatch(
      /either deadline or over/,
    );
    expect(await say({ command: "amend" })).toMatch(/say what is to change/);
    expect(await say({ command: "switch", strategy: "vwop" })).toMatch(/^PARENT_TERMS: unknown/);
    const pov = { strategy: "pov", parameters: { participation: 7 } };
    expect(await say({ command: "switch", ...pov })).toMatch(/^PARENT_TERMS: strategy /);
    expect(await say({ command: "limits", set: { participatin: 0.05 } })).toMatch(
      /^CONTROL_LIMITS: .*did you mean limits\.participation\?/,
    );
    expect(await say({ command: "limits", set: { participation: "5%" } })).toMatch(
      /write a fraction: 0\.05/,
    );
    expect(await say({ command: "cancel" })).toBe("taken on");
    await at.drive(30);
    expect(await say({ command: "pause" })).toMatch(/^CONTROL_ENDED/);
    await at.close();
    expect(await replay(at.journal)).toMatchObject({ value: { identical: true } });
  });

  it("changes limits whole; what the run's own settings hold tighter stays so", async () => {
    const at = await stage("limits");
    at.begin();
    await at.drive(10);
    const set = { participation: 0.03, orderNotional: 500_000, staleAfter: "2s" };
    expect(await at.tell({ command: "limits", set })).toMatchObject({
      ok: true,
      text:
        "participation is 0.03, orderNotional is 100000: the run's own live settings are " +
        "stricter, staleAfter is 2s",
    });
    expect(await at.tell({ command: "status" })).toMatchObject({
      status: { limits: { participation: 0.03, orderNotional: 100_000, staleAfter: "2s" } },
    });
    expect(at.run.parent!.limits.participation).toMatchObject({ value: 0.03, setBy: "safety" });
    await at.tell({ command: "cancel" });
    await at.drive(30);
    await at.close();
    expect(told(at.journal)[0]).toMatchObject({
      kind: "limits-changed",
      limits: { participation: 0.03, staleAfter: 2_000_000, ordersPerMinute: 20 },
    });
    expect(await replay(at.journal)).toMatchObject({ value: { identical: true } });
  });

  it("kills the run although the feed is silent", async () => {
    const at = await stage("kill", { silentAfter: 60 });
    at.begin();
    await at.drive(60);
    expect(await at.tell({ command: "kill", reason: "stop" })).toMatchObject({ ok: true });
    expect(await at.drive(90)).toBe(true);
    const result = await at.close();
    expect(result).toMatchObject({
      phase: "canceled",
      reason: "killed by ann (ctl): stop",
      end: { kind: "over" },
    });
    expect(at.run.parent!.live).toEqual([]);
  });

  it("does nothing before the run has begun", async () => {
    const at = await stage("early");
    for (const command of ["cancel", "kill"]) {
      expect(await at.tell({ command })).toMatchObject({ code: "CONTROL_ENDED" });
    }
    expect(await at.tell({ command: "status" })).toMatchObject({ status: { quantity: "" } });
    at.begin();
    await at.drive(20);
    expect(at.run.parent!.phase).toMatch(/^(active|executing)$/);
    await at.tell({ command: "cancel" });
    await at.drive(30);
    await at.close();
  });

  it("cannot harm it by whatever strategy, limits and terms are asked for", async () => {
    const at = await stage("wild");
    at.begin();
    await at.drive(10);
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.double());
    const names = fc.constantFrom(...strategyNames(), "native-twap", "nothing");
    const keys = fc.constantFrom(
      "intervalSeconds",
      "participation",
      "riskAversion",
      "profile",
      "repegSeconds",
      "displayLots",
      "offsetTicks",
      "constructor",
    );
    const bag = fc.dictionary(fc.oneof(keys, fc.string({ maxLength: 10 })), value, { maxKeys: 4 });
    const wishes = fc.oneof(
      fc.record({ command: fc.constant("switch"), strategy: names, parameters: bag }),
      fc.record({
        command: fc.constant("switch"),
        strategy: names,
        parameters: bag,
        tactic: fc.record({ name: fc.constantFrom(...tacticNames()), parameters: bag }),
      }),
      fc.record({
        command: fc.constant("limits"),
        set: fc.dictionary(fc.constantFrom(...Object.keys(DEFAULT_CONFIG.limits)), value),
      }),
      fc.record({
        command: fc.constant("amend"),
        quantity: fc.oneof(fc.nat().map(String), fc.string()),
        urgency: fc.double(),
        maxParticipation: fc.oneof(fc.double(), fc.constant(null)),
      }),
    );
    const outcomes = new Map<string, number>();
    for (const wish of fc.sample(wishes, { numRuns: 200, seed: 11 })) {
      const answer = await at.tell(wish);
      const key = answer.ok ? "taken on" : answer.code;
      outcomes.set(key, 1 + (outcomes.get(key) ?? 0));
      await at.drive(0.05);
    }
    expect([...outcomes.keys()].sort()).toEqual([
      "CONTROL_LIMITS",
      "CONTROL_REQUEST",
      "PARENT_TERMS",
      "taken on",
    ]);
    await at.tell({ command: "cancel" });
    await at.drive(60);
    expect(await at.close()).toMatchObject({ end: { kind: "over" }, phase: "canceled" });
    expect(await replay(at.journal)).toMatchObject({ value: { identical: true } });
  });
});
