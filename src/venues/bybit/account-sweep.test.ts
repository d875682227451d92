/** Looks at the account that are answered in part, late, or by more than can be listed. */
import { beforeEach, describe, expect, it } from "vitest";
import { AccountSweep } from "./account-sweep.ts";
import type { OpenOrderList } from "./order-questions.ts";
import { OrderTracker } from "./order-tracker.ts";

const MINUTE = 60_000;

let now = 0;
let open: OpenOrderList | undefined;
let executions: "whole" | "cut" | "failed";
let asked: number[];
let told: string[];
let withdrawn: string[];
let sweep: AccountSweep;

beforeEach(() => {
  now = 10 * MINUTE;
  open = { orders: [], unreadIds: [] };
  executions = "whole";
  asked = [];
  told = [];
  withdrawn = [];
  sweep = new AccountSweep({
    tracker: new OrderTracker(),
    questions: {
      openOrders: () => Promise.resolve(open),
      executionsSince(since) {
        asked.push(since);
        return Promise.resolve(executions);
      },
      sighted: () => undefined,
    },
    prefix: "run-",
    pace: { sweepMs: 30_000, withdrawAgainMs: 2000 },
    venueNowMs: () => now,
    since: 3 * MINUTE,
    withdraw: (id) => void withdrawn.push(id),
    notice: (_, code) => void told.push(code),
    listed: () => undefined,
    told: () => undefined,
  });
});

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe("a sweep", () => {
  it("asks for executions from where the last whole answer ended", async () => {
    executions = "failed";
    expect(await sweep.look()).toBe(false);
    executions = "whole";
    open = undefined;
    expect(await sweep.look()).toBe(false);
    now = 12 * MINUTE;
    open = { orders: [], unreadIds: [] };
    expect(await sweep.look()).toBe(true);
    expect(asked).toEqual([3 * MINUTE, 3 * MINUTE, 9 * MINUTE]);
  });

  it("is made now and then, sooner after one in vain, and at once when it is asked for", async () => {
    const times: number[] = [];
    const until = async (end: number): Promise<void> => {
      for (; now < end; now += 1000) {
        const before = asked.length;
        sweep.tick();
        await settled();
        if (asked.length > before) times.push(now / 1000);
      }
    };
    await until(11 * MINUTE + 5000);
    expect(times).toEqual([600, 630, 660]);
    executions = "failed";
    await until(11 * MINUTE + 36_000);
    expect(times.slice(3)).toEqual([690, 692, 694]);
    executions = "whole";
    await until(11 * MINUTE + 41_000);
    expect(times.slice(6)).toEqual([696]);
    sweep.soon();
    await until(11 * MINUTE + 43_000);
    expect(times.slice(7)).toEqual([701]);
  });

  it("says that not all executions are listed, and does not wait for more", async () => {
    executions = "cut";
    expect(await sweep.look()).toBe(true);
    expect(told).toEqual(["VENUE_FOREIGN_TRADE"]);
  });

  it("withdraws what cannot be read, too, and alarms once", async () => {
    open = { orders: [], unreadIds: ["run-9", "other-1"] };
    await sweep.look();
    await sweep.look();
    expect(withdrawn).toEqual(["run-9", "run-9"]);
    expect(told).toEqual(["VENUE_STRAY_ORDER"]);
  });

  it("that is asked for while another goes on is made behind that one", async () => {
    const both = [sweep.look(), sweep.look()];
    expect(asked).toHaveLength(0);
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(asked).toHaveLength(2);
  });
});
