import { existsSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isInWindow, Keys, streamText } from "./signature.ts";

const VECTORS = "../shared/data/bybit-fixtures/signing-vectors.json";

interface Vector {
  readonly kind: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly timestamp?: string;
  readonly recvWindow?: number;
  readonly payload?: string;
  readonly expires?: number;
  readonly sign: string;
}

const keyOf = (secret: string) => new Keys([{ uid: "1", apiKey: "k", secret }]).find("k")!;

describe.skipIf(!existsSync(VECTORS))(`signatures of ${VECTORS} (skipped where absent)`, () => {
  const { vectors } = existsSync(VECTORS)
    ? (JSON.parse(readFileSync(VECTORS, "utf8")) as { vectors: Vector[] })
    : { vectors: [] };

  it("are taken for right, and for wrong with one digit changed", () => {
    expect(vectors.length).toBeGreaterThan(2);
    for (const { kind, apiKey, secret, timestamp, recvWindow, payload, expires, sign } of vectors) {
      const text =
        kind === "ws-auth" ? streamText(expires!) : `${timestamp}${apiKey}${recvWindow}${payload}`;
      const key = keyOf(secret);
      expect(key.isSigned(text, sign)).toBe(true);
      expect(key.isSigned(text, sign.toUpperCase())).toBe(true);
      const changed = (sign.startsWith("0") ? "1" : "0") + sign.slice(1);
      expect(key.isSigned(text, changed)).toBe(false);
      expect(key.isSigned(`${text} `, sign)).toBe(false);
    }
  });
});

describe("a key", () => {
  it("takes what is no signature for a wrong one", () => {
    for (const text of ["", "zz", "0".repeat(63), "0".repeat(65), "é".repeat(64)]) {
      expect(keyOf("s3cret").isSigned("x", text)).toBe(false);
    }
  });

  it("shows its secret nowhere", () => {
    const key = keyOf("planted-secret");
    expect(inspect(key, { depth: 9, showHidden: true })).not.toContain("planted-secret");
    expect(JSON.stringify(key)).not.toContain("planted-secret");
  });
});

describe("the time of a request", () => {
  it("is no older than its window and at most a second ahead", () => {
    expect(isInWindow(5_000, 10_000, 5_000)).toBe(true);
    expect(isInWindow(4_999, 10_000, 5_000)).toBe(false);
    expect(isInWindow(10_999, 10_000, 5_000)).toBe(true);
    expect(isInWindow(11_000, 10_000, 5_000)).toBe(false);
  });
});
