import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENGINE_ONLY, VENUE_ONLY } from "../core/market/columns.ts";
import { type MessageOrder, orderMessages } from "./ordering.ts";

interface Message {
  readonly exchange: number;
  readonly local: number;
  readonly rows: number;
}

const order = (messages: readonly Message[]): MessageOrder =>
  orderMessages(
    Float64Array.from(messages, (message) => message.exchange),
    Float64Array.from(messages, (message) => message.local),
    Int32Array.from(messages, (message) => message.rows),
  );

/** What one side sees: the messages that are not for the other side alone. */
const seenBy = ({ messages, flags }: MessageOrder, othersOnly: number): number[] =>
  [...messages].filter((_, index) => flags[index] !== othersOnly);

const stableSort = (messages: readonly Message[], by: "exchange" | "local"): number[] =>
  messages.map((_, index) => index).sort((a, b) => messages[a]![by] - messages[b]![by] || a - b);

/** The most rows that any common subsequence of both orders can have, by comparing all pairs. */
function mostShared(messages: readonly Message[]): number {
  const rank = new Map(stableSort(messages, "exchange").map((message, place) => [message, place]));
  const local = stableSort(messages, "local");
  const best: number[] = [];
  for (const [place, message] of local.entries()) {
    let before = 0;
    for (let earlier = 0; earlier < place; earlier++) {
      if (rank.get(local[earlier]!)! < rank.get(message)!)
        before = Math.max(before, best[earlier]!);
    }
    best.push(before + messages[message]!.rows);
  }
  return Math.max(0, ...best);
}

const messages = (maxLength: number): fc.Arbitrary<Message[]> =>
  fc.array(
    fc.record({
      exchange: fc.integer({ min: 0, max: 40 }),
      local: fc.integer({ min: 0, max: 40 }),
      rows: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength },
  );

/** As recordings are: local times rise, exchange times lag behind by a jittering latency. */
const recorded = fc
  .array(fc.tuple(fc.nat(3), fc.nat(8), fc.integer({ min: 1, max: 9 })), { maxLength: 60 })
  .map((steps) => {
    let local = 0;
    return steps.map(([step, latency, rows]): Message => {
      local += step;
      return { exchange: local - latency, local, rows };
    });
  });

describe("ordering", () => {
  it("shows each side the stable sort by its own clock, whatever the other's order", () => {
    fc.assert(
      fc.property(fc.oneof(messages(60), recorded), (input) => {
        const result = order(input);
        expect(seenBy(result, VENUE_ONLY)).toEqual(stableSort(input, "local"));
        expect(seenBy(result, ENGINE_ONLY)).toEqual(stableSort(input, "exchange"));
        expect(result.messages).toHaveLength(input.length + result.doubled);
      }),
      { numRuns: 1000 },
    );
  });

  it("doubles no more rows than it must", () => {
    fc.assert(
      fc.property(fc.oneof(messages(40), recorded), (input) => {
        const { messages: out, flags } = order(input);
        let shared = 0;
        for (const [index, message] of out.entries()) {
          if (flags[index] === 0) shared += input[message]!.rows;
        }
        expect(shared).toBe(mostShared(input));
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves a market alone whose two clocks agree", () => {
    const result = order([
      { exchange: 1, local: 2, rows: 3 },
      { exchange: 1, local: 2, rows: 1 },
      { exchange: 5, local: 6, rows: 2 },
    ]);
    expect([...result.messages]).toEqual([0, 1, 2]);
    expect(result.doubled).toBe(0);
  });

  it("doubles the light message, not the heavy one that it changes places with", () => {
    const result = order([
      { exchange: 10, local: 20, rows: 500 },
      { exchange: 9, local: 21, rows: 1 },
    ]);
    expect([...result.messages]).toEqual([1, 0, 1]);
    expect([...result.flags]).toEqual([VENUE_ONLY, 0, ENGINE_ONLY]);
  });
});
