/**
 * Fed market: a made market's rows as a public feed, each message at its time, by any clock.
 */
import type { Result } from "../src/core/domain/errors.ts";
import { ok } from "../src/core/domain/errors.ts";
import {
  ENGINE_ONLY,
  LAST,
  type MarketBlock,
  type MarketHeader,
  VENUE_ONLY,
} from "../src/core/market/columns.ts";
import type { MarketTold } from "../src/core/domain/messages.ts";
import type { PublicFeed } from "../src/venues/paper/public-feed.ts";
import { MessageRows } from "../src/venues/message-rows.ts";
import type { Timers } from "../src/data/network/timers.ts";

export interface FedMarket {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
}

/** What a venue says besides at this time, in nanoseconds since the market's epoch. */
export type Tells = (nanos: number) => MarketTold | undefined;

/** Ten times a second, as venues do. */
export function tellAgain(
  time: Timers & { readonly now: number },
  tells: Tells,
  told: ((told: MarketTold) => void) | undefined,
  isOver: () => boolean,
): void {
  time.after(1e8, () => {
    if (isOver()) return;
    const now = tells(time.now);
    if (now !== undefined) told?.(now);
    tellAgain(time, tells, told, isOver);
  });
}

/** @param silentAfter nanoseconds since the market's epoch: nothing comes from there on. */
export const fedFeed =
  (
    market: FedMarket,
    time: Timers & { readonly now: number },
    silentAfter = Number.POSITIVE_INFINITY,
    tells?: Tells,
  ) =>
  (): Promise<Result<PublicFeed, never>> => {
    let isStopped = false;
    return Promise.resolve(
      ok({
        header: market.header,
        now: () => time.now,
        start(rows, _, told) {
          if (tells !== undefined) tellAgain(time, tells, told, () => isStopped);
          const sink = new MessageRows(rows);
          const messages = messagesOf(market.blocks);
          const next = (): void => {
            const message = messages.next();
            if (message.done === true || isStopped) return;
            const [{ exchangeTime, localTime, kind, price, quantity }, from, to] = message.value;
            if (localTime[from]! >= silentAfter) return;
            time.after(localTime[from]! - time.now, () => {
              if (isStopped) return;
              sink.begin("book", exchangeTime[from]!, localTime[from]!);
              for (let row = from; row < to; row++) {
                sink.row(kind[row]! & ~(LAST | ENGINE_ONLY), price[row]!, quantity[row]!);
              }
              sink.end();
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

function* messagesOf(blocks: Iterable<MarketBlock>): Generator<[MarketBlock, number, number]> {
  for (const block of blocks) {
    let from = 0;
    for (let row = 0; row < block.length; row++) {
      if ((block.kind[row]! & LAST) === 0) continue;
      if ((block.kind[from]! & VENUE_ONLY) === 0) yield [block, from, row + 1];
      from = row + 1;
    }
  }
}
