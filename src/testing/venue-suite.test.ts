/**
 * The venue suite must be able to fail: each promise is broken here by a session that is otherwise
 * whole, and the suite has to say which.
 */
import { describe, expect, it } from "vitest";
import { fedFeed } from "../../test/fed-market.ts";
import type { ClientOrderId, OrderReport } from "../core/domain/child-order.ts";
import { ok } from "../core/domain/errors.ts";
import { lots, micros, MINUTE, ticks } from "../core/domain/units.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { composeVenue, feeRates } from "../runtime/compose.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { openGenerated } from "../runtime/market-source.ts";
import { paperVenue } from "../venues/paper/paper-venue.ts";
import type { VenueSession, VenueSink } from "../venues/venue.ts";
import { VirtualTime } from "../venues/virtual-time.ts";
import { VENUE_CASES } from "./venue-cases.ts";
import { venueSuite, type VenueStage } from "./venue-suite.ts";
import type { SessionUnderTest } from "./venue-witness.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

/** What a bad session does otherwise: to what it tells, and to what it is asked. */
interface Fault {
  readonly sink?: (sink: VenueSink, session: VenueSession) => Partial<VenueSink>;
  readonly session?: (session: VenueSession, sink: () => VenueSink) => Partial<SessionUnderTest>;
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
  const good = opened.value;
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

  it("passes the same session when nothing is wrong with it", async () => {
    for (const [, name] of faults) expect(await failureOf(name, {})).toBe("");
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
