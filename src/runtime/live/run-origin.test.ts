/**
 * Which changes of the venue's rules a run survives. What is lost if this fails: a run with orders
 * resting is refused because the venue has changed what its largest order may be.
 */
import { describe, expect, it } from "vitest";
import { XYZ } from "../../../test/laws/desk.ts";
import { decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import { instrumentJson } from "../instrument-file.ts";
import type { JournalHeader } from "../journal/journal.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import { boundsSince, rulesChanged } from "./run-origin.ts";

const header = { instrument: instrumentJson(XYZ) } as JournalHeader;
const changed = (change: Partial<Instrument>) =>
  rulesChanged(header, { instrument: { ...XYZ, ...change } } as MarketHeader);

describe("the venue's rules at a restart", () => {
  it("are the same, or other bounds, which are taken over", () => {
    expect(changed({})).toEqual({ grid: [], bounds: [] });
    expect(
      changed({
        minLots: lots(3),
        maxLimitLots: lots(5_000),
        maxMarketLots: lots(900),
        minNotional: decimal("7"),
      }),
    ).toMatchObject({
      grid: [],
      bounds: [
        expect.stringMatching(/^the smallest order was \S+ and is 3$/),
        expect.stringMatching(/^the largest limit order was/),
        expect.stringMatching(/^the largest market order was/),
        expect.stringMatching(/^the smallest value was \S+ and is 7$/),
      ],
    });
  });

  it.each([
    [{ kind: "spot" }, "what it is traded as"],
    [{ tickSize: decimal("0.5") }, "the tick"],
    [{ contractSize: decimal("100") }, "the contract's size"],
  ] as const)("are another grid: %o", (change, what) => {
    expect(changed(change).grid).toEqual([expect.stringContaining(what)]);
  });

  it("are told to the engine where they are others than when the run began", () => {
    expect(boundsSince(XYZ, { ...XYZ })).toEqual({});
    expect(
      boundsSince(XYZ, { ...XYZ, minLots: lots(3), minNotional: decimal("7.5") }),
    ).toMatchObject({ bounds: { minLots: 3, minNotional: "7.5", maxLimitLots: XYZ.maxLimitLots } });
  });

  it("are another grid, and other bounds with it, where the lot is another", () => {
    expect(changed({ lotSize: decimal("0.25") }).grid).toHaveLength(1);
  });
});
