import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RatePump } from "./rate-pump.ts";
import {
  groupOf,
  type RateGroup,
  type RateOptions,
  type RateRequest,
  RateScheduler,
} from "./rate-scheduler.ts";

interface Told {
  readonly name: string;
  readonly group: RateGroup;
  readonly weight: number;
  readonly at: number;
}

/** A scheduler in virtual time, and what became of each request. */
function stage(options: RateOptions = {}): {
  readonly scheduler: RateScheduler;
  readonly sent: Told[];
  readonly expired: Told[];
  now: number;
  submit(
    group: RateGroup,
    name?: string,
    more?: Partial<Pick<RateRequest, "weight" | "isHttp" | "notAfterMs">>,
  ): RateRequest;
  run(until: number): void;
} {
  const scheduler = new RateScheduler(options);
  const sent: Told[] = [];
  const expired: Told[] = [];
  const scene = {
    scheduler,
    sent,
    expired,
    now: 0,
    submit(group: RateGroup, name = "", more = {}): RateRequest {
      const told = (): Told => ({ name, group, weight: request.weight, at: scene.now });
      const request: RateRequest = {
        group,
        weight: 1,
        isHttp: false,
        notAfterMs: Number.POSITIVE_INFINITY,
        send: () => sent.push(told()),
        expire: () => expired.push(told()),
        ...more,
      };
      scheduler.submit(request);
      return request;
    },
    run(until: number): void {
      for (;;) {
        const next = scheduler.turn(scene.now);
        if (next === undefined || next > until) break;
        // A turn that leaves what it could send would be asked for ever.
        expect(next).toBeGreaterThan(scene.now);
        scene.now = next;
      }
      scene.now = until;
    },
  };
  return scene;
}

const names = (told: readonly Told[]): string[] => told.map(({ name }) => name);

