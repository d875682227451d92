import { describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import { HOUR, type Micros } from "../core/domain/units.ts";
import { DUPLICATE_TERMS, Duplicates } from "./duplicates.ts";

let count = 0;
const item = (headline: string, more: Partial<NewsItem> = {}): NewsItem => ({
  id: `${(count += 1)}`,
  source: "a",
  kind: "news",
  publishedAt: 0 as Micros,
  firstSeenAt: 0 as Micros,
  headline,
  flags: [],
  ...more,
});

const admitted = (...items: NewsItem[]): boolean[] => {
  const duplicates = new Duplicates();
  return items.map((each) => duplicates.admit(each));
};

describe("duplicates", () => {
  it("are items of one id within one source", () => {
    expect(
      admitted(
        item("one", { id: "1" }),
        item("two", { id: "1" }),
        item("three", { id: "1", source: "b" }),
      ),
    ).toEqual([true, false, true]);
  });

  it("are headlines in nearly the same words, whoever tells them", () => {
    expect(
      admitted(
        item("SEC approves spot Solana ETF in surprise vote today"),
        item("SEC Approves Spot Solana ETF in Surprise Vote Today - Reuters", { source: "b" }),
        item("In surprise vote today: SEC approves spot Solana ETF!"),
        item("SEC rejects spot Solana ETF"),
      ),
    ).toEqual([true, false, false, true]);
  });

  it("are not headlines that differ in a figure", () => {
    expect(
      admitted(
        item("Bitcoin falls below 60,000 dollars as funds sell"),
        item("Bitcoin falls below 61,000 dollars as funds sell"),
        item("Bitcoin falls 1.5% as funds sell"),
        item("Bitcoin falls 5.1% as funds sell"),
      ),
    ).toEqual([true, true, true, true]);
  });

  it("are forgotten after a day, and no more are remembered than allowed", () => {
    const at = (micros: number) => ({ firstSeenAt: micros as Micros });
    expect(admitted(item("one and the same"), item("one and the same", at(25 * HOUR)))).toEqual([
      true,
      true,
    ]);
    const few = new Duplicates({ ...DUPLICATE_TERMS, mostIds: 2, mostHeadlines: 1 });
    for (const id of ["1", "2", "3"]) few.admit(item(`w${id} x${id} y${id}`, { id }));
    expect(few.admit(item("other", { id: "1" }))).toBe(true);
    expect(few.admit(item("w1 x1 y1"))).toBe(true);
  });

  it("are not headlines without a word", () => {
    expect(admitted(item("🚀🚀"), item("📉"))).toEqual([true, true]);
  });
});
