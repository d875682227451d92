import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ColumnsBuilder, Kind } from "../../core/market/columns.ts";
import { type BookAnswer, MarketCheck } from "./market-check.ts";

type Change = { readonly at: number; readonly kind: 0 | 1; readonly price: number; size: number };

const SECOND = 1e9;
const AT = 100 * SECOND;

/** A stream that pushes in steps of a tenth of a second, and the true book at `AT`. */
function marketOf(changes: readonly Change[]): { check: MarketCheck; answer: BookAnswer } {
  const check = new MarketCheck(SECOND);
  const rows = new ColumnsBuilder(1 << 10);
  rows.push(0, 0, Kind.CLEAR, 0, 0);
  for (let level = 1; level <= 20; level++) {
    rows.push(0, 0, Kind.BID, 1000 - level, 10);
    rows.push(0, 0, Kind.ASK, 1000 + level, 10);
  }
  rows.endMessage();
  const truth = [new Map<number, number>(), new Map<number, number>()];
  for (let level = 1; level <= 20; level++) {
    truth[0]!.set(1000 - level, 10);
    truth[1]!.set(1000 + level, 10);
  }
  for (const { at, kind, price, size } of changes.toSorted((a, b) => a.at - b.at)) {
    const tick = kind === Kind.BID ? 1000 - price : 1000 + price;
    const pushed = Math.ceil(at / (SECOND / 10)) * (SECOND / 10);
    rows.push(pushed, pushed, kind, tick, size);
    rows.endMessage();
    if (at <= AT) truth[kind]!.set(tick, size);
  }
  const end = AT + 2 * SECOND;
  rows.push(end, end, Kind.BID, 900, 1);
  rows.endMessage();
  check.rows(rows.view());
  const sideOf = (side: Map<number, number>, sign: number) =>
    [...side]
      .filter(([, size]) => size > 0)
      .toSorted(([a], [b]) => sign * (b - a))
      .slice(0, 10);
  const answer = { time: AT, bids: sideOf(truth[0]!, 1), asks: sideOf(truth[1]!, -1) };
  return { check, answer };
}

const changes = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: AT + SECOND }),
    kind: fc.constantFrom(Kind.BID, Kind.ASK),
    price: fc.integer({ min: 1, max: 25 }),
    size: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 200 },
);

describe("MarketCheck", () => {
  it("never calls a healthy book wrong, however it moves between two pushes", () => {
    fc.assert(
      fc.property(changes, (drawn) => {
        const { check, answer } = marketOf(drawn);
        expect(check.isPast(answer)).toBe(true);
        expect(check.compare(answer).differences).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("finds a level of another size, one too many and one too few", () => {
    const { check, answer } = marketOf([]);
    const [best, ...bids] = answer.bids;
    expect(check.compare({ ...answer, bids: [[best![0], 11], ...bids] }).differences).toEqual([
      "bid at 999 ticks: 10 lots here, 11 there",
    ]);
    expect(check.compare({ ...answer, asks: answer.asks.toSpliced(3, 1) }).differences).toEqual([
      "ask at 1004 ticks: 10 lots here, 0 there",
    ]);
    const inside = [[1000, 5] as const, ...answer.bids];
    expect(check.compare({ ...answer, bids: inside }).differences).toEqual([
      "bid at 1000 ticks: 0 lots here, 5 there",
    ]);
    expect(check.compare(answer).compared).toBe(20);
  });

  it("says nothing of a book that began, or was lost, a moment ago", () => {
    const { check, answer } = marketOf([]);
    const wrong = { ...answer, bids: [[999, 1] as const] };
    const rows = new ColumnsBuilder(8);
    rows.push(AT, AT, Kind.GAP, 0, 0);
    rows.endMessage();
    check.rows(rows.view());
    expect(check.compare(wrong).compared).toBe(0);
  });
});
