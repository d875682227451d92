/**
 * Interruption: how a run is ended before its orders have come to their own ends.
 *
 * What must stay true: whatever the venue does, the run ends in bounded time; and what could not be
 * withdrawn by then is told.
 */
import { type Micros, micros, SECOND } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { InterruptPolicy } from "./live-config.ts";
import type { LiveLoop } from "./live-loop.ts";
import { type Interrupted, LiveHalt } from "./live-terms.ts";

/** What has not ended so long after it was told to is left as it is. */
const ENDING_NANOS = 60e9;
/** Long enough for the last child to be withdrawn before the residual policy is asked. */
const HURRY = SECOND;

export class Interruption {
  readonly #loop: LiveLoop;
  readonly #engine: Engine;
  readonly #timers: Timers;
  #giveUp: (() => void) | undefined;

  constructor(loop: LiveLoop, engine: Engine, timers: Timers) {
    this.#loop = loop;
    this.#engine = engine;
    this.#timers = timers;
  }

  /** Where the orders have ended, and the run only looks on, it ends at once. */
  begin(policy: InterruptPolicy, by: string): Interrupted {
    if (this.#loop.cutLinger()) return "ended";
    if (policy === "leave") {
      this.#loop.leave();
      return "left";
    }
    const { now } = this.#loop;
    const live = this.#engine.instruments[0]!.live;
    // What has not started has nothing to finish.
    const hurried = live.filter(({ order }) => policy === "finish" && order.startAt <= now);
    for (const parent of live) {
      if (hurried.includes(parent)) this.#hurry(parent, by);
      else this.#cancel(parent, by);
    }
    this.#loop.standDown();
    this.endSoon();
    return hurried.length > 0 ? "finishing" : "canceling";
  }

  #cancel({ order }: ParentState, by: string): void {
    const reason = "interrupted";
    const parentId = order.id;
    this.#loop.operate((time) => ({ kind: "parent-canceled", time, parentId, by, reason }));
  }

  /** The deadline is now: what is left is the residual policy's. */
  #hurry({ order }: ParentState, by: string): void {
    const parentId = order.id;
    this.#loop.operate((time) => {
      const deadline = hurriedDeadline(time, order);
      return { kind: "parent-amended", time, parentId, by, amendment: { deadline } };
    });
  }

  /** Gives the ending its time, then withdraws by every way there is and stops waiting. */
  endSoon(): void {
    if (this.#giveUp !== undefined) return;
    const cancel = this.#timers.after(ENDING_NANOS, () => {
      const waited = `${ENDING_NANOS / 1e9} s`;
      this.#loop.fail(
        new LiveHalt(`after ${waited} the venue has not told the end of every order`),
      );
    });
    this.#giveUp = cancel;
    void this.#loop.ended.then(cancel);
  }
}

const hurriedDeadline = (time: Micros, order: ParentState["order"]): Micros =>
  micros(Math.min(Math.max(time, order.startAt) + HURRY, order.deadline));
