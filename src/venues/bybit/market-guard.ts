/**
 * Market guard: asks the venue for its book now and then, and speaks up when ours is not the same.
 *
 * One answer proves nothing (a level may come and go between two pushes of the stream), so a
 * difference is believed when it is still there a few seconds later. What must stay true: the
 * market is distrusted for a level that differs twice, and for nothing else.
 */
import { ok, type Result } from "../../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../../core/market/columns.ts";
import type { Timers } from "../../data/network/timers.ts";
import { type BookAnswer, MarketCheck } from "./market-check.ts";
import type { BybitRest } from "./rest-client.ts";
import { Fields, Grid, type WireFault } from "./wire.ts";

export interface MarketGuardOptions {
  readonly rest: BybitRest;
  readonly header: MarketHeader;
  /** Between two checks; 0: none. */
  readonly everyMs: number;
  /** From a difference to the second look, and from an answer to its comparison. */
  readonly againMs: number;
  /** Levels that the stream has touched so shortly before or after an answer are left out. */
  readonly quietMs: number;
  readonly onWrong: (text: string) => void;
  readonly timers: Timers;
}

const LEVELS = 20;

export class MarketGuard {
  readonly #options: MarketGuardOptions;
  readonly #check: MarketCheck;
  readonly #grid: Grid;
  #takeBack: (() => void) | undefined;
  #isClosed = false;
  /** What differed at the last look. */
  #suspects: readonly string[] = [];
  /** Levels that were compared and found the same, or not. */
  compared = 0;

  constructor(options: MarketGuardOptions) {
    this.#options = options;
    this.#grid = new Grid(options.header.instrument);
    this.#check = new MarketCheck(options.quietMs * 1e6);
  }

  rows(block: MarketBlock): void {
    if (this.#options.everyMs > 0) this.#check.rows(block);
  }

  start(): void {
    if (this.#options.everyMs > 0) this.#next(this.#options.everyMs, () => this.#ask());
  }

  close(): void {
    this.#isClosed = true;
    this.#takeBack?.();
  }

  async #ask(): Promise<void> {
    const { rest, everyMs, againMs } = this.#options;
    const { kind, symbol } = this.#grid.instrument;
    const query = { category: kind, symbol, limit: String(LEVELS) };
    const outcome = await rest.get({ path: "/v5/market/orderbook", query });
    if (this.#isClosed) return;
    const answer = outcome.kind === "answered" ? this.#read(outcome.answer.result) : undefined;
    if (answer?.ok === true) this.#next(againMs, () => this.#compare(answer.value));
    else this.#next(everyMs, () => this.#ask());
  }

  #compare(answer: BookAnswer): void {
    const { everyMs, againMs, onWrong } = this.#options;
    // A market that stands still brings no rows to compare by.
    if (!this.#check.isPast(answer)) return this.#next(everyMs, () => this.#ask());
    const { compared, differences } = this.#check.compare(answer);
    this.compared += compared;
    const places = differences.map(placeOf);
    const still = differences.filter((text) => this.#suspects.includes(placeOf(text)));
    this.#suspects = places;
    if (still.length > 0) {
      this.#suspects = [];
      onWrong(still[0]!);
    }
    this.#next(places.length > 0 ? againMs : everyMs, () => this.#ask());
  }

  #next(ms: number, run: () => void | Promise<void>): void {
    if (this.#isClosed) return;
    this.#takeBack?.();
    this.#takeBack = this.#options.timers.after(ms * 1e6, () => void run());
  }

  #read(result: unknown): Result<BookAnswer, WireFault> {
    const fields = new Fields(result, "order book");
    const at = fields.time(fields.raw("cts") === undefined ? "ts" : "cts");
    const bids = this.#levels(fields, "b");
    const asks = this.#levels(fields, "a");
    const time = Number(BigInt(at) * 1000n - this.#options.header.epochNanos);
    return fields.fault === undefined
      ? ok({ time, bids, asks })
      : { ok: false, error: fields.fault };
  }

  #levels(fields: Fields, name: string): (readonly [number, number])[] {
    return fields.list(name).map((level) => {
      const [price, quantity]: readonly unknown[] = Array.isArray(level) ? level : [];
      const row = new Fields({ price, quantity }, "order book level");
      const read = [this.#grid.price(row, "price"), this.#grid.quantity(row, "quantity")] as const;
      if (row.fault !== undefined) fields.refuse(row.fault.text);
      return read;
    });
  }
}

/** `bid at 999 ticks`: which level, without what differs. */
const placeOf = (difference: string): string => difference.split(":", 1)[0]!;