describe("the rate scheduler", () => {
  it("sends what the limit allows, and the rest when there is room again", () => {
    const scene = stage({ limits: { create: 3 }, windowMs: 1000 });
    for (let index = 0; index < 7; index++) scene.submit("create", String(index));
    scene.run(5000);
    expect(scene.sent.map(({ at }) => at)).toEqual([0, 0, 0, 1000, 1000, 1000, 2000]);
    expect(names(scene.sent)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  });

  it("lets cancels overtake, and keeps them a share of what the address may ask", () => {
    const scene = stage({ http: { requests: 10, windowMs: 1000 }, limits: { orders: 100 } });
    for (let index = 0; index < 20; index++) scene.submit("orders", "o", { isHttp: true });
    scene.scheduler.turn(0);
    // The questions may have nine of ten: the tenth is for a cancel.
    expect(scene.sent).toHaveLength(9);
    scene.submit("cancel", "c", { isHttp: true });
    scene.scheduler.turn(0);
    expect(names(scene.sent).at(-1)).toBe("c");
    scene.submit("cancel", "d", { isHttp: true });
    scene.now = 1000;
    scene.scheduler.turn(1000);
    expect(names(scene.sent.filter(({ at }) => at === 1000))[0]).toBe("d");
  });

  it("is not held back for cancels by a limit on creates", () => {
    const scene = stage({ limits: { create: 1 } });
    scene.submit("create", "first");
    scene.submit("create", "second");
    scene.scheduler.block("create", 9000, 0);
    scene.submit("cancel", "cancel");
    scene.scheduler.turn(0);
    expect(names(scene.sent)).toEqual(["cancel"]);
  });

  it("learns limits, and counts what another program has used", () => {
    const scene = stage({ windowMs: 1000 });
    scene.scheduler.heed("create", { limit: 20, remaining: 5, resetMs: undefined }, 0);
    expect(scene.scheduler.limitOf("create")).toBe(20);
    for (let index = 0; index < 8; index++) scene.submit("create");
    scene.scheduler.turn(0);
    expect(scene.sent).toHaveLength(5);
    scene.run(1000);
    expect(scene.sent).toHaveLength(8);
  });

  it("waits as long as it is told where nothing is left, but not for ever", () => {
    const scene = stage({ windowMs: 1000 });
    scene.scheduler.heed("create", { limit: 10, remaining: 0, resetMs: 1700 }, 0);
    scene.submit("create");
    scene.run(3000);
    expect(scene.sent.map(({ at }) => at)).toEqual([1700]);
    scene.scheduler.heed("amend", { limit: 10, remaining: 0, resetMs: 9e15 }, 3000);
    scene.submit("amend");
    scene.run(20_000);
    expect(scene.sent.at(-1)!.at).toBe(13_000);
  });

  it("does not send what came too late: that is told instead", () => {
    const scene = stage({ limits: { create: 1 }, windowMs: 1000 });
    scene.submit("create", "sent");
    scene.submit("create", "late", { notAfterMs: 999 });
    scene.submit("create", "in time", { notAfterMs: 1000 });
    scene.run(3000);
    expect(names(scene.sent)).toEqual(["sent", "in time"]);
    expect(names(scene.expired)).toEqual(["late"]);
  });

  it("sends a batch above the whole limit alone, rather than never", () => {
    const scene = stage({ limits: { "create-batch": 5 }, windowMs: 1000 });
    scene.submit("create-batch", "small", { weight: 2 });
    scene.submit("create-batch", "large", { weight: 10 });
    scene.run(5000);
    expect(scene.sent.map(({ at }) => at)).toEqual([0, 1000]);
  });

  it("knows each endpoint's group", () => {
    expect(groupOf("/v5/order/cancel")).toBe("cancel");
    expect(groupOf("/v5/market/time")).toBe("public");
    expect(groupOf("/v5/account/fee-rate")).toBe("account");
  });

  it("in any window sends no more than the limit, and loses nothing", () => {
    const groups: RateGroup[] = ["cancel", "create", "orders", "create-batch"];
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 400 }),
      group: fc.constantFrom(...groups),
      weight: fc.integer({ min: 1, max: 3 }),
      isHttp: fc.boolean(),
      patience: fc.option(fc.integer({ min: 0, max: 3000 })),
      isWithdrawn: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const limits = { cancel: 4, create: 3, orders: 6, "create-batch": 3 };
        const http = { requests: 12, windowMs: 2000 };
        const scene = stage({ limits, windowMs: 1000, http });
        let withdrawn = 0;
        const httpNames = new Set<string>();
        for (const [
          index,
          { wait, group, weight, isHttp, patience, isWithdrawn },
        ] of steps.entries()) {
          scene.run(scene.now + wait);
          const notAfterMs = patience === null ? Number.POSITIVE_INFINITY : scene.now + patience;
          const name = String(index);
          if (isHttp) httpNames.add(name);
          const request = scene.submit(group, name, { weight, isHttp, notAfterMs });
          if (isWithdrawn && scene.scheduler.withdraw(request)) withdrawn += 1;
        }
        scene.run(scene.now + 200_000);
        expect(scene.sent.length + scene.expired.length + withdrawn).toBe(steps.length);
        expect(new Set(names([...scene.sent, ...scene.expired])).size).toBe(
          scene.sent.length + scene.expired.length,
        );
        for (const group of groups) {
          const of = scene.sent.filter((told) => told.group === group);
          expectWithin(of, limits[group as keyof typeof limits], 1000);
          expectInOrder(of);
        }
        const overHttp = scene.sent.filter(({ name }) => httpNames.has(name));
        expectWithin(
          overHttp.map((told) => ({ ...told, weight: 1 })),
          12,
          2000,
        );
      }),
      { numRuns: 200 },
    );
  });
});

/** No window of `span` that begins at a sending holds more than `limit`. */
function expectWithin(sent: readonly Told[], limit: number, span: number): void {
  for (const { at } of sent) {
    const within = sent.filter((told) => told.at >= at && told.at < at + span);
    const used = within.reduce((sum, { weight }) => sum + weight, 0);
    if (within.length > 1) expect(used).toBeLessThanOrEqual(limit);
  }
}

function expectInOrder(sent: readonly Told[]): void {
  const order = sent.map(({ name }) => Number(name));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
}

describe("the rate pump", () => {
  it("sends at once what may go, and by itself what has to wait", async () => {
    const pump = new RatePump({ limits: { create: 1 }, windowMs: 400 });
    const sent: number[] = [];
    const all = new Promise<void>((resolve) => {
      for (let index = 0; index < 3; index++) {
        const send = (): void => {
          sent.push(index);
          if (index === 2) resolve();
        };
        const request = { group: "create" as const, weight: 1, isHttp: true, send };
        pump.submit({ ...request, notAfterMs: Number.POSITIVE_INFINITY, expire: () => undefined });
      }
    });
    expect(sent).toEqual([0]);
    await all;
    expect(sent).toEqual([0, 1, 2]);
    pump.close();
  });

  it("takes along what a sending submits", () => {
    const pump = new RatePump();
    const sent: string[] = [];
    const submit = (name: string, then?: () => void): void =>
      pump.submit({
        group: "create",
        weight: 1,
        isHttp: false,
        notAfterMs: Number.POSITIVE_INFINITY,
        send: () => {
          sent.push(name);
          then?.();
        },
        expire: () => undefined,
      });
    submit("outer", () => submit("inner"));
    expect(sent).toEqual(["outer", "inner"]);
    pump.close();
  });
});
