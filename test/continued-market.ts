/**
 * Continued market: a made market as a public feed that may be joined at any time, and again after
 * it was left: whoever comes late is told the book as it is then, and what follows.
 */
import { ok } from "../src/core/domain/errors.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock, VENUE_ONLY } from "../src/core/market/columns.ts";
import type { Timers } from "../src/data/network/timers.ts";
import { MessageRows } from "../src/venues/message-rows.ts";
import type { OpenPublicFeed } from "../src/venues/paper/public-feed.ts";
import { type FedMarket, tellAgain, type Tells } from "./fed-market.ts";

type Message = readonly [block: MarketBlock, from: number, to: number];

/** @param time by the market's own clock: 0 is its epoch. */
export const continuedFeed =
  (market: FedMarket, time: Timers & { readonly now: number }, tells?: Tells): OpenPublicFeed =>
  () => {
    let isStopped = false;
    return Promise.resolve(
      ok({
        header: market.header,
        now: () => time.now,
        start(rows, _, told) {
          if (tells !== undefined) tellAgain(time, tells, told, () => isStopped);
          const sink = new MessageRows(rows);
          const messages = messagesOf(market.blocks);
          const book = new BookSides();
          let message = messages.next();
          for (; message.done !== true; message = messages.next()) {
            if (message.value[0].localTime[message.value[1]]! >= time.now) break;
            book.take(message.value);
          }
          if (!book.isEmpty) time.after(0, () => void (isStopped || book.tell(sink, time.now)));
          const next = (): void => {
            if (message.done === true || isStopped) return;
            const [block, from, to] = message.value;
            time.after(block.localTime[from]! - time.now, () => {
              if (isStopped) return;
              tell(sink, [block, from, to]);
              message = messages.next();
              next();
            });
          };
          next();
        },
        stop() {
          isStopped = true;
        },
      }),
    );
  };

function tell(sink: MessageRows, [block, from, to]: Message): void {
  const { exchangeTime, localTime, kind, price, quantity } = block;
  sink.begin("book", exchangeTime[from]!, localTime[from]!);
  for (let row = from; row < to; row++) {
    sink.row(kind[row]! & KIND_MASK, price[row]!, quantity[row]!);
  }
  sink.end();
}

/** Levels by price, as the rows so far have set them. */
class BookSides {
  readonly #sides = new Map<number, Map<number, number>>([
    [Kind.BID, new Map()],
    [Kind.ASK, new Map()],
  ]);

  get isEmpty(): boolean {
    return [...this.#sides.values()].every((side) => side.size === 0);
  }

  take([{ kind, price, quantity }, from, to]: Message): void {
    for (let row = from; row < to; row++) {
      const what = kind[row]! & KIND_MASK;
      if (what === Kind.CLEAR) for (const side of this.#sides.values()) side.clear();
      const side = this.#sides.get(what);
      if (side === undefined) continue;
      if (quantity[row] === 0) side.delete(price[row]!);
      else side.set(price[row]!, quantity[row]!);
    }
  }

  tell(sink: MessageRows, now: number): void {
    sink.begin("book", now, now);
    sink.row(Kind.CLEAR, 0, 0);
    for (const [kind, side] of this.#sides) {
      for (const [price, quantity] of side) sink.row(kind, price, quantity);
    }
    sink.end();
  }
}

function* messagesOf(blocks: Iterable<MarketBlock>): Generator<Message> {
  for (const block of blocks) {
    let from = 0;
    for (let row = 0; row < block.length; row++) {
      if ((block.kind[row]! & LAST) === 0) continue;
      if ((block.kind[from]! & VENUE_ONLY) === 0) yield [block, from, row + 1];
      from = row + 1;
    }
  }
}
