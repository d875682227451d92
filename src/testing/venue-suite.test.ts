/**
 * The venue suite must be able to fail: each promise is broken here by a session that is otherwise
 * whole, and the suite has to say which.
 */
import { describe, expect, it } from "vitest";
import { Succession } from "../../test/venues/succession.ts";
import { fedFeed } from "../../test/fed-market.ts";
import type { ClientOrderId, OrderReport } from "../core/domain/child-order.ts";
import { ok } from "../core/domain/errors.ts";
import { lots, micros, MINUTE, ticks } from "../core/domain/units.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { composeVenue, feeRates } from "../runtime/compose.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { openGenerated } from "../runtime/market-source.ts";
import { paperVenue } from "../venues/paper/paper-venue.ts";
import type { AdoptedOrder, VenueSession, VenueSink } from "../venues/venue.ts";
import { VirtualTime } from "../data/network/virtual-time.ts";
import { VENUE_CASES } from "./venue-cases.ts";
import { venueSuite, type VenueStage } from "./venue-suite.ts";
import type { SessionUnderTest } from "./venue-witness.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

/** What a bad session does otherwise: to what it tells, and to what it is asked. */
interface Fault {
  readonly sink?: (sink: VenueSink, session: VenueSession) => Partial<VenueSink>;
  readonly session?: (session: VenueSession, sink: () => VenueSink) => Partial<SessionUnderTest>;
  /** What it tells of orders that it adopts; `truth` is what it should. */
  readonly story?: (adopted: AdoptedOrder, truth: readonly OrderReport[]) => readonly OrderReport[];
}

