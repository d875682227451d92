/**
 * Live outcomes: what became of the advised orders of a run that stands, put on the record of their
 * table as each ends.
 *
 * It looks on while the engine works, so that nothing has to be worked again. What must stay true:
 * it writes what `countOutcomes` would write of the same journal, and whatever fails here fails
 * nothing else. An order that a restart went through is told by its journal alone.
 */
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Engine } from "../../core/engine.ts";
import { copyLive } from "../desk/live-copy.ts";
import { openJournal } from "../journal/reader.ts";
import { type AdvisedOrder, WorthWatch } from "./advice-worth.ts";
import { outcomeOf, runHash } from "./count-outcomes.ts";
import { tableOfSource } from "./earned-influence.ts";
import { appendEntry, recordPathOf } from "./influence-record.ts";

export interface LiveOutcomesOptions {
  /** That this process writes. */
  readonly journal: string;
  /** In words: what came on the record, or why nothing did. */
  readonly onNote: (text: string) => void;
}

export class LiveOutcomes {
  readonly #options: LiveOutcomesOptions;
  readonly #watch = new WorthWatch();
  #told = 0;
  #run: string | undefined;
  #isBroken = false;

  constructor(options: LiveOutcomesOptions) {
    this.#options = options;
  }

  /** To be called behind each step. Never throws. */
  step(event: EngineEvent, outputs: readonly EngineOutput[], engine: Engine): void {
    if (this.#isBroken) return;
    try {
      // Of those at work then, the part before the restart was not seen here.
      if (event.kind === "session-resumed") return this.#leaveOut(engine);
      this.#watch.step(event, outputs, engine);
      for (; this.#told < this.#watch.ended.length; this.#told++) {
        this.#put(this.#watch.ended[this.#told]!);
      }
    } catch (error) {
      this.#isBroken = true;
      this.#note(String(error));
    }
  }

  #leaveOut(engine: Engine): void {
    for (const { live } of engine.instruments) {
      for (const { order } of live) {
        const source = tableOfSource(order.advice?.influenceSource ?? "");
        if (source !== undefined)
          this.#byHand(source.path, `${order.id} was at work before the restart`);
      }
    }
  }

  #put(order: AdvisedOrder): void {
    const source = tableOfSource(order.influenceSource);
    if (source === undefined || Object.keys(order.byRegime).length === 0) return;
    this.#run ??= this.#readRun();
    if (this.#run === undefined) return this.#byHand(source.path, "the journal cannot be read now");
    const outcome = outcomeOf(source.hash, this.#run, order);
    const written = appendEntry(recordPathOf(source.path), outcome);
    if (!written.ok) return this.#byHand(source.path, written.error.text);
    const cost = Object.values(order.byRegime).reduce((sum, one) => sum + one.cost, 0);
    const did = cost > 0 ? "cost" : "saved";
    const much = `${Math.abs(cost).toFixed(2)} bps of its worth`;
    this.#options.onNote(`advice ${did} order ${order.id} about ${much}: on record`);
  }

  /** As `countOutcomes` names the run. */
  #readRun(): string | undefined {
    const copy = copyLive(this.#options.journal);
    if (!copy.ok) return undefined;
    try {
      const opened = openJournal(copy.value.path);
      if (!opened.ok) return undefined;
      try {
        return runHash({ journal: opened.value });
      } finally {
        opened.value.close();
      }
    } finally {
      copy.value.remove();
    }
  }

  #byHand(table: string, why: string): void {
    const { journal } = this.#options;
    this.#note(`${why}; arrival evaluate influence ${table} --count ${journal}, once it has ended`);
  }

  #note(why: string): void {
    this.#options.onNote(`what advice was worth is not on record: ${why}`);
  }
}
