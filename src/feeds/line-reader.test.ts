import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineReader } from "./line-reader.ts";

function linesOf(pieces: readonly Buffer[], mostBytes?: number): (string | undefined)[] {
  const lines: (string | undefined)[] = [];
  const take = lineReader((line) => lines.push(line), mostBytes);
  for (const piece of pieces) take(piece);
  take(undefined);
  return lines;
}

describe("a line reader", () => {
  it("gives the same lines, however the bytes are torn", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[^\r\n\u{FEFF}]{0,12}$/u), { minLength: 1 }),
        fc.array(fc.nat(9), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
          const pieces: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = 1 + sizes[turn % sizes.length]!;
            pieces.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(linesOf(pieces)).toEqual(lines.map((line) => line.toWellFormed()));
        },
      ),
    );
  });

  it("passes over a line that is too long, and reads the next", () => {
    const pieces = ["ab", "c".repeat(10), "d\nfg\r\n", "last"].map((text) => Buffer.from(text));
    expect(linesOf(pieces, 8)).toEqual([undefined, "fg", "last"]);
  });
});
