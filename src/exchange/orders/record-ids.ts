/**
 * Record ids: the names of orders and executions, in the shape of a UUID.
 *
 * A name is a pure function of (seed, kind, count), so that a run with the same requests has the
 * same names, and 122 bits keep those of different runs apart.
 */
import { bitsAt, streamOf } from "../../core/domain/random.ts";

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, "0"));

export class RecordIds {
  readonly #seed: number;
  readonly #stream: number;
  #count = 0;

  /** @param kind such as "order": ids of different kinds never meet. */
  constructor(seed: number, kind: string) {
    this.#seed = seed;
    this.#stream = streamOf(`exchange-${kind}`);
  }

  next(): string {
    const at = this.#count++ * 4;
    const a = bitsAt(this.#seed, this.#stream, at);
    const b = bitsAt(this.#seed, this.#stream, at + 1);
    const c = bitsAt(this.#seed, this.#stream, at + 2);
    const d = bitsAt(this.#seed, this.#stream, at + 3);
    // Version 4 (random) and the variant of RFC 9562, in their four and two bits.
    const version = 0x4000 | (b & 0x0fff);
    const variant = 0x8000 | ((c >>> 16) & 0x3fff);
    return (
      `${HEX[a >>> 16]!}${HEX[a & 0xffff]!}-${HEX[b >>> 16]!}-${HEX[version]!}-` +
      `${HEX[variant]!}-${HEX[c & 0xffff]!}${HEX[d >>> 16]!}${HEX[d & 0xffff]!}`
    );
  }
}
