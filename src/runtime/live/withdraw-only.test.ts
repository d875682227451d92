/**
 * What a run has left at the venue, by a journal that nobody can go on with. What is lost if this
 * fails: an order that rests for ever, or a fill that nobody hears of.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ClientOrderId, OrderReport } from "../../core/domain/child-order.ts";
import { err, ok } from "../../core/domain/errors.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import type {
  AccountIdentity,
  AdoptedOrder,
  Venue,
  VenueSession,
  VenueSink,
} from "../../venues/venue.ts";
import { XYZ } from "../../../test/laws/desk.ts";
import { instrumentJson } from "../instrument-file.ts";
import type { JournalHeader, JournalRecord } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";
import { createJournal } from "../journal/writer.ts";
import { leftOrders } from "./left-orders.ts";
import { withdrawOnly } from "./withdraw-only.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-withdraw-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HOME: AccountIdentity = { host: "venue.example", uid: "7" };
const HEADER: JournalHeader = {
  format: 1,
  program: "arrival 9.9.9",
  nodeMajor: 24,
  instrument: instrumentJson(XYZ),
  market: { kind: "of another program" },
  config: { of: "another program" },
  seed: 1,
  account: HOME,
};

type Body = Readonly<Record<string, unknown>>;
const submitted = { kind: "parent-submitted", time: 5, parent: { id: "r1" } };
const placed = (number: number, quantity = 10): Body => ({
  kind: "place-order",
  instrument: "x",
  order: {
    clientOrderId: `r1-${number}`,
    side: "buy",
    quantity,
    limitPrice: 1000,
    timeInForce: { kind: "good-till-canceled", postOnly: true },
  },
});
const told = (number: number, report: Body): Body => ({
  kind: "order-reported",
  time: 9,
  clientOrderId: `r1-${number}`,
  report,
});
const filled = (executionId: string, quantity: number): Body => ({
  kind: "filled",
  fill: { executionId, quantity, price: 1000, fee: "0.1", feeCoin: "USDT", exchangeTime: 1 },
});

const OUTPUTS = new Set(["place-order", "cancel-order", "amend-order", "raise-alert"]);
const recordsOf = (bodies: readonly Body[]): Omit<JournalRecord, "position">[] =>
  bodies.map((body, index) => ({
    sequence: index + 1,
    kind: OUTPUTS.has(String(body["kind"])) ? "output" : "event",
    body: JSON.stringify(body),
  }));

const leftOf = (bodies: readonly Body[], provedUntil = Number.POSITIVE_INFINITY) => {
  const records = recordsOf(bodies).map((record) => {
    return { ...record, isProved: record.sequence <= provedUntil };
  });
  const { orders, ...rest } = leftOrders(records);
  const shown = orders.map(({ child, executionIds }) => {
    const { terms, phase, cumulative, quantity } = child;
    return [terms.clientOrderId, phase, `${cumulative}/${quantity}`, ...executionIds].join(" ");
  });
  return { ...rest, orders: shown };
};

describe("what a journal tells that may rest", () => {
  it("is each order that it does not prove closed, with the executions that it knows", () => {
    const bodies = [submitted, placed(1), placed(2), placed(3), placed(4)].concat([
      told(1, { kind: "accepted" }),
      told(1, filled("e1", 4)),
      told(1, filled("e1", 4)),
      told(2, filled("e2", 10)),
      told(3, { kind: "canceled", text: "" }),
      // By the venue's count more has filled than was told one by one.
      told(4, { kind: "canceled", text: "", cumulative: 3 }),
    ] as never);
    expect(leftOf(bodies)).toEqual({
      parentId: "r1",
      placed: 4,
      unread: 0,
      orders: ["r1-1 working 4/10 e1", "r1-4 closed 0/10"],
    });
  });

  it("is not diminished by what makes no sense, nor by what is damaged", () => {
    const bodies: Body[] = [
      submitted,
      placed(1),
      placed(2),
      told(1, filled("e1", 99)),
      told(1, filled("e2", -5)),
      told(1, { kind: "filled" }),
      told(1, { kind: "no such report" }),
      told(2, { kind: "canceled", text: "" }),
      { kind: "place-order", order: null },
    ];
    expect(leftOf(bodies, 7)).toMatchObject({
      placed: 2,
      orders: ["r1-1 pending-new 0/10", "r1-2 pending-new 0/10"],
    });
    expect(leftOf(bodies)).toMatchObject({ orders: ["r1-1 pending-new 0/10"] });
    expect(leftOf(bodies).unread).toBeGreaterThan(3);
  });
});

let journals = 0;
function journalOf(bodies: readonly Body[]): string {
  const path = join(folder, `${++journals}.journal`);
  const created = createJournal(path, HEADER);
  if (!created.ok) throw new Error(created.error.text);
  for (const { kind, body } of recordsOf(bodies)) created.value.append(kind, 0, body);
  created.value.close();
  return path;
}

/** A venue that says of each order what is written down for it, once all are to be withdrawn. */
function stage(says: Readonly<Record<string, readonly OrderReport[]>>, identity = HOME) {
  const time = new VirtualTime();
  const adopted: AdoptedOrder[] = [];
  let isClosed = false;
  let isAsked = false;
  const session = (): VenueSession => {
    let sink: VenueSink | undefined;
    return {
      header: { instrument: XYZ, epochNanos: 0n, ownTradesPrinted: false },
      fees: { maker: 0, taker: 0 },
      account: { identity } as VenueSession["account"],
      now: () => time.now,
      adopt: (orders) => void adopted.push(...orders),
      start: (given) => (sink = given),
      place: () => expect.fail("an order was sent"),
      amend: () => expect.fail("an order was amended"),
      cancel: () => undefined,
      refresh: () => Promise.resolve(err({ code: "VENUE_REFUSED", text: "" })),
      cancelAll() {
        isAsked = true;
        for (const [id, reports] of Object.entries(says)) {
          for (const report of reports) sink!.report(id as ClientOrderId, report);
        }
        return Promise.resolve(ok(undefined));
      },
      close: () => {
        isClosed = true;
        return Promise.resolve();
      },
    };
  };
  const venue: Venue = {
    name: "scripted",
    open: (_, terms) => {
      const wrong = terms?.whyNot?.(identity);
      if (wrong !== undefined) return Promise.resolve(err({ code: "VENUE_ACCOUNT", text: wrong }));
      return Promise.resolve(ok(session()));
    },
  };
  return {
    adopted,
    get isClosed() {
      return isClosed;
    },
    get isAsked() {
      return isAsked;
    },
    async run(journal: string) {
      const state = { isOver: false };
      const work = withdrawOnly({ journal, venue: () => ok(venue), timers: time }).finally(() => {
        state.isOver = true;
      });
      while (!state.isOver) {
        time.step();
        await new Promise((resolve) => setImmediate(resolve));
      }
      return work;
    },
  };
}

