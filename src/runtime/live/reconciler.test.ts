/** What a look at the account comes to, told second by second. */
import { describe, expect, it } from "vitest";
import { Desk } from "../../../test/laws/desk.ts";
import { ok, type Result } from "../../core/domain/errors.ts";
import { micros } from "../../core/domain/units.ts";
import { VirtualTime } from "../../data/network/virtual-time.ts";
import type { AccountSummary, VenueFault, VenueSession } from "../../venues/venue.ts";
import { type AccountTold, Reconciler } from "./reconciler.ts";

const SECOND = 1e9;

class Watched {
  readonly time = new VirtualTime();
  readonly desk = new Desk();
  readonly told: AccountTold[] = [];
  readonly notices: string[] = [];
  readonly account = { positionLots: 0 };
  foreignLots = 0;
  executedTo = micros(1000);
  looks = 0;
  onLook = (): void => undefined;
  readonly reconciler: Reconciler;

  constructor() {
    const session = { foreignLots: 0, executedTo: micros(0), refresh: () => this.#look() };
    Object.defineProperty(session, "foreignLots", { get: () => this.foreignLots });
    Object.defineProperty(session, "executedTo", { get: () => this.executedTo });
    this.reconciler = new Reconciler({
      engine: this.desk.engine,
      session: session as Partial<VenueSession> as VenueSession,
      timers: this.time,
      tell: (told) => {
        this.told.push(told);
        const { desk } = this;
        const { now: time, instrument } = desk;
        desk.step({ kind: "position-told", time, instrument, ...told });
      },
      notice: ({ code, text }) => void this.notices.push(`${code} ${text}`),
    });
  }

  async until(seconds: number): Promise<void> {
    while (this.time.step(seconds * SECOND)) await new Promise((resolve) => setImmediate(resolve));
  }

  #look(): Promise<Result<AccountSummary, VenueFault>> {
    this.looks += 1;
    this.onLook();
    return Promise.resolve(ok({ ...this.account } as AccountSummary));
  }
}

describe("the reconciler", () => {
  it("tells a difference that stands, once it was seen three times", async () => {
    const watched = new Watched();
    watched.account.positionLots = 3;
    watched.reconciler.start();
    await watched.until(31.5);
    expect(watched.told).toEqual([]);
    await watched.until(33);
    expect(watched.told).toEqual([{ positionLots: 3, executedTo: 1000 }]);
    expect(watched.looks).toBe(3);
  });

  it("holds back while the difference is another each time: fills are on their way", async () => {
    const watched = new Watched();
    watched.onLook = () => (watched.account.positionLots += 1);
    watched.reconciler.start();
    await watched.until(60);
    expect(watched.looks).toBeGreaterThan(20);
    expect(watched.told).toEqual([]);
    watched.onLook = () => undefined;
    await watched.until(70);
    expect(watched.told).toHaveLength(1);
  });

  it("tells what others have traded as theirs, once", async () => {
    const watched = new Watched();
    watched.account.positionLots = 5;
    watched.foreignLots = 5;
    expect(await watched.reconciler.lastLook()).toBeUndefined();
    watched.reconciler.start();
    await watched.until(31);
    expect(watched.told).toEqual([{ positionLots: 5, foreignLots: 5, executedTo: 1000 }]);
  });

  it("tells each hour how far others' executions are known: a restart asks from there on", async () => {
    const watched = new Watched();
    watched.reconciler.start();
    await watched.until(31);
    watched.executedTo = micros(3599e6);
    await watched.until(61);
    expect(watched.told).toEqual([]);
    watched.desk.step({
      kind: "position-told",
      time: watched.desk.now,
      instrument: watched.desk.instrument,
      positionLots: 0,
      executedTo: micros(1000),
    });
    watched.executedTo = micros(3601e6);
    await watched.until(121);
    expect(watched.told).toEqual([{ positionLots: 0, executedTo: 3601e6 }]);
  });

  it("says what a recovery waits for, after ten seconds and each minute", async () => {
    const watched = new Watched();
    const { desk } = watched;
    desk.submit({ urgency: 0 });
    desk.until(4);
    const { now: time } = desk;
    desk.step({ kind: "session-resumed", session: 2, rowsLost: 0, stateHash: "", time });
    watched.reconciler.start();
    await watched.until(9);
    expect(watched.notices).toEqual([]);
    await watched.until(75);
    expect(watched.notices).toHaveLength(2);
    expect(watched.notices[0]).toMatch(/^RUN_RECOVERING .* what became of p1-1$/);
    expect(watched.looks).toBe(0);
    watched.reconciler.close();
  });
});
