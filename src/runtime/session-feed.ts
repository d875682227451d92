/**
 * Session feed: shows an engine the rows of a run again, session by session, up to any position.
 *
 * A run that was gone on with has rows of several sessions, and of one that was cut off some may be
 * lost: their positions were counted all the same. What must stay true: no row of a session is
 * shown before the engine has been told of that session.
 */
import type { Engine } from "../core/engine.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { BlockFeed } from "./block-feed.ts";

export class SessionFeed {
  readonly #engine: Engine;
  readonly #sessions: readonly Iterable<MarketBlock>[];
  #session = 0;
  #cursor: ReturnType<BlockFeed["cursor"]>;

  constructor(engine: Engine, sessions: readonly Iterable<MarketBlock>[]) {
    this.#engine = engine;
    this.#sessions = sessions;
    this.#cursor = new BlockFeed(sessions[0] ?? []).cursor();
  }

  /** Rows of the session in hand, as far as there are any. @returns whether all were there. */
  showTo(position: number): boolean {
    const { observer } = this.#engine.instruments[0]!;
    while (observer.position < position) {
      const { block, row } = this.#cursor;
      if (block === undefined) return false;
      const to = Math.min(block.length, row + position - observer.position);
      this.#cursor.advanceTo(this.#engine.observe(0, block, row, to, Number.POSITIVE_INFINITY));
    }
    return true;
  }

  /** What is left of the session in hand. */
  showAll(): void {
    this.showTo(Number.POSITIVE_INFINITY);
  }

  /** Rows that were there when the next session began, and are not any more, are counted on. */
  passOver(position: number): void {
    const { observer } = this.#engine.instruments[0]!;
    if (observer.position < position) observer.beginAnew(position - observer.position);
  }

  /** The engine has been told of the next session: its rows are shown from here on. */
  next(): void {
    this.#session += 1;
    this.#cursor = new BlockFeed(this.#sessions[this.#session] ?? []).cursor();
  }

  /** To where a checkpoint was made, which says what its session was and where that began. */
  skipTo(position: number, session: number, sessionFrom: number): void {
    const { observer } = this.#engine.instruments[0]!;
    while (this.#session + 1 < session) {
      this.showAll();
      const isLast = this.#session + 2 === session;
      observer.beginAnew(isLast ? sessionFrom - observer.position : 0);
      this.next();
    }
    this.showTo(position);
  }
}
