/**
 * Withdrawals from a venue that takes so many cancels a second and loses some, in virtual time: a
 * question is what time passes by.
 */
import { expect, it } from "vitest";
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { lots, micros, ticks } from "../../core/domain/units.ts";
import { SYSTEM_TIMERS } from "../../data/network/timers.ts";
import type { OrderSighting } from "./order-sighting.ts";
import { OrderTracker } from "./order-tracker.ts";
import type { OrderState } from "./wire.ts";
import { Withdrawal } from "./withdrawal.ts";

const idOf = (k: number): ClientOrderId => `w-${k}` as ClientOrderId;

const stateOf = (clientOrderId: string): OrderState => ({
  clientOrderId,
  orderId: `o-${clientOrderId}`,
  side: "buy",
  isMarket: false,
  limitPrice: ticks(100),
  quantity: lots(10),
  cumulative: lots(0),
  leaves: lots(10),
  status: "New",
  standing: "open",
  reason: "",
  timeInForce: "GTC",
  reduceOnly: false,
  positionIndex: 0,
  createdAt: micros(0),
  updatedAt: micros(0),
});

/** `perLook`: cancels that go from one question to the next. */
function stage(orders: number, perLook: number, unread = new Set<string>()) {
  const open = new Set(Array.from({ length: orders }, (_, k) => idOf(k)));
  const waiting: ClientOrderId[] = [];
  const asked: { readonly id: ClientOrderId; readonly isAgain: boolean }[] = [];
  let now = 0;
  let lost = 0;
  const sighting = (state: OrderState): OrderSighting => ({
    clientOrderId: state.clientOrderId as ClientOrderId,
    orderId: state.orderId,
    standing: "open",
    limitPrice: state.limitPrice,
    quantity: lots(10),
    cumulative: lots(0),
    updatedAt: 0,
    code: "",
    text: "",
  });
  const withdrawal = new Withdrawal({
    tracker: new OrderTracker(),
    questions: {
      ask: () => undefined,
      openOrders: () => {
        now += 500;
        for (const id of waiting.splice(0, perLook)) {
          if (lost > 0) lost -= 1;
          else open.delete(id);
        }
        return Promise.resolve({
          orders: [...open].filter((id) => !unread.has(id)).map(stateOf),
          unreadIds: [...open].filter((id) => unread.has(id)),
        });
      },
      sighting,
      hasEndedUnread: () => false,
    },
    prefix: "w-",
    pace: { withdrawMs: 60_000, withdrawLookMs: 0, withdrawAgainMs: 2000 },
    timers: SYSTEM_TIMERS,
    venueNowMs: () => now,
    cancel: (id, isAgain) => {
      asked.push({ id, isAgain });
      waiting.push(id);
    },
    isWaiting: (id) => waiting.includes(id),
    isOver: () => false,
  });
  return { withdrawal, asked, open, lose: (count: number) => (lost = count), now: () => now };
}

it("does not stand in its own way where many cancels wait for their turn", async () => {
  const { withdrawal, asked, open, now } = stage(200, 5);
  expect(await withdrawal.run()).toEqual({ ok: true, value: undefined });
  expect(open.size).toBe(0);
  // Each once, and no faster than the venue takes them.
  expect(asked).toHaveLength(200);
  expect(now()).toBeLessThanOrEqual(41 * 500);
});

it("cancels what is its own and cannot be read, by its id", async () => {
  const { withdrawal, asked, open } = stage(3, 5, new Set([idOf(1)]));
  expect(await withdrawal.run()).toEqual({ ok: true, value: undefined });
  expect(open.size).toBe(0);
  expect(asked).toHaveLength(3);
});

it("asks again for what is still there, and says that it is the second time", async () => {
  const { withdrawal, asked, lose } = stage(1, 5);
  lose(2);
  expect(await withdrawal.run()).toEqual({ ok: true, value: undefined });
  expect(asked.map(({ isAgain }) => isAgain)).toEqual([false, true, true]);
});
