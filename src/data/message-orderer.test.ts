import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ENGINE_ONLY, Kind, LAST, type MarketBlock, VENUE_ONLY } from "../core/market/columns.ts";
import { newCounts } from "./capture.ts";
import { MessageOrderer, type OrdererOptions } from "./message-orderer.ts";
import { orderMessages } from "./ordering.ts";

interface Message {
  readonly stream: "book" | "trade";
  readonly exchange: number;
  readonly local: number;
  readonly rows: number;
}

/** A row as text: both times, the number of its message, its place in it, and its flags. */
type Line = string;

const linesOf = (block: MarketBlock): Line[] =>
  Array.from({ length: block.length }, (_, row) =>
    [
      block.exchangeTime[row],
      block.localTime[row],
      block.price[row],
      block.quantity[row],
      block.kind[row]! & (LAST | ENGINE_ONLY | VENUE_ONLY),
    ].join(" "),
  );

class Run {
  readonly counts = newCounts();
  readonly lines: Line[] = [];
  readonly orderer: MessageOrderer;
  most = 0;

  constructor(options: Partial<OrdererOptions>) {
    this.orderer = new MessageOrderer({
      counts: this.counts,
      horizonNanos: 10,
      stepRows: 4,
      onBlock: (block) => this.lines.push(...linesOf(block)),
      ...options,
    });
  }

  take(messages: readonly Message[], from = 0): this {
    for (const [index, message] of messages.entries()) {
      this.orderer.begin(message.stream, message.exchange, message.local);
      for (let row = 0; row < message.rows; row++) {
        this.orderer.row(Kind.BID, from + index + 1, row);
      }
      this.orderer.end();
      this.most = Math.max(this.most, this.orderer.held);
    }
    return this;
  }

  end(): Line[] {
    this.orderer.flush();
    return this.lines;
  }
}

/** What ordering everything at once gives: the book's times held at the highest, as they came. */
function whole(messages: readonly Message[]): Line[] {
  let [exchange, local] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const timed = messages.map((message, index) => {
    if (message.stream === "trade") return { ...message, index };
    exchange = Math.max(exchange, message.exchange);
    local = Math.max(local, message.local);
    return { ...message, exchange, local, index };
  });
  const withRows = timed.filter(({ rows }) => rows > 0);
  const order = orderMessages(
    Float64Array.from(withRows, (message) => message.exchange),
    Float64Array.from(withRows, (message) => message.local),
    Int32Array.from(withRows, (message) => message.rows),
  );
  return [...order.messages].flatMap((place, at) => {
    const message = withRows[place]!;
    return Array.from({ length: message.rows }, (_, row) =>
      [
        message.exchange,
        message.local,
        message.index + 1,
        row,
        order.flags[at]! | (row === message.rows - 1 ? LAST : 0),
      ].join(" "),
    );
  });
}

/** No message is more than `late` behind the greatest time so far, by either clock. */
const streams = (late: number): fc.Arbitrary<Message[]> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom("book", "trade"),
        fc.nat(6),
        fc.nat(late),
        fc.nat(late),
        fc.nat({ max: 5 }),
      ),
      { maxLength: 120 },
    )
    .map((steps) => {
      let now = 0;
      return steps.map(([stream, step, exchangeLate, localLate, rows]): Message => {
        now += step;
        return { stream, exchange: now - exchangeLate, local: now + 5 - localLate, rows };
      });
    });

describe("message orderer", () => {
  it("gives the rows that ordering everything at once gives, in whatever pieces it comes", () => {
    fc.assert(
      fc.property(streams(10), fc.integer({ min: 1, max: 40 }), (messages, stepRows) => {
        const run = new Run({ stepRows }).take(messages);
        expect(run.end()).toEqual(whole(messages));
        expect(run.counts.lateMessages).toBe(0);
        expect(run.orderer.rowsTaken).toBe(messages.reduce((sum, { rows }) => sum + rows, 0));
        expect(run.orderer.rows).toBe(run.lines.length);
      }),
      { numRuns: 1000 },
    );
  });

  it("drops no message that comes too late: both orders rise, and it is counted", () => {
    fc.assert(
      fc.property(streams(200), (messages) => {
        const run = new Run({});
        const lines = run
          .take(messages)
          .end()
          .map((line) => line.split(" ").map(Number));
        const seen = (except: number): number[][] =>
          lines.filter(([, , , , flags]) => (flags! & except) === 0);
        const rows = messages.reduce((sum, message) => sum + message.rows, 0);
        for (const [except, clock] of [
          [ENGINE_ONLY, 0],
          [VENUE_ONLY, 1],
        ] as const) {
          const times = seen(except).map((line) => line[clock]!);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          expect(times).toHaveLength(rows);
        }
        const moved = new Set(
          lines
            .filter(([exchange, local, index]) => {
              const { exchange: own, local: ownLocal, stream } = messages[index! - 1]!;
              return stream === "trade" && (exchange !== own || local !== ownLocal);
            })
            .map(([, , index]) => index),
        );
        expect(run.counts.lateMessages).toBeGreaterThanOrEqual(moved.size);
      }),
      { numRuns: 500 },
    );
  });

  it("goes on in another process as if nothing had been", () => {
    fc.assert(
      fc.property(streams(40), fc.nat(120), (messages, at) => {
        const straight = new Run({}).take(messages);
        const before = new Run({}).take(messages.slice(0, at));
        const after = new Run({});
        after.orderer.restore(
          deserialize(serialize(before.orderer.save())) as ReturnType<MessageOrderer["save"]>,
        );
        after.take(messages.slice(at), Math.min(at, messages.length));
        expect([...before.lines, ...after.end()]).toEqual(straight.end());
        expect(after.orderer.leastLatency).toBe(straight.orderer.leastLatency);
        expect(after.orderer.messages).toBe(straight.orderer.messages);
      }),
      { numRuns: 300 },
    );
  });

  it("holds no more than it may, where the two orders never agree", () => {
    // Each trade is received five messages after it was made: no two messages ever join.
    const chained: Message[] = [];
    for (let time = 0; time < 2000; time++) {
      const trade = time % 3 === 0;
      const exchange = trade ? time - 5 : time;
      chained.push({ stream: trade ? "trade" : "book", exchange, local: time, rows: 2 });
    }
    const run = new Run({ mostHeld: 100 }).take(chained);
    expect(run.most).toBeLessThanOrEqual(102);
    const times = run
      .end()
      .map((line) => line.split(" ").map(Number))
      .filter(([, , , , flags]) => (flags! & ENGINE_ONLY) === 0);
    expect(times.map(([exchange]) => exchange)).toEqual(
      times.map(([exchange]) => exchange!).toSorted((a, b) => a - b),
    );
    expect(run.counts.lateMessages).toBeGreaterThan(0);
    expect(run.orderer.rowsTaken).toBe(4000);
  });

  it("may be emptied, and goes on", () => {
    const run = new Run({}).take([{ stream: "book", exchange: 5, local: 6, rows: 1 }]);
    expect(run.end()).toEqual([`5 6 1 0 ${LAST}`]);
    run.take([{ stream: "trade", exchange: 4, local: 7, rows: 1 }], 1);
    expect(run.end()[1]).toBe(`5 7 2 0 ${LAST}`);
    expect(run.counts.lateMessages).toBe(1);
  });
});
