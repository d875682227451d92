/**
 * What a replay of a live run hangs on: the file has the rows that the engine saw, in its order and
 * at its positions, however the exchange's stamps of two streams disagree.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
} from "../../core/market/columns.ts";
import { fileStore } from "./file-store.ts";
import { type LiveMarketSpec, openLiveMarket } from "./live-market.ts";
import type { RunJournal, Tape } from "./run-store.ts";
import { EPOCH_SECONDS, PLAIN_MARKET as HEADER } from "../../../test/plain-market.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-tape-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Message {
  /** Since the message before. */
  readonly after: number;
  /** Local time less exchange time; below zero where the exchange's clock is ahead. */
  readonly late: number;
  readonly kinds: readonly number[];
  /** Whether it comes in one block with the message before. */
  readonly joins: boolean;
}

const messages = fc.array(
  fc.record({
    after: fc.oneof(fc.constant(0), fc.nat(300_000_000)),
    late: fc.integer({ min: -50_000_000, max: 900_000_000 }),
    kinds: fc.oneof(
      fc.array(fc.constantFrom(Kind.BID, Kind.ASK), { minLength: 1, maxLength: 4 }),
      fc.array(fc.constantFrom(Kind.TRADE_BUY, Kind.TRADE_SELL), { minLength: 1, maxLength: 2 }),
      fc.constant([Kind.CLEAR, Kind.BID, Kind.ASK]),
      fc.constant([Kind.GAP]),
    ),
    joins: fc.boolean(),
  }) satisfies fc.Arbitrary<Message>,
  { minLength: 1, maxLength: 60 },
);

/** As a session tells them: whole messages in order of local time. */
function blocksOf(told: readonly Message[]): MarketBlock[] {
  const blocks: MarketBlock[] = [];
  let rows = new ColumnsBuilder(16);
  let local = 2e9;
  for (const [index, { after, late, kinds, joins }] of told.entries()) {
    local += after;
    for (const [at, kind] of kinds.entries()) {
      const hasPrice = kind <= Kind.TRADE_SELL;
      rows.push(local - late, local, kind, hasPrice ? 1000 + index : 0, hasPrice ? at + 1 : 0);
    }
    rows.endMessage();
    if (joins && index + 1 < told.length) continue;
    blocks.push(rows.view());
    rows = new ColumnsBuilder(16);
  }
  return blocks;
}

/** What the engine looks at. */
function seen(blocks: Iterable<MarketBlock>): (readonly number[])[] {
  const rows: (readonly number[])[] = [];
  for (const { kind, price, quantity, localTime, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const code = kind[row]! & (KIND_MASK | LAST);
      rows.push([localTime[row]!, code, price[row]!, quantity[row]!]);
    }
  }
  return rows;
}

const specOf = (path: string): LiveMarketSpec => ({
  kind: "live",
  paths: [path],
  venue: "test",
  epochSeconds: EPOCH_SECONDS,
  isImpactUnknown: true,
  account: { positionLots: 0, maker: 0, taker: 0 },
});

function tapeOf(name: string): { readonly tape: Tape; readonly journal: RunJournal } {
  const store = fileStore(join(folder, `${name}.journal`));
  const tape = store.tape({
    header: HEADER,
    format: "test-live",
    onFault: ({ text }) => {
      throw new Error(text);
    },
  });
  const created = store.create({
    format: 2,
    program: "test",
    nodeMajor: 24,
    instrument: {},
    market: specOf(`${name}.market.arrival`),
    config: {},
    seed: 1,
  });
  if (!created.ok) throw new Error(created.error.text);
  return { tape, journal: created.value };
}

const takeAll = (tape: Tape, block: MarketBlock): void => tape.take(block, 0, block.length);

describe("a market tape", () => {
  it("has every row that the engine saw, in its order, by its clock", () => {
    let number = 0;
    fc.assert(
      fc.property(messages, fc.boolean(), (told, ticks) => {
        const name = `${number++}`;
        const { tape, journal } = tapeOf(name);
        const blocks = blocksOf(told);
        for (const [index, block] of blocks.entries()) {
          takeAll(tape, block);
          if (index % 3 === 0) {
            journal.append("event", index, "{}");
            journal.commit();
          }
          if (ticks) tape.tick(block.localTime[block.length - 1]!);
        }
        tape.close();
        journal.close();
        const opened = openLiveMarket(specOf(join(folder, `${name}.market.arrival`)));
        if (!opened.ok) throw new Error(opened.error.text);
        expect(seen(opened.value.blocks)).toEqual(seen(blocks));
        expect(opened.value.header).toEqual({ ...HEADER, displacementModel: "unknown" });
        expect(opened.value.isCut).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("does not take rows whose local time falls: no replay could follow them", () => {
    const { tape, journal } = tapeOf("falls");
    const [late, early] = [3e9, 2e9].map((time) => {
      const rows = new ColumnsBuilder(1);
      rows.push(time, time, Kind.BID, 1000, 1);
      rows.endMessage();
      return rows.view();
    });
    takeAll(tape, late!);
    expect(() => takeAll(tape, early!)).toThrow(/local time fell/);
    tape.close();
    journal.close();
  });
});
