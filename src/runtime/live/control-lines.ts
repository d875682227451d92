/**
 * Control lines: the lines of a stream of bytes, of a bounded length.
 *
 * What must stay true: it never holds more than one line may have and one piece that came, and
 * takes no line for whole whose end has not come.
 */
const LINE_FEED = 0x0a;

export class ControlLines {
  readonly #longest: number;
  #held: Buffer = Buffer.alloc(0);
  #isTooLong = false;

  /** @param longest bytes of a line, its end included. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** What came cannot be a line any more: nothing behind it is taken. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  push(bytes: Buffer): void {
    if (this.#isTooLong) return;
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
  }

  /** Undefined: none is whole. Blank lines are passed over. */
  next(): string | undefined {
    while (!this.#isTooLong) {
      const end = this.#held.indexOf(LINE_FEED);
      if ((end < 0 ? this.#held.length : end) >= this.#longest) this.#giveUp();
      if (end < 0 || this.#isTooLong) return undefined;
      const line = this.#held.toString("utf8", 0, end).trim();
      this.#held = this.#held.subarray(end + 1);
      if (line !== "") return line;
    }
    return undefined;
  }

  #giveUp(): void {
    this.#isTooLong = true;
    this.#held = Buffer.alloc(0);
  }
}
