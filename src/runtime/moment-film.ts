/**
 * Moment film: what a journal showed at each of its marks, kept so that going back is a look-up.
 *
 * A fold goes forward only, so each step back is a fold from the start. The film folds the journal
 * once more, from the first mark to the last, while nobody waits for it, and keeps each moment
 * packed. What must stay true: a moment of the film is the one that a fold to that record shows; it
 * takes half of the time that is there at most; and its size is bounded: where there is too much,
 * every other moment goes, and those between are folded as ever.
 */
import { setTimeout as pause } from "node:timers/promises";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { JournalMoment } from "./desk/desk-terms.ts";

/** Packed, of one journal; some tens of kilobytes a moment. */
const MOST_BYTES = 48e6;
const FASTEST = { level: 1 } as const;

export interface Filmed {
  at(record: number): Promise<JournalMoment>;
  close(): void;
}

export interface MomentFilmOptions {
  /** Rising. */
  readonly records: readonly number[];
  /** Another fold of the same journal; undefined: it cannot be opened any more. */
  readonly open: () => Promise<Filmed | undefined>;
  /** Somebody waits for another fold just now: this one waits as well. */
  readonly isInTheWay: () => boolean;
  readonly mostBytes?: number;
}

const LOOK_MS = 10;

export class MomentFilm {
  readonly #options: MomentFilmOptions;
  readonly #packed = new Map<number, Uint8Array>();
  #bytes = 0;
  /** One of so many marks is kept. */
  #stride = 1;
  #isClosed = false;
  /** Resolves once it is all there, or was closed. */
  readonly made: Promise<void>;

  constructor(options: MomentFilmOptions) {
    this.#options = options;
    // What goes wrong in it is told by whoever folds the journal when somebody looks.
    this.made = this.#make().catch(() => undefined);
  }

  /** Undefined: it is not in the film (yet). */
  at(record: number): JournalMoment | undefined {
    const packed = this.#packed.get(record);
    if (packed === undefined) return undefined;
    return JSON.parse(inflateRawSync(packed).toString()) as JournalMoment;
  }

  get bytes(): number {
    return this.#bytes;
  }

  close(): void {
    this.#isClosed = true;
    this.#packed.clear();
  }

  async #make(): Promise<void> {
    const { records, open, isInTheWay } = this.#options;
    const fold = await open();
    if (fold === undefined) return;
    try {
      for (let mark = 0; mark < records.length; mark = this.#next(mark)) {
        while (!this.#isClosed && isInTheWay()) await pause(LOOK_MS);
        if (this.#isClosed) return;
        const begun = performance.now();
        this.#keep(records[mark]!, await fold.at(records[mark]!));
        await pause(performance.now() - begun);
      }
    } finally {
      fold.close();
    }
  }

  #next(mark: number): number {
    return (Math.floor(mark / this.#stride) + 1) * this.#stride;
  }

  #keep(record: number, moment: JournalMoment): void {
    if (this.#isClosed) return;
    const packed = deflateRawSync(JSON.stringify(moment), FASTEST);
    this.#packed.set(record, packed);
    this.#bytes += packed.length;
    if (this.#bytes > (this.#options.mostBytes ?? MOST_BYTES)) this.#thin();
  }

  #thin(): void {
    this.#stride *= 2;
    let place = 0;
    for (const [record, packed] of this.#packed) {
      if (place++ % 2 === 0) continue;
      this.#packed.delete(record);
      this.#bytes -= packed.length;
    }
  }
}
