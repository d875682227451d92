/**
 * A live run from the first row to the report, in virtual time: a generated market is the live one,
 * and the orders are worked on paper.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Advisor, exchangeOf } from "../../advisors/advisor.ts";
import type { Advice, AdviceQuestion } from "../../core/contracts/advice.ts";
import { ok } from "../../core/domain/errors.ts";
import { type Micros, micros, MINUTE, SECOND } from "../../core/domain/units.ts";
import { fedFeed } from "../../../test/fed-market.ts";
import { paperVenue } from "../../venues/paper/paper-venue.ts";
import type { OpenPublicFeed } from "../../venues/paper/public-feed.ts";
import type { Venue, VenueNotice } from "../../venues/venue.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import { composeVenue, feeRates } from "../compose.ts";
import { DEFAULT_CONFIG, type ArrivalConfig } from "../config.ts";
import { openGenerated } from "../market-source.ts";
import { replay } from "../replay.ts";
import { hindrances } from "./preflight.ts";
import { type LiveRequest, LiveRun } from "./live-run.ts";
import { openLiveRun } from "./open-run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-live-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

interface Stage {
  readonly run: LiveRun;
  readonly time: VirtualTime;
  readonly notices: readonly VenueNotice[];
  /** Seconds. */
  readonly placedAt: readonly number[];
  /** Until the run is over, or so much virtual time has passed. @returns whether it is over. */
  drive(seconds: number): Promise<boolean>;
}

async function stage(
  name: string,
  change: Partial<LiveRequest> = {},
  options: {
    readonly silentAfter?: number;
    readonly config?: ArrivalConfig;
    readonly alsoTraded?: number;
    readonly linger?: Micros;
    readonly advisor?: Advisor;
    /** Seconds: what the market says between them comes as if it were 12 s old. */
    readonly lateBetween?: readonly [number, number];
  } = {},
): Promise<Stage> {
  const spec = {
    kind: "generated",
    seed: 5,
    startAt: START,
    duration: micros(6 * MINUTE),
  } as const;
  const market = openGenerated(spec);
  const config = options.config ?? DEFAULT_CONFIG;
  const time = new VirtualTime();
  const paper = paperVenue({
    openFeed: late(fedFeed(market, time, options.silentAfter), options.lateBetween),
    exchange: (header) => composeVenue(header, { config, seed: 1 }),
    fees: feeRates(config.simulation),
    timers: time,
  });
  const venue = options.alsoTraded === undefined ? paper : tradedBy(paper, options.alsoTraded);
  const request: LiveRequest = {
    side: "buy",
    quantity: "2",
    isNotional: false,
    over: micros(2 * MINUTE),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: false,
    config,
    seed: 1,
    ...change,
  };
  const journal = join(folder, `${name}.journal`);
  const notices: VenueNotice[] = [];
  const placedAt: number[] = [];
  const opened = await openLiveRun({
    venue,
    request,
    journal,
    timers: time,
    parentId: "r1",
    ...(options.linger === undefined ? {} : { linger: options.linger }),
    advisor: options.advisor,
    onNotice: (notice) => void notices.push(notice),
    onStep: (_, outputs) => {
      for (const { kind } of outputs) if (kind === "place-order") placedAt.push(time.now / 1e9);
    },
  });
  if (!opened.ok) throw new Error(opened.error.text);
  const run = opened.value;
  const book = { isReady: false };
  const ready = run.ready().then((done) => {
    if (!done.ok) throw new Error(done.error.text);
    book.isReady = true;
  });
  while (!book.isReady) {
    time.step();
    await Promise.resolve();
  }
  await ready;
  return {
    run,
    time,
    notices,
    placedAt,
    async drive(seconds) {
      const until = time.now + seconds * 1e9;
      const state = { isOver: false };
      void run.ended.then(() => {
        state.isOver = true;
      });
      await Promise.resolve();
      while (!state.isOver && time.now < until && time.step(until)) await Promise.resolve();
      return state.isOver;
    },
  };
}

