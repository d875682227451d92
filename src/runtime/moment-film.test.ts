/** A film of moments: bounded, out of the way, and without what it could not fold. */
import { describe, expect, it } from "vitest";
import type { JournalMoment } from "./desk/desk-terms.ts";
import { type Filmed, MomentFilm } from "./moment-film.ts";

const momentAt = (record: number): JournalMoment =>
  ({ record, time: record * 10, orders: [], timeline: [], market: { mid: `${record}` } }) as never;

class Fold implements Filmed {
  readonly seen: number[] = [];
  isClosed = false;
  breaksAt = Number.POSITIVE_INFINITY;
  at(record: number): Promise<JournalMoment> {
    if (record >= this.breaksAt) return Promise.reject(new Error("the market's file is gone"));
    this.seen.push(record);
    return Promise.resolve(momentAt(record));
  }
  close(): void {
    this.isClosed = true;
  }
}
const records = Array.from({ length: 300 }, (_, k) => 3 * k);
const film = (fold: Fold | undefined, change: object = {}) =>
  new MomentFilm({
    records,
    open: () => Promise.resolve(fold),
    isInTheWay: () => false,
    ...change,
  });

describe("a film", () => {
  it("has each mark, and nothing between", async () => {
    const fold = new Fold();
    const made = film(fold);
    await made.made;
    expect(fold).toMatchObject({ seen: records, isClosed: true });
    for (const record of records) expect(made.at(record)).toEqual(momentAt(record));
    expect(made.at(1)).toBeUndefined();
  });

  it("keeps to its bound: evenly fewer where there is too much", async () => {
    const made = film(new Fold(), { mostBytes: 4000 });
    await made.made;
    expect(made.bytes).toBeLessThanOrEqual(4000);
    const kept = records.filter((record) => made.at(record) !== undefined);
    expect(kept.length).toBeGreaterThan(10);
    const steps = new Set(kept.slice(1).map((record, k) => record - kept[k]!));
    expect(steps.size).toBe(1);
  });

  it("ends where the fold does, and keeps what it has", async () => {
    const fold = new Fold();
    fold.breaksAt = 30;
    const made = film(fold);
    await made.made;
    expect(made.at(27)).toEqual(momentAt(27));
    expect(made.at(30)).toBeUndefined();
    expect(fold.isClosed).toBe(true);
    await film(undefined).made;
  });

  it("waits for whoever is looked at, and ends when it is closed", async () => {
    const fold = new Fold();
    const state = { looks: 0 };
    const made: MomentFilm = film(fold, {
      isInTheWay: () => {
        state.looks += 1;
        if (state.looks === 4) made.close();
        return true;
      },
    });
    await made.made;
    expect(fold).toMatchObject({ seen: [], isClosed: true });
    expect(state.looks).toBe(4);
  });
});
