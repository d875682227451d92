/**
 * Message queue: what one group of files has read ahead, until its turn comes.
 *
 * Files that lie side by side are read a piece at a time, and a piece may hold an hour of one and a
 * second of the other. What must stay true: messages leave in the order in which they came, with
 * the place that they came from.
 */
import type { MarketSink, Quote } from "./capture.ts";
import type { Position } from "./fault.ts";

/** A sink for one instrument, with the position that it looks at. */
export interface Target {
  readonly sink: MarketSink;
  readonly position: Position;
}

interface Begun {
  readonly stream: "book" | "trade" | "quote";
  readonly exchangeTime: number;
  readonly localTime: number;
  readonly file: string;
  readonly line: number;
  /** Where its rows begin, counted from the first row that ever came. */
  readonly row: number;
}

interface Entry extends Begun {
  readonly target: string;
  readonly quote: Quote | undefined;
  readonly id: number;
}

/** All that waits, as plain values. */
export interface QueueState {
  readonly entries: readonly Entry[];
  readonly rows: readonly number[];
  readonly rowsTaken: number;
}

/** Entries that have left, before the rest moves up. */
const MOST_GONE = 4096;
const FIELDS = 3;

export class MessageQueue {
  #entries: Entry[] = [];
  #head = 0;
  /** Kind, price and quantity of each row. */
  #rows: number[] = [];
  /** Rows that have come, and of them the first that is still in `#rows`. */
  #rowsTaken = 0;
  #firstRow = 0;
  #lastLocal = 0;

  get isEmpty(): boolean {
    return this.#head === this.#entries.length;
  }

  /** Local time of the message that leaves next. */
  get nextTime(): number {
    return this.#entries[this.#head]!.localTime;
  }

  /** Takes the messages of one instrument. */
  sinkOf(target: string, position: Position): MarketSink {
    const add = (at: Begun, id: number, quote?: Quote): void => {
      this.#entries.push({ ...at, target, id, quote });
    };
    const here = (stream: Entry["stream"], exchangeTime: number, localTime: number): Begun => {
      const { file, line } = position;
      return { stream, exchangeTime, localTime, file, line, row: this.#rowsTaken };
    };
    let begun = here("book", 0, 0);
    return {
      begin: (stream, exchangeTime, localTime) => {
        begun = here(stream, exchangeTime, localTime);
        this.#lastLocal = localTime;
      },
      row: (kind, price, quantity) => {
        this.#rows.push(kind, price, quantity);
        this.#rowsTaken += 1;
      },
      // Only a whole message may leave.
      end: (id) => add(begun, id),
      // It says nothing of when it was received, so it stays behind the message before it.
      quote: (quote) => add(here("quote", 0, this.#lastLocal), 0, quote),
    };
  }

  /** Hands on the next message. */
  leave(targets: ReadonlyMap<string, Target>): void {
    const entry = this.#entries[this.#head++]!;
    const { sink, position } = targets.get(entry.target)!;
    position.file = entry.file;
    position.line = entry.line;
    if (entry.stream === "quote") sink.quote(entry.quote!);
    else {
      sink.begin(entry.stream, entry.exchangeTime, entry.localTime);
      const end = (this.#entries[this.#head]?.row ?? this.#rowsTaken) - this.#firstRow;
      for (let at = (entry.row - this.#firstRow) * FIELDS; at < end * FIELDS; at += FIELDS) {
        sink.row(this.#rows[at]!, this.#rows[at + 1]!, this.#rows[at + 2]!);
      }
      sink.end(entry.id);
    }
    if (this.isEmpty || this.#head >= MOST_GONE) this.#moveUp();
  }

  save(): QueueState {
    this.#moveUp();
    return { entries: this.#entries, rows: this.#rows, rowsTaken: this.#rowsTaken };
  }

  restore({ entries, rows, rowsTaken }: QueueState): void {
    this.#entries = [...entries];
    this.#rows = [...rows];
    this.#rowsTaken = rowsTaken;
    this.#firstRow = rowsTaken - rows.length / FIELDS;
    this.#lastLocal = entries.at(-1)?.localTime ?? 0;
  }

  #moveUp(): void {
    const first = this.#entries[this.#head]?.row ?? this.#rowsTaken;
    this.#rows.splice(0, (first - this.#firstRow) * FIELDS);
    this.#firstRow = first;
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }
}