const late =
  (open: OpenPublicFeed, between: readonly [number, number] = [0, 0]): OpenPublicFeed =>
  async (signal) => {
    const opened = await open(signal);
    if (!opened.ok) return opened;
    const feed = opened.value;
    const isLate = (): boolean => {
      const seconds = feed.now() / 1e9;
      return seconds >= between[0] && seconds < between[1];
    };
    return ok({
      header: feed.header,
      now: () => feed.now(),
      start: (rows, notice) =>
        feed.start((block) => {
          const { exchangeTime, length } = block;
          if (!isLate()) return rows(block);
          rows({ ...block, exchangeTime: exchangeTime.slice(0, length).map((at) => at - 12e9) });
        }, notice),
      stop: () => feed.stop(),
    });
  };

/** Somebody else buys so many lots on the account. */
const tradedBy = (venue: Venue, others: number): Venue => ({
  name: venue.name,
  async open(signal) {
    const opened = await venue.open(signal);
    if (!opened.ok) return opened;
    const session = opened.value;
    const { refresh } = session;
    session.refresh = async () => {
      const told = await refresh.call(session);
      if (!told.ok) return told;
      return ok({ ...told.value, positionLots: told.value.positionLots + others });
    };
    return opened;
  },
});

function begin({ run, time }: Stage): void {
  time.runTo(time.now + 30e9);
  const begun = run.begin();
  if (!begun.ok) throw new Error(begun.error.text);
}

const replayed = async (name: string) => {
  const again = await replay(join(folder, `${name}.journal`));
  if (!again.ok) throw new Error(again.error.text);
  return again.value;
};

const FASTER: Advice = {
  action: "accelerate",
  rate: 2,
  confidence: 0.7,
  urgency: "high",
  impactFactor: { value: 1, low: 1, high: 1 },
  reasoning: "a test",
  risk: "none",
};

