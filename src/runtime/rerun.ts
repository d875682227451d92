/**
 * Rerun: a journal of a market that answered us, checked by running all of it again.
 *
 * There the market's rows hang on our orders, and so do the venue's reports: neither can be
 * replayed without the other. So the operators' events alone are taken from the journal, and
 * everything else must come out as it stands there, byte by byte.
 */
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Engine } from "../core/engine.ts";
import type { JournalRecord, JournalSink } from "./journal/journal.ts";
import type { Difference } from "./replay.ts";
import type { ReplayedStep } from "./replay-opening.ts";
import { simulate } from "./simulated-loop.ts";
import type { SimulatedMarket } from "./simulated-market.ts";

/** What the loop makes by itself; every other event came from outside. */
const MADE: ReadonlySet<EngineEvent["kind"]> = new Set([
  "touch-moved",
  "timer-fired",
  "order-reported",
  "market-ended",
] as const);

export interface Rerun {
  readonly difference: Difference | undefined;
  readonly events: number;
  readonly outputs: number;
  /** Record before which the market data end, where they were cut off. */
  readonly endedAt?: number | undefined;
  /** Events that were taken as they stand there. */
  readonly recalled?: number;
}

type Journal = {
  readonly count: number;
  readonly sealed: boolean;
  records(): Iterable<JournalRecord>;
};

export function rerun(
  market: SimulatedMarket,
  engine: Engine,
  journal: Journal,
  onProgress?: (done: number, total: number) => void,
): Rerun {
  const steps = rerunSteps(market, engine, journal, onProgress);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Event by event, each as soon as the engine has taken it. May be left early. */
export function* rerunSteps(
  market: SimulatedMarket,
  engine: Engine,
  journal: Journal,
  onProgress?: (done: number, total: number) => void,
): Generator<ReplayedStep, Rerun> {
  const check = new Check(journal.records()[Symbol.iterator](), journal.sealed, (done) =>
    onProgress?.(done, journal.count),
  );
  const scheduled = [...outside(journal.records())];
  const taken: ReplayedStep[] = [];
  const onStep = (event: EngineEvent, outputs: readonly EngineOutput[]): void => {
    taken.push({ record: check.record, event, outputs });
  };
  const steps = simulate({ market, lanes: [{ engine, scheduled, journal: check, onStep }] });
  try {
    while (steps.next().done !== true) {
      yield* taken.splice(0);
      if (check.isOver) break;
    }
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  } finally {
    steps.return(undefined as never);
  }
  return { difference: check.finish(), events: check.events, outputs: check.outputs };
}

function* outside(records: Iterable<JournalRecord>): Generator<EngineEvent> {
  for (const { kind, body } of records) {
    if (kind !== "event") continue;
    const event = JSON.parse(body) as EngineEvent;
    if (!MADE.has(event.kind)) yield event;
  }
}

const MARKET_ENDED = '"kind":"market-ended"' satisfies `"kind":"${EngineEvent["kind"]}"`;

/** There is nothing more to compare. */
class Enough extends Error {}

class Check implements JournalSink {
  events = 0;
  outputs = 0;
  /** Number of the last event in the journal. */
  record = 0;
  isOver = false;
  readonly #records: Iterator<JournalRecord>;
  readonly #isWhole: boolean;
  readonly #onProgress: (done: number) => void;
  #last: JournalRecord | undefined;
  /** The market has come to its end: what follows in the journal is all that there was. */
  #sawEnd = false;
  #difference: Difference | undefined;

  constructor(
    records: Iterator<JournalRecord>,
    isWhole: boolean,
    onProgress: (done: number) => void,
  ) {
    this.#records = records;
    this.#isWhole = isWhole;
    this.#onProgress = onProgress;
  }

  append(kind: "event" | "output", position: number, body: string): void {
    const next = this.#records.next();
    if (next.done === true) {
      // A run that was stopped ends between two events: there the journal says no more either.
      if (this.#isWhole && (this.#sawEnd || kind === "output")) this.#differ(undefined, body);
      this.isOver = true;
      throw new Enough();
    }
    const record = next.value;
    this.#last = record;
    if (record.kind !== kind || record.body !== body || record.position !== position) {
      this.#differ(record.body, body);
      throw new Enough();
    }
    if (kind === "event") {
      this.events += 1;
      this.record = record.sequence;
      this.#sawEnd ||= body.includes(MARKET_ENDED);
    } else this.outputs += 1;
    if (record.sequence % 256 === 0) this.#onProgress(record.sequence);
  }

  commit(): void {
    // Nothing is written.
  }

  close(): void {
    // Nothing is open.
  }

  /** The first difference, what the journal has beyond the run included. */
  finish(): Difference | undefined {
    if (this.#difference !== undefined || this.isOver) return this.#difference;
    const next = this.#records.next();
    if (next.done === true) return undefined;
    const { sequence, position, body } = next.value;
    return { sequence, position, journaled: body, recomputed: undefined };
  }

  #differ(journaled: string | undefined, recomputed: string): void {
    const { sequence, position } = this.#last ?? { sequence: 0, position: 0 };
    this.#difference = { sequence, position, journaled, recomputed };
    this.isOver = true;
  }
}
