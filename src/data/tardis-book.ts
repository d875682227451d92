/**
 * Tardis book: the table `incremental_book_L2` of Tardis.dev.
 *
 * A row states a level's new amount, 0 removes it. Rows of equal times are one message. A
 * snapshot follows where `is_snapshot` turns true: it begins each file, and in the midst of one it
 * says that the connection was lost. What must stay true: what had been known of the book is given
 * up there first.
 */
import { Kind } from "../core/market/columns.ts";
import { badLine, type CaptureContext, type CaptureDecoder, type Track } from "./capture.ts";
import type { DataFault } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { OpenMessage, type SavedMessage } from "./open-message.ts";
import { cutCells, type SavedRows, TARDIS_HEADS, TardisRows } from "./tardis-rows.ts";

/** Silence between two files after which something is missing between them, nanoseconds. */
const JOIN_NANOS = 60e9;

interface SavedBook {
  readonly rows: SavedRows | undefined;
  readonly message: SavedMessage;
  readonly isSnapshot: boolean;
  readonly known: boolean;
  readonly isFirst: boolean;
  readonly id: number;
}

/** Changes of one book, level by level. */
export class TardisBook implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #rows: TardisRows;
  readonly #message: OpenMessage;
  readonly #cells = ["", "", "", ""];
  #isSnapshot = false;
  #known = false;
  /** Whether the next row is the first of a file. */
  #isFirst = true;
  /** Of the message begun last. */
  #id = 0;

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#rows = new TardisRows(context);
    this.#message = new OpenMessage(context.position);
  }

  get tracks(): readonly Track[] {
    return this.#rows.track === undefined ? [] : [this.#rows.track];
  }

  line(text: string): DataFault | undefined {
    if (text === "" || text.startsWith(TARDIS_HEADS["tardis-book"])) {
      this.#newFile();
      return undefined;
    }
    const rows = this.#rows;
    const from = rows.begin(text);
    if (from === 0) return rows.fault;
    const cells = this.#cells;
    const isCut = cutCells(text, from, cells);
    const [stated, side, price, amount] = cells as [string, string, string, string];
    const isSnapshot = stated === "true";
    if (!isCut || !(isSnapshot || stated === "false") || !(side === "bid" || side === "ask")) {
      return badLine(this.#context, text, "is no row of incremental_book_L2");
    }
    const ticks = rows.price(price);
    const lots = rows.quantity(amount);
    if (ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price or amount that is no number");
    }
    const message = this.#message;
    const goesOn =
      message.isOpen &&
      !message.isFull &&
      rows.exchangeTime === message.exchangeTime &&
      rows.localTime === message.localTime &&
      isSnapshot === this.#isSnapshot;
    if (goesOn) message.goOn();
    else this.#begin(isSnapshot);
    if (ticks === OFF_GRID || lots === OFF_GRID) return undefined;
    message.row(side === "bid" ? Kind.BID : Kind.ASK, ticks, lots);
    return undefined;
  }

  finish(): DataFault | undefined {
    this.#end();
    const fault = this.#rows.finish();
    if (fault !== undefined || this.tracks[0]!.counts.snapshots.used > 0) return fault;
    const { file } = this.#context.position;
    const text = `${file}: there is no snapshot (is_snapshot = true), so no book is ever known`;
    return { code: "DATA_EMPTY", text, file };
  }

  save(): SavedBook {
    return {
      rows: this.#rows.save(),
      message: this.#message.save(),
      isSnapshot: this.#isSnapshot,
      known: this.#known,
      isFirst: this.#isFirst,
      id: this.#id,
    };
  }

  restore(value: unknown): void {
    const saved = value as SavedBook;
    this.#rows.restore(saved.rows);
    this.#message.restore(saved.message);
    this.#isSnapshot = saved.isSnapshot;
    this.#known = saved.known;
    this.#isFirst = saved.isFirst;
    this.#id = saved.id;
  }

  #newFile(): void {
    this.#end();
    this.#isFirst = true;
    this.#isSnapshot = false;
  }

  #begin(isSnapshot: boolean): void {
    this.#end();
    const message = this.#message;
    const { exchangeTime, localTime, messageId, track } = this.#rows;
    const { counts, sink } = track!;
    const isNew = isSnapshot && !this.#isSnapshot;
    const isJoined = this.#isFirst && localTime - message.localTime < JOIN_NANOS;
    counts.bookMessages += 1;
    this.#context.file.stream("incremental_book_L2");
    if (isNew && this.#known && !isJoined) {
      counts.gaps.add(() => ({ ...this.#context.position, expected: 0, found: 0 }));
      // From the last message on nothing is known; that it is so was learned now.
      sink.begin("book", message.exchangeTime, localTime);
      sink.row(Kind.GAP, 0, 0);
      sink.end(0);
    }
    if (isNew) {
      this.#known = true;
      counts.snapshots.used += 1;
    } else if (!this.#known) {
      counts.unsynchronised.bookMessages += 1;
    }
    this.#isFirst = false;
    this.#isSnapshot = isSnapshot;
    this.#id = messageId;
    message.begin("book", exchangeTime, localTime);
    if (isNew) message.row(Kind.CLEAR, 0, 0);
  }

  #end(): void {
    const message = this.#message;
    if (!message.isOpen) return;
    if (this.#known) message.end(this.#rows.track!.sink, this.#id);
    message.isOpen = false;
  }
}