const fillOf = (executionId: string, quantity: number) =>
  filled(executionId, quantity) as unknown as OrderReport;
const CANCELED: OrderReport = { kind: "canceled", text: "withdrawn" };

describe("withdrawing by a journal alone", () => {
  const bodies = [submitted, placed(1), placed(2), told(1, filled("e1", 4)), told(2, CANCELED)];

  it("takes back what rests, tells the fills that the journal has not, and leaves it as it was", async () => {
    const journal = journalOf([...bodies, told(1, filled("poison", 99))]);
    const before = readFileSync(journal);
    const at = stage({ "r1-1": [fillOf("e1", 4), fillOf("e9", 1), CANCELED] });
    expect(await at.run(journal)).toMatchObject({
      ok: true,
      value: {
        parentId: "r1",
        venue: "scripted",
        placed: 2,
        unread: 1,
        orders: [
          {
            clientOrderId: "r1-1",
            was: "working",
            is: "canceled",
            fills: [{ executionId: "e9", fee: "0.1" }],
          },
        ],
      },
    });
    expect(at.adopted.map(({ executionIds }) => executionIds)).toEqual([["e1"]]);
    expect(at.isClosed).toBe(true);
    expect(readFileSync(journal).equals(before)).toBe(true);
  });

  it("says so where the venue does not tell the end of an order", async () => {
    const at = stage({});
    expect(await at.run(journalOf(bodies))).toMatchObject({
      value: {
        unwithdrawn: expect.stringContaining("not told") as unknown,
        orders: [{ is: "unknown" }],
      },
    });
  });

  it("does not ask on another account", async () => {
    const at = stage({}, { ...HOME, uid: "8" });
    expect(await at.run(journalOf(bodies))).toMatchObject({
      error: {
        code: "RUN_RESUME",
        text: expect.stringMatching(
          /of account 7 at venue.example, this is account 8.*r1-1 buy/,
        ) as unknown,
      },
    });
    expect(at.isAsked).toBe(false);
  });

  it("works by what is left of one that is damaged", async () => {
    const journal = journalOf(bodies);
    const database = new DatabaseSync(journal);
    database.exec(`UPDATE record SET body = replace(body, 'r1-2', 'r1-9') WHERE sequence = 3`);
    database.close();
    expect(openJournal(journal)).toMatchObject({ ok: false });
    const at = stage({ "r1-1": [CANCELED], "r1-9": [CANCELED] });
    expect(await at.run(journal)).toMatchObject({ ok: true });
    expect(at.adopted.map(({ child }) => child.terms.clientOrderId)).toEqual(["r1-1", "r1-9"]);
  });
});
