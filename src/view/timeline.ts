/**
 * Timeline: what happened to the orders of one run, a line each, newest kept.
 *
 * Bounded: older lines are in the journal, each under the number of its record. Words are made when
 * somebody reads them: the run does not wait for what nobody looks at.
 */
import { invariant } from "../core/domain/errors.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Micros } from "../core/domain/units.ts";
import {
  eventHappening,
  type Happening,
  isQuietEvent,
  isQuietOutput,
  outputHappening,
} from "./happening.ts";
import type { TimelineEntry } from "./shapes.ts";

const KEPT = 5000;
/** So many more are held before the oldest are let go together. */
const SLACK = 1000;

interface Noted {
  readonly record: number;
  readonly time: Micros;
  readonly tell: () => Happening | undefined;
}

/** Whether there is an order of that name. */
type IsOrder = (parentId: string) => boolean;

export class Timeline {
  readonly #instrument: Instrument;
  readonly #isOrder: IsOrder;
  #noted: (Noted | TimelineEntry)[] = [];

  constructor(instrument: Instrument, isOrder: IsOrder) {
    this.#instrument = instrument;
    this.#isOrder = isOrder;
  }

  event(record: number, event: EngineEvent): void {
    if (isQuietEvent(event)) return;
    this.#note({ record, time: event.time, tell: () => eventHappening(this.#instrument, event) });
  }

  output(record: number, time: Micros, output: EngineOutput): void {
    if (isQuietOutput(output)) return;
    this.#note({ record, time, tell: () => outputHappening(this.#instrument, output) });
  }

  /** Oldest first: the newest that are kept, or of them those behind record `after`. */
  entries(after = -1): readonly TimelineEntry[] {
    const from = Math.max(0, this.#noted.length - KEPT);
    let first = this.#noted.length;
    while (first > from && this.#noted[first - 1]!.record > after) first -= 1;
    for (let k = first; k < this.#noted.length; k++) this.#noted[k] = this.#told(this.#noted[k]!);
    return this.#noted.slice(first) as TimelineEntry[];
  }

  #note(noted: Noted): void {
    this.#noted.push(noted);
    if (this.#noted.length > KEPT + SLACK) this.#noted = this.#noted.slice(-KEPT);
  }

  #told(noted: Noted | TimelineEntry): TimelineEntry {
    if (!("tell" in noted)) return noted;
    const { record, time, tell } = noted;
    const told = tell();
    invariant(told !== undefined, `record ${record} was noted, and says nothing`);
    const { kind, severity, parentId, text } = told;
    return { record, time, kind, severity, parentId: parentId ?? this.#namedIn(text), text };
  }

  /** An alert names the order that it is about in front: `CODE: PARENT: text`. */
  #namedIn(text: string): string | null {
    const named = text.split(": ", 2)[1];
    return named !== undefined && this.#isOrder(named) ? named : null;
  }
}
