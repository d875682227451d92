/**
 * Line reader: whole lines out of bytes that come in any pieces.
 *
 * What must stay true: no letter is torn where a piece ends, and a line without an end takes no
 * more memory than the longest that is allowed.
 */
import { MOST_LINE_BYTES } from "./news-line.ts";

/** Undefined: a line longer than allowed has been passed over. */
export type LineSink = (line: string | undefined) => void;

const NEW_LINE = 10;

/** @returns what takes the pieces; undefined ends the last line, as a file's end does. */
export function lineReader(sink: LineSink, mostBytes = MOST_LINE_BYTES) {
  let kept: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= mostBytes) kept.push(part);
    else kept = [];
  };
  const end = (): void => {
    const line = bytes > mostBytes ? undefined : Buffer.concat(kept).toString("utf8");
    kept = [];
    bytes = 0;
    sink(line?.replace(/\r$/, "").replace(/^\u{FEFF}/u, ""));
  };
  return (piece: Buffer | undefined): void => {
    if (piece === undefined) {
      if (bytes > 0) end();
      return;
    }
    let from = 0;
    for (let at = piece.indexOf(NEW_LINE); at >= 0; at = piece.indexOf(NEW_LINE, from)) {
      add(piece.subarray(from, at));
      end();
      from = at + 1;
    }
    if (from < piece.length) add(Buffer.from(piece.subarray(from)));
  };
}
