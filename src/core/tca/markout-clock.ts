/**
 * Markout clock: when the mid after each fill is to be looked at.
 */
import { MINUTE, type Micros, micros, NEVER, SECOND } from "../domain/units.ts";

/** Spans after a fill at which its markout is taken. */
export const MARKOUT_SPANS: readonly Micros[] = [
  SECOND,
  micros(10 * SECOND),
  MINUTE,
  micros(5 * MINUTE),
];

/** So many that were taken out of a queue stay in it: it is moved together that rarely. */
const MOST_TAKEN = 1024;

/** One look that is to be taken. */
export interface Due<Owner> {
  readonly at: Micros;
  readonly owner: Owner;
  readonly executionId: string;
  readonly after: Micros;
}

export interface PendingMarkouts<Owner> {
  /** In order of time. */
  readonly fills: readonly {
    readonly owner: Owner;
    readonly executionId: string;
    readonly filledAt: Micros;
  }[];
  /** How many of the last of them each span waits for. */
  readonly counts: readonly number[];
}

export class MarkoutClock<Owner> {
  /** One queue per span: fills come in order of time, so each queue is sorted by itself. */
  readonly #queues: readonly Due<Owner>[][] = MARKOUT_SPANS.map(() => []);
  readonly #heads: number[] = MARKOUT_SPANS.map(() => 0);

  add(owner: Owner, executionId: string, filledAt: Micros): void {
    MARKOUT_SPANS.forEach((after, span) => {
      this.#queues[span]!.push({ at: micros(filledAt + after), owner, executionId, after });
    });
    this.#setNext();
  }

  /** What has not been looked at yet, for whoever keeps it. */
  get pending(): PendingMarkouts<Owner> {
    const counts = this.#queues.map(({ length }, span) => length - this.#heads[span]!);
    // The longest span waits for every fill that another one waits for.
    const last = MARKOUT_SPANS.length - 1;
    const longest = this.#queues[last]!.slice(this.#heads[last]);
    const fills = longest.map(({ at, owner, executionId, after }) => ({
      owner,
      executionId,
      filledAt: micros(at - after),
    }));
    return { fills, counts };
  }

  /** Takes up what `pending` told. */
  restore({ fills, counts }: PendingMarkouts<Owner>): void {
    for (const [span, after] of MARKOUT_SPANS.entries()) {
      const queue = this.#queues[span]!;
      for (const { owner, executionId, filledAt } of fills.slice(fills.length - counts[span]!)) {
        queue.push({ at: micros(filledAt + after), owner, executionId, after });
      }
    }
    this.#setNext();
  }

  /** The earliest look that is wanted; `NEVER` when none is. */
  nextAt: Micros = NEVER;

  #setNext(): void {
    this.nextAt = NEVER;
    for (let span = 0; span < MARKOUT_SPANS.length; span++) {
      const due = this.#queues[span]![this.#heads[span]!];
      if (due !== undefined && due.at < this.nextAt) this.nextAt = due.at;
    }
  }

  /** Takes out all looks due at or before `now`. */
  due(now: Micros): readonly Due<Owner>[] {
    if (this.nextAt > now) return [];
    const taken: Due<Owner>[] = [];
    for (let span = 0; span < MARKOUT_SPANS.length; span++) {
      const queue = this.#queues[span]!;
      let head = this.#heads[span]!;
      while (head < queue.length && queue[head]!.at <= now) taken.push(queue[head++]!);
      // A queue that never runs empty must not keep what was taken out of it.
      if (head === queue.length || head > MOST_TAKEN) {
        queue.splice(0, head);
        head = 0;
      }
      this.#heads[span] = head;
    }
    this.#setNext();
    return taken;
  }
}
