/**
 * Expiries: which order ends next. A binary heap in typed arrays, the earliest end on top.
 *
 * What must stay true: no entry has an earlier end than the one it hangs from.
 */
export class Expiries {
  #at = new Float64Array(1 << 13);
  #order = new Int32Array(1 << 13);
  #serial = new Int32Array(1 << 13);
  #count = 0;

  /** When the next order ends; `Infinity` when there is none. */
  get nextAt(): number {
    return this.#count === 0 ? Infinity : this.#at[0]!;
  }

  get nextOrder(): number {
    return this.#order[0]!;
  }

  get nextSerial(): number {
    return this.#serial[0]!;
  }

  push(at: number, order: number, serial: number): void {
    if (this.#count === this.#at.length) this.#grow();
    let hole = this.#count++;
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      if (this.#at[above]! <= at) break;
      this.#move(above, hole);
      hole = above;
    }
    this.#set(hole, at, order, serial);
  }

  pop(): void {
    const last = --this.#count;
    if (last <= 0) return;
    const at = this.#at[last]!;
    let hole = 0;
    for (let below = 1; below < last; below = 2 * hole + 1) {
      if (below + 1 < last && this.#at[below + 1]! < this.#at[below]!) below += 1;
      if (this.#at[below]! >= at) break;
      this.#move(below, hole);
      hole = below;
    }
    this.#set(hole, at, this.#order[last]!, this.#serial[last]!);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#at[from]!, this.#order[from]!, this.#serial[from]!);
  }

  #set(place: number, at: number, order: number, serial: number): void {
    this.#at[place] = at;
    this.#order[place] = order;
    this.#serial[place] = serial;
  }

  #grow(): void {
    const [at, order, serial] = [this.#at, this.#order, this.#serial];
    this.#at = new Float64Array(at.length * 2);
    this.#order = new Int32Array(at.length * 2);
    this.#serial = new Int32Array(at.length * 2);
    this.#at.set(at);
    this.#order.set(order);
    this.#serial.set(serial);
  }
}
