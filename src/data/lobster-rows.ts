/**
 * LOBSTER rows: the message and book files of one trading day, parsed into flat arrays.
 *
 * Line k of one file belongs to line k of the other, so a line that cannot be read keeps its place:
 * it is marked, never left out. Prices are in the files' own unit, 1/10,000 of a dollar.
 */

/** What a message did. 6 is an auction; 7 a halt, or the end of one. */
export const LobsterType = {
  UNREADABLE: 0,
  SUBMIT: 1,
  REDUCE: 2,
  DELETE: 3,
  EXECUTE: 4,
  EXECUTE_HIDDEN: 5,
  CROSS: 6,
  HALT: 7,
} as const;

export interface LobsterMessage {
  /** A `LobsterType`. */
  readonly type: number;
  readonly size: number;
  readonly price: number;
  /** Of the resting order: 1 = buy, -1 = sell. */
  readonly direction: number;
}

const MESSAGE =
  /^(\d{1,5})(?:\.(\d{1,9})\d{0,6})?,([1-7]),\d{1,15},(\d{1,9}),(-?\d{1,9}|\d{10}),(-?1)\r?$/;
const INT32_MAX = 0x7fffffff;

/** A column of whole numbers that grows. */
class Column {
  length = 0;
  values: Int32Array;

  constructor(capacity = 1 << 12) {
    this.values = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Int32Array(this.values.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }
}

export class LobsterMessages {
  readonly #seconds = new Column();
  readonly #nanos = new Column();
  readonly #types = new Column();
  readonly #sizes = new Column();
  readonly #prices = new Column();
  readonly #directions = new Column();

  get length(): number {
    return this.#types.length;
  }

  /** False where the line is none: it then stands as `UNREADABLE`. */
  push(line: string): boolean {
    const found = MESSAGE.exec(line);
    const price = Number(found?.[5]);
    const readable = found !== null && price <= INT32_MAX;
    this.#seconds.push(readable ? Number(found[1]) : 0);
    this.#nanos.push(readable ? Number((found[2] ?? "").padEnd(9, "0")) : 0);
    this.#types.push(readable ? Number(found[3]) : LobsterType.UNREADABLE);
    this.#sizes.push(readable ? Number(found[4]) : 0);
    this.#prices.push(readable ? price : 0);
    this.#directions.push(readable ? Number(found[6]) : 0);
    return readable;
  }

  at(index: number): LobsterMessage {
    return {
      type: this.#types.values[index]!,
      size: this.#sizes.values[index]!,
      price: this.#prices.values[index]!,
      direction: this.#directions.values[index]!,
    };
  }

  /** Since midnight in New York: whole seconds, and the nanoseconds after them. */
  seconds(index: number): number {
    return this.#seconds.values[index]!;
  }
  nanos(index: number): number {
    return this.#nanos.values[index]!;
  }
}

/** Marks a row that could not be read: no true price is negative once dummies are gone. */
const UNREADABLE_ROW = -1;
/** What stands for "no level": the sizes beside it are 0. */
const DUMMIES = new Set([9_999_999_999, -9_999_999_999, 999_999_999_900, -999_999_999_900]);

const ROW = /^-?\d+(?:,-?\d+)*\r?$/;

/** A size of 0, or the price beside one. */
const isNoLevel = (cells: readonly number[], at: number): boolean =>
  cells[at] === 0 && cells[at | 1] === 0;

export class LobsterBook {
  readonly levels: number;
  readonly #cells: Column;

  constructor(levels: number) {
    this.levels = levels;
    this.#cells = new Column(levels << 12);
  }

  get length(): number {
    return this.#cells.length / (4 * this.levels);
  }

  /** False where the line is no row of so many levels: its place is kept. */
  push(line: string): boolean {
    const width = 4 * this.levels;
    const cells = line.split(",", width + 1).map(Number);
    for (let cell = 0; cell < cells.length; cell += 2) {
      if (DUMMIES.has(cells[cell]!)) cells[cell] = 0;
    }
    const readable =
      cells.length === width &&
      // `Number` alone takes blanks, exponents and nothing at all.
      ROW.test(line) &&
      cells.every((cell, at) => cell <= INT32_MAX && (cell > 0 || isNoLevel(cells, at)));
    for (let cell = 0; cell < width; cell++) {
      this.#cells.push(readable ? cells[cell]! : UNREADABLE_ROW);
    }
    return readable;
  }

  /**
   * `ask price 1, ask size 1, bid price 1, bid size 1, ask price 2, …`; 0, 0 where there is no
   * level. Undefined where the line could not be read. Shares the memory of the whole.
   */
  row(index: number): Int32Array | undefined {
    const width = 4 * this.levels;
    const row = this.#cells.values.subarray(index * width, (index + 1) * width);
    return row[0] === UNREADABLE_ROW ? undefined : row;
  }
}
