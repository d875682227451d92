/**
 * Import: rows per second from the text of a capture to rows in their final order.
 *
 * The lines of the true recording lie in memory as the line source hands them on, so what is
 * measured is the reading of frames and their ordering; unpacking and writing have a thread or a
 * figure of their own. Once as it is, and once with a blank in each line, so that every line is
 * read by JSON: what the scanner is worth.
 */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { BinanceCapture } from "../src/data/binance-capture.ts";
import { TimeBase } from "../src/data/capture.ts";
import { FILE_HORIZON_NANOS, MessageOrderer } from "../src/data/message-orderer.ts";
import { FileCounts } from "../src/data/read-report.ts";
import { RECORDING } from "./backtest.ts";
import type { Figure, Prepared } from "./measure.ts";

const PASSES = 5;

export const figures: readonly Figure[] = [
  figure("import-binance", "by the scanner", (line) => line),
  figure("import-binance-json", "by JSON.parse", (line) => line.replace("{", "{ ")),
];

function figure(name: string, how: string, written: (line: string) => string): Figure {
  return {
    name,
    summary: `frames of Binance USD-M BTCUSDT 2024-08-08 to ordered rows ${how}, ${PASSES} passes`,
    unit: "rows",
    references: {},
    prepare: () => {
      if (!existsSync(RECORDING)) return { skip: "../shared/data is not here" };
      const text = gunzipSync(readFileSync(RECORDING)).toString();
      const lines = text.trimEnd().split("\n");
      // A string of its own for each, as the line source makes them, and no window into the whole.
      return prepare(lines.map((line) => Buffer.from(written(line)).toString()));
    },
  };
}

function prepare(lines: readonly string[]): Prepared {
  let rows = 0;
  let ticks = 0;
  const read = (): void => {
    const orderers: MessageOrderer[] = [];
    const decoder = new BinanceCapture({
      options: {},
      position: { file: "", line: 0 },
      file: new FileCounts(),
      time: new TimeBase(),
      openSink: (_, counts) => {
        const orderer = new MessageOrderer({
          counts,
          horizonNanos: FILE_HORIZON_NANOS,
          onBlock: ({ price, length }) => {
            rows += length;
            ticks = (ticks + price[length - 1]!) % 1_000_007;
          },
        });
        orderers.push(orderer);
        return orderer;
      },
    });
    for (const line of lines) decoder.line(line);
    for (const orderer of orderers) orderer.flush();
  };
  return {
    warmUp: read,
    run: () => {
      rows = ticks = 0;
      for (let pass = 0; pass < PASSES; pass++) read();
      return rows;
    },
    proof: () => ({ rows, ticks }),
  };
}
