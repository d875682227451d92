/**
 * Book: how many level changes per second one book takes.
 *
 * Generated streams, an ordinary one and a hard one, and a true recording, looped. All are laid out
 * in columns before the clock starts.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Book } from "../src/core/market/book.ts";
import { blockOf, ColumnsBuilder, Kind, type MarketBlock } from "../src/core/market/columns.ts";
import { bitsAt, streamOf } from "../src/core/domain/random.ts";
import type { Figure, Prepared } from "./measure.ts";

const GENERATED_DELTAS = 10_000_000;
const LOOPS = 30;
const RECORDING = new URL(
  "../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz",
  import.meta.url,
);

const references = {
  "prototype, TypeScript": 65,
  "prototype, C": 101,
  "Rust, vectors": 55,
  "Rust, HashMap": 26,
};

export const figures: readonly Figure[] = [
  {
    name: "book-generated",
    summary: "L2 book, 10 M generated deltas, bids and asks in runs",
    unit: "deltas",
    references,
    prepare: () => prepare(generateDeltas(GENERATED_DELTAS, "in runs"), 1),
  },
  {
    name: "book-generated-hard",
    summary: "L2 book, 10 M generated deltas, the side of every row at random",
    unit: "deltas",
    references,
    prepare: () => prepare(generateDeltas(GENERATED_DELTAS, "at random"), 1),
  },
  {
    name: "book-recorded",
    summary: `L2 book, Binance USD-M BTCUSDT 2024-08-08, looped ${LOOPS} times`,
    unit: "deltas",
    references,
    prepare: () => {
      if (!existsSync(RECORDING)) return { skip: "../shared/data is not here" };
      return prepare(readDeltas(RECORDING), LOOPS);
    },
  },
];

function prepare(deltas: MarketBlock, loops: number): Prepared {
  const book = new Book();
  return {
    warmUp: () => {
      const other = new Book();
      for (let pass = 0; pass < 4; pass++) {
        other.apply(deltas, 0, Math.min(deltas.length, 5_000_000));
        other.clear();
      }
    },
    run: () => {
      for (let pass = 0; pass < loops; pass++) book.apply(deltas, 0, deltas.length);
      return deltas.length * loops;
    },
    proof: () => ({
      bestBid: book.bestBid,
      bestAsk: book.bestAsk,
      bidLevels: book.bids.levels,
      askLevels: book.asks.levels,
      checksum: checksum(book),
    }),
  };
}

/** Differs when any level of either side does, with near certainty. */
function checksum(book: Book): number {
  let sum = 0;
  for (const side of [book.bids, book.asks]) {
    for (let tick = side.best; tick !== 0; tick = side.next(tick)) {
      sum = (Math.imul(sum, 31) + Math.imul(tick, 17) + side.get(tick)) | 0;
    }
  }
  return sum >>> 0;
}

/**
 * A touch on a random walk with a spread of one tick, in runs of bids and of asks, as venues send
 * them; or, as the hard case, with the side of every row drawn anew, which no branch
 * predictor can guess. Rows set (three in four) or delete a level within 50 ticks of the touch,
 * more of them the nearer it is; one in a hundred is up to 20,000 ticks deep. When the touch moves,
 * the level that it runs over is deleted, so the book is never crossed. The walk is pulled back to
 * where it began: over 10 M rows it would otherwise leave its old levels behind.
 */
function generateDeltas(count: number, sides: "in runs" | "at random"): MarketBlock {
  const kind = new Uint8Array(count);
  const price = new Int32Array(count);
  const quantity = new Float64Array(count);
  const stream = streamOf("bench-book");
  const start = 600_000;
  let bid = start;
  let side = 0;
  for (let row = 0; row < count; row++) {
    const bits = bitsAt(7, stream, row);
    const shape = (bits >>> 1) & 127;
    const near = ((bits >>> 8) & 255) / 256;
    const size = (bits >>> 16) & 4095;
    const turn = bits >>> 28;
    if (sides === "at random") side = bits & 1;
    else if (turn < 2) side ^= 1;
    if (shape < 4) {
      const up = size < 2048 - (bid - start) / 32;
      kind[row] = up ? Kind.ASK : Kind.BID;
      price[row] = up ? bid + 1 : bid;
      bid += up ? 1 : -1;
      continue;
    }
    const depth = shape === 127 ? Math.floor(near * 20_000) + (size & 31) : 50 * near * near;
    kind[row] = side;
    price[row] = side === Kind.ASK ? bid + 1 + Math.floor(depth) : bid - Math.floor(depth);
    quantity[row] = size < 960 ? 0 : size;
  }
  // The book looks at no time.
  const none = new Float64Array(0);
  return blockOf({ exchangeTime: none, localTime: none, kind, price, quantity }, count);
}

type Levels = readonly (readonly [price: string, quantity: string])[];

/** The depth updates alone, in the order of the file: ticks of 0.10, lots of 0.001. */
function readDeltas(file: URL): MarketBlock {
  const builder = new ColumnsBuilder();
  const push = (kind: number, levels: Levels): void => {
    for (const [price, size] of levels) {
      builder.push(0, 0, kind, Math.round(Number(price) * 10), Math.round(Number(size) * 1000));
    }
  };
  for (const line of gunzipSync(readFileSync(file)).toString("latin1").split("\n")) {
    if (!line.includes('"depthUpdate"')) continue;
    const { data } = JSON.parse(line.slice(line.indexOf(" "))) as {
      data: { b: Levels; a: Levels };
    };
    push(Kind.BID, data.b);
    push(Kind.ASK, data.a);
    builder.endMessage();
  }
  return builder.view();
}