async function openWith(fault: Fault): Promise<VenueStage> {
  const duration = micros(10 * MINUTE);
  const market = openGenerated({ kind: "generated", seed: 11, startAt: START, duration });
  const time = new VirtualTime();
  const opened = await paperVenue({
    openFeed: fedFeed(market, time),
    exchange: (header) => composeVenue(header, { config: DEFAULT_CONFIG, seed: 1 }),
    fees: feeRates(DEFAULT_CONFIG.simulation),
    timers: time,
  }).open(new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.text);
  const succession = new Succession(opened.value, time, fault.story);
  const good = succession.next() as VenueSession;
  let heard: VenueSink | undefined;
  const bad: SessionUnderTest = {
    header: good.header,
    fees: good.fees,
    account: good.account,
    now: () => good.now(),
    start(sink) {
      heard = sink;
      const plain: VenueSink = {
        rows: (block) => sink.rows(block),
        report: (id, report) => sink.report(id, report),
        notice: (notice) => sink.notice(notice),
      };
      good.start({ ...plain, ...fault.sink?.(sink, good) });
    },
    adopt: (orders) => good.adopt(orders),
    place: (order) => (good as SessionUnderTest).place(order),
    amend: (amend) => (good as SessionUnderTest).amend(amend),
    cancel: (id) => good.cancel(id),
    refresh: () => good.refresh(),
    cancelAll: () => good.cancelAll(),
    close: () => good.close(),
    ...fault.session?.(good, () => heard!),
  };
  return {
    session: bad,
    prefix: "f",
    patienceMs: 3000,
    reopen: () => Promise.resolve(succession.next()),
    async wait(ms) {
      const until = time.now + ms * 1e6;
      while (time.step(until)) await Promise.resolve();
      time.runTo(until);
      await Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

const onFill =
  (change: (report: Extract<OrderReport, { kind: "filled" }>) => readonly OrderReport[]) =>
  (sink: VenueSink): Partial<VenueSink> => ({
    report(id: ClientOrderId, report: OrderReport): void {
      const told = report.kind === "filled" ? change(report) : [report];
      for (const each of told) sink.report(id, each);
    },
  });

const TAKES = "takes with an immediate-or-cancel order and tells fees with each fill";
const ROWS = "brings rows in time order and keeps a book that is not crossed";

const faults: readonly (readonly [string, string, Fault, RegExp])[] = [
  ["a fill told twice", TAKES, { sink: onFill((told) => [told, told]) }, /is told twice/],
  ["a fill that is lost", TAKES, { sink: onFill(() => []) }, /in vain|fills tell/],
  [
    "a fill beyond the quantity",
    TAKES,
    { sink: onFill((told) => [{ ...told, fill: { ...told.fill, quantity: lots(1e9) } }]) },
    /filled beyond its/,
  ],
  [
    "a fill beyond the limit",
    TAKES,
    { sink: onFill((told) => [{ ...told, fill: { ...told.fill, price: ticks(2e8) } }]) },
    /beyond its limit/,
  ],
  [
    "a fee that is no number",
    TAKES,
    { sink: onFill((told) => [{ ...told, fill: { ...told.fill, fee: "1e-5" } }]) },
    /a fee of 1e-5/,
  ],
  [
    "a report that the life cycle does not allow",
    TAKES,
    {
      sink: onFill((told) => [told, { kind: "amended", limitPrice: ticks(1), quantity: lots(1) }]),
    },
    /amended is told of an order that is closed/,
  ],
  [
    "an answer from within the call",
    TAKES,
    {
      session: (good, sink) => ({
        place(order) {
          sink().report(order.clientOrderId, { kind: "accepted" });
          (good as SessionUnderTest).place(order);
        },
      }),
    },
    /told from within the call of place/,
  ],
  [
    "news after the end",
    ROWS,
    {
      session: (good, sink) => ({
        async close() {
          await good.close();
          const late = { severity: "info", code: "LATE", text: "late" } as const;
          void Promise.resolve().then(async () => {
            await Promise.resolve();
            sink().notice(late);
          });
        },
      }),
    },
    /LATE: told after close/,
  ],
  [
    "rows that go back in time",
    ROWS,
    {
      sink: (sink) => ({
        rows(block: MarketBlock): void {
          const localTime = block.localTime.map((at, row) => (row === 0 ? at : at - 1));
          sink.rows({ ...block, localTime });
        },
      }),
    },
    /local time falls|came at/,
  ],
  [
    "rows that come before their time",
    ROWS,
    { session: (good) => ({ now: () => good.now() - 1e9 }) },
    /before they came/,
  ],
  [
    "orders that stay when all are to be withdrawn",
    "withdraws all that it has sent, and the venue has none left",
    { session: () => ({ cancelAll: () => Promise.resolve(ok(undefined)) }) },
    /in vain until the order has ended/,
  ],
  [
    "a position that the fills do not explain",
    TAKES,
    {
      session: (good) => ({
        async refresh() {
          const account = await good.refresh();
          return account.ok
            ? ok({ ...account.value, positionLots: account.value.positionLots + 1 })
            : account;
        },
      }),
    },
    /the venue's position went from/,
  ],
  [
    "a cancel that is never answered",
    "rests a post-only order, makes it smaller, moves it and cancels it",
    { session: () => ({ cancel: () => undefined }) },
    /in vain until the order has ended/,
  ],
];

type Story = NonNullable<Fault["story"]>;

/** Faults of what is told of adopted orders. */
const stories: readonly (readonly [string, string, Story, RegExp])[] = [
  [
    "an order that rests and is told to have never come",
    "finds an adopted order that rests, and cancels it",
    () => [{ kind: "rejected", code: "NEVER", text: "never came" }],
    /an order that rests: rejected/,
  ],
  [
    "an order whose fate is never told",
    "finds an adopted order that rests, and cancels it",
    () => [],
    /in vain until its fate is known/,
  ],
  [
    "an order that never came and is told to rest",
    "rejects an adopted order that was never sent, and does not send it",
    () => [{ kind: "accepted" }],
    /in vain until the order has ended/,
  ],
  [
    "an order that is gone and is told to have never come",
    "does not take an adopted order that was accepted for one that never came",
    () => [{ kind: "rejected", code: "NEVER", text: "never came" }],
    /an order that is gone: rejected/,
  ],
  [
    "a fill that came meanwhile and is lost",
    "tells the fills of an adopted order that has filled meanwhile",
    (_, truth) => [...truth.slice(1), { kind: "canceled", text: "gone" }],
    /ended as canceled/,
  ],
  [
    "fills in part that are lost",
    "tells the fills of an adopted order that has filled in part",
    () => [{ kind: "accepted" }],
    /in vain until its fills are told/,
  ],
  [
    "an execution that was known and is told again",
    "does not tell executions of an adopted order again that are known",
    ({ executionIds }, truth) => [
      { kind: "filled", fill: { ...FILL, executionId: executionIds[0]! } },
      ...truth,
    ],
    /is told twice/,
  ],
  [
    "executions known in sum that are not told",
    "tells the executions of an adopted order that are known in sum only",
    () => [],
    /in vain until its fills are told/,
  ],
  [
    "an order that was canceled and is told to rest",
    "tells that an adopted order was canceled meanwhile",
    () => [{ kind: "accepted" }],
    /in vain until the order has ended/,
  ],
  [
    "an amendment that was done and is told as rejected",
    "tells the new terms of an adopted order that was amended meanwhile",
    (_, truth) =>
      truth.map((told) =>
        told.kind === "amended" ? { kind: "amend-rejected", code: "NO", text: "no" } : told,
      ),
    /it is told as/,
  ],
  [
    "an amendment that never came and is told as done",
    "rejects the amendment of an adopted order that was never sent",
    ({ child }) => [{ kind: "amended", ...child.pendingAmend! }],
    /it was told as amended/,
  ],
  [
    "an adopted order that is canceled and told to have never come",
    "cancels an adopted order before its fate is known",
    () => [{ kind: "rejected", code: "NEVER", text: "never came" }],
    /its cancel ended as rejected/,
  ],
  [
    "an adopted order that never came and stays of unknown fate",
    "withdraws adopted orders before their fate is known",
    (_, truth) => truth.filter(({ kind }) => kind !== "rejected"),
    /in vain until the order has ended/,
  ],
];

const FILL = {
  executionId: "",
  price: ticks(1),
  quantity: lots(1),
  liquidity: "taker",
  fee: "0",
  feeCoin: "USDT",
  exchangeTime: micros(0),
} as const;

async function failureOf(name: string, fault: Fault): Promise<string> {
  const suite = venueSuite({ name: "bad", open: () => openWith(fault) });
  const played = suite.find((each) => each.name === `bad: ${name}`)!;
  return played.run().then(
    () => "",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

describe("venueSuite", () => {
  it.each(faults)("finds %s", async (_, name, fault, says) => {
    expect(await failureOf(name, fault)).toMatch(says);
  });

  it.each(stories)("finds, when a process goes on, %s", async (_, name, story, says) => {
    expect(await failureOf(name, { story })).toMatch(says);
  });

  it("passes the same session when nothing is wrong with it", async () => {
    const names = new Set([...faults, ...stories].map(([, name]) => name));
    for (const name of names) expect(`${name}: ${await failureOf(name, {})}`).toBe(`${name}: `);
  });

  it("has a fault for each case of a process that goes on", () => {
    const needing = VENUE_CASES.filter(({ needs }) => needs === "reopen").map(({ name }) => name);
    expect(needing.filter((name) => !stories.some(([, of]) => of === name))).toEqual([]);
  });

  it("does not take a case that cannot be played for one that passes", async () => {
    const needy = VENUE_CASES.find(({ needs }) => needs !== undefined)!;
    expect(await failureOf(needy.name, {})).toMatch(/needs a stage with dropConnections/);
    const open = () => openWith({});
    expect(() => venueSuite({ name: "x", open, skips: { "no such case": "y" } })).toThrow(
      /names no/,
    );
    const skips = { [needy.name]: " " };
    expect(() => venueSuite({ name: "x", open, skips })).toThrow(/without a reason/);
  });
});