describe("a live run", () => {
  it("works an order whole, and its journal replays to the same commands", async () => {
    const at = await stage("whole");
    begin(at);
    await at.drive(180);
    const result = await at.run.finish();
    expect(result.end.kind).toBe("over");
    expect(result.phase).toBe("complete");
    expect(result.report?.quantity.filled).toBe("2.000");
    expect(result.report?.instrument.venue).toBe("generated");
    expect(result.tickToOrder?.total.count).toBeGreaterThan(0);
    const again = await replayed("whole");
    expect(again.difference).toBeUndefined();
    expect(again.identical).toBe(true);
    expect(again.warnings).toEqual([]);
    expect(again.outputs).toBeGreaterThan(50);
    expect(again.rows).toBeLessThanOrEqual(result.rows);
    expect(again.engine.parents.get("r1")!.filled).toBe(2000);
  });

  it("is advised, and never waits: for a slow one, one that hangs, or one that throws", async () => {
    const advise = { ...DEFAULT_CONFIG.advice, advisor: "none of these" };
    const influence = { calm: 1, usual: 1, stressed: 1 };
    const config: ArrivalConfig = {
      ...DEFAULT_CONFIG,
      execution: { ...DEFAULT_CONFIG.execution, llmQueryInterval: micros(15 * SECOND) },
      advice: { ...advise, influence },
    };
    const asked: AdviceQuestion[] = [];
    const advisor: Advisor = {
      name: "test",
      check: () => Promise.resolve(ok(undefined)),
      close: () => Promise.resolve(),
      ask: async (question) => {
        asked.push(question);
        if (asked.length === 2) return new Promise(() => undefined);
        if (asked.length === 3) throw new Error("planted");
        for (let turn = 0; turn < 50; turn++) await Promise.resolve();
        return exchangeOf({ kind: "advice", advice: FASTER, source: "llm" }, 5, {
          advisor: "test",
          provider: "test",
          model: "test",
          promptVersion: "1",
          question,
          questionHash: "",
        });
      },
    };
    const at = await stage("advised", { config }, { config, advisor });
    begin(at);
    await at.drive(180);
    const result = await at.run.finish();
    expect(result.phase).toBe("complete");
    expect(asked.length).toBeGreaterThan(3);
    expect((await replayed("advised")).identical).toBe(true);
  });

  it("tells in figures what the order means before anything is sent", async () => {
    const at = await stage("preflight", { quantity: "200", over: micros(30 * MINUTE) });
    at.time.runTo(40e9);
    const looked = await at.run.preflight();
    if (!looked.ok) throw new Error(looked.error.text);
    const named = Object.fromEntries(looked.value.checks.map((check) => [check.name, check]));
    // 200 BTC at 64,000 is more than the paper account holds.
    expect(named["margin"]).toMatchObject({ met: false, isRequired: true });
    expect(named["position"]).toMatchObject({ met: false, isRequired: false });
    expect(named["participation"]!.met).not.toBeNull();
    expect(hindrances(looked.value).map(({ name }) => name)).toContain("margin");
    // 100 bps of collar and 5 bps of fees on what it costs there.
    expect(looked.value.worst.costBps).toBeCloseTo(100 + 5 * 1.01, 1);
    await at.run.discard();
    expect(readdirSync(folder).filter((file) => file.startsWith("preflight"))).toEqual([]);
  });

  it("canceled: withdraws what rests, ends, and replays", async () => {
    const at = await stage("cancel");
    begin(at);
    await at.drive(20);
    at.run.interrupt("cancel", "a test");
    await at.drive(10);
    const result = await at.run.finish();
    expect(result).toMatchObject({ end: { kind: "over" }, phase: "canceled" });
    expect(at.run.parent!.live).toEqual([]);
    expect((await replayed("cancel")).identical).toBe(true);
  });

  it("finish: the deadline is now, and the residual policy takes the rest it may", async () => {
    const at = await stage("finish", { quantity: "1" });
    begin(at);
    await at.drive(20);
    const before = at.run.parent!.filled;
    at.run.interrupt("finish", "a test");
    await at.drive(20);
    const result = await at.run.finish();
    expect(result.end.kind).toBe("over");
    expect(at.run.parent!.filled).toBeGreaterThan(before);
    expect((await replayed("finish")).identical).toBe(true);
  });

  it("leave: ends at once, leaves what rests, and the journal is whole", async () => {
    const at = await stage("leave");
    begin(at);
    await at.drive(20);
    at.run.interrupt("leave", "a test");
    const result = await at.run.finish();
    expect(result.end.kind).toBe("left");
    expect((await replayed("leave")).identical).toBe(true);
  });

  it("a kill works when the feed is dead", async () => {
    const at = await stage("kill", {}, { silentAfter: 50e9 });
    begin(at);
    await at.drive(30);
    expect(at.run.parent!.phase).not.toBe("canceled");
    at.run.kill("a test", "it is enough");
    await at.drive(20);
    const result = await at.run.finish();
    expect(result).toMatchObject({ end: { kind: "over" }, phase: "canceled" });
    expect(result.alerts.map(({ code }) => code)).toContain("KILLED");
    expect((await replayed("kill")).identical).toBe(true);
  });

  it("does not trade on a book that comes late, and takes it back when it is on time", async () => {
    const at = await stage("late", {}, { lateBetween: [60, 90] });
    begin(at);
    await at.drive(180);
    const result = await at.run.finish();
    expect(at.notices.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "warning VENUE_FEED_LATE",
      "info VENUE_FEED_LATE",
    ]);
    expect(at.placedAt.some((seconds) => seconds < 60)).toBe(true);
    expect(at.placedAt.filter((seconds) => seconds >= 60 && seconds < 90)).toEqual([]);
    expect(at.placedAt.some((seconds) => seconds >= 90)).toBe(true);
    expect(result).toMatchObject({ end: { kind: "over" }, phase: "complete" });
    expect((await replayed("late")).identical).toBe(true);
  });

  it.each(["cancel", "finish"] as const)(
    "interrupted (%s) before its start it ends",
    async (policy) => {
      const name = `early-${policy}`;
      const at = await stage(name, { start: micros(60 * SECOND) });
      begin(at);
      await at.drive(5);
      at.run.interrupt(policy, "a test");
      expect(await at.drive(5)).toBe(true);
      const result = await at.run.finish();
      expect(result).toMatchObject({ end: { kind: "over" }, phase: "canceled", report: null });
      expect((await replayed(name)).identical).toBe(true);
    },
  );

  it.each(["cancel", "finish", "leave"] as const)(
    "interrupted (%s) while it looks on, it ends at once and as it was",
    async (policy) => {
      const name = `linger-${policy}`;
      const at = await stage(name, { quantity: "0.05" }, { linger: micros(10 * MINUTE) });
      begin(at);
      await at.drive(130);
      expect(at.run.parent!.phase).toBe("complete");
      at.run.interrupt(policy, "a test");
      expect(await at.drive(1)).toBe(true);
      const result = await at.run.finish();
      expect(result).toMatchObject({ end: { kind: "over" }, phase: "complete", refusals: [] });
      expect((await replayed(name)).identical).toBe(true);
    },
  );

  it("a silent venue is not waited for by whoever has stopped before the start", async () => {
    const at = await stage("silent");
    const { session } = at.run;
    session.refresh = () => new Promise(() => undefined);
    const stopped = new AbortController();
    const looked = at.run.preflight(stopped.signal);
    stopped.abort();
    expect(await looked).toMatchObject({ ok: false, error: { code: "VENUE_UNREACHABLE" } });
    await at.run.discard();
  });

  it("two runs of one market are the same, byte by byte", async () => {
    const one = await stage("same-1");
    const two = await stage("same-2");
    for (const at of [one, two]) {
      begin(at);
      await at.drive(180);
      await at.run.finish();
    }
    const [first, second] = [await replayed("same-1"), await replayed("same-2")];
    expect(second.events).toBe(first.events);
    expect(second.engine.parents.get("r1")!.fills).toEqual(first.engine.parents.get("r1")!.fills);
  });

  it("does not begin where nothing can be kept of it: nobody could replay it", async () => {
    mkdirSync(join(folder, "gone"));
    const at = await stage(join("gone", "run"));
    rmSync(join(folder, "gone"), { recursive: true });
    at.time.runTo(at.time.now + 10e9);
    const begun = at.run.begin();
    expect(begun).toMatchObject({ ok: false, error: { code: "JOURNAL_IO" } });
    await at.run.discard();
  });

  it("says where the account is not what the run has made of it", async () => {
    const at = await stage("others", { quantity: "0.5" }, { alsoTraded: 7 });
    begin(at);
    expect(await at.drive(60)).toBe(false);
    const { parent } = at.run;
    expect(parent?.phase).toBe("paused");
    expect(parent?.reason).toMatch(/^halted: the account holds/);
    expect(parent?.live).toEqual([]);
    const filled = parent!.filled;
    await at.drive(20);
    expect(parent!.filled).toBe(filled);
    // A person has looked: what others hold there is theirs.
    at.run.operate((time, parentId) => ({
      kind: "parent-resumed",
      time,
      parentId,
      by: "somebody",
    }));
    expect(await at.drive(180)).toBe(true);
    const { alerts, phase } = await at.run.finish();
    expect(phase).toBe("complete");
    expect(alerts).toMatchObject([{ severity: "critical", code: "POSITION_DIFFERS" }]);
    const [held, expected] = /holds (\S+), .* it would be (\S+):/.exec(alerts[0]!.text)!.slice(1);
    expect(Number(held) - Number(expected)).toBeCloseTo(0.007, 9);
    const alone = await stage("alone", { quantity: "0.5" });
    begin(alone);
    await alone.drive(180);
    expect((await alone.run.finish()).alerts).toEqual([]);
  });

  it("writes over nothing", async () => {
    await stage("taken").then(async (at) => {
      begin(at);
      at.run.interrupt("leave", "a test");
      await at.run.finish();
    });
    await expect(stage("taken")).rejects.toThrow(/is there already/);
  });
});
