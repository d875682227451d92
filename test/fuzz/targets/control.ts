/**
 * Control: what an operator's connection may send to a run that is at work.
 *
 * An input is a stream of bytes that comes in pieces. What must stay true: the pieces make no
 * difference, a line that is taken is a request exactly as it was written, with every figure in
 * its bounds, and the journal can hold it.
 */
import { isDeepStrictEqual } from "node:util";
import { Draws } from "../draws.ts";
import { expectThat, type OpenTarget, type Target, valueOf } from "../target.ts";

type Protocol = typeof import("../../../src/runtime/live/control-protocol.ts");
type Lines = typeof import("../../../src/runtime/live/control-lines.ts");
type Canonical = typeof import("../../../src/core/domain/canonical-json.ts");

const ALL = 1 << 30;

class ControlStream {
  readonly #protocol: Protocol;
  readonly #lines: Lines;
  readonly #canonical: Canonical;

  constructor(protocol: Protocol, lines: Lines, canonical: Canonical) {
    this.#protocol = protocol;
    this.#lines = lines;
    this.#canonical = canonical;
  }

  run(input: string): void {
    const bytes = Buffer.from(input, "utf8");
    const whole = this.#read(bytes, () => ALL);
    const draws = new Draws(bytes.length, "pieces");
    const pieces = this.#read(bytes, () => draws.length(1 << 12));
    // What comes at once may be given up at once; what comes in pieces has been taken by then.
    const isSame = whole.every((line, at) => line === pieces[at]);
    expectThat(isSame, () => `${whole.length} lines whole and ${pieces.length} in pieces`);
    for (const line of pieces) this.#line(line);
  }

  #read(bytes: Buffer, next: () => number): string[] {
    const { LONGEST_LINE } = this.#protocol;
    const reader = new this.#lines.ControlLines(LONGEST_LINE);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + next());
      reader.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
      for (let line = reader.next(); line !== undefined; line = reader.next()) {
        const length = Buffer.byteLength(line);
        // What is no UTF-8 becomes a mark of three bytes.
        expectThat(length < 3 * LONGEST_LINE, () => `a line of ${length} bytes is taken`);
        lines.push(line);
      }
    }
    return lines;
  }

  #line(line: string): void {
    valueOf(this.#protocol.parseAnswer(line));
    const request = valueOf(this.#protocol.parseRequest(line));
    if (request === undefined) return;
    const isSame = isDeepStrictEqual(JSON.parse(JSON.stringify(request)), JSON.parse(line));
    expectThat(isSame, () => `taken otherwise than written: ${JSON.stringify(request)}`);
    const text = this.#canonical.canonicalJson(request);
    const again = valueOf(this.#protocol.parseRequest(text));
    expectThat(isDeepStrictEqual(again, request), () => `not read back from a journal: ${text}`);
    const { by, command } = request;
    const isNamed = by.length >= 1 && by.length <= 64 && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(by);
    expectThat(isNamed, () => `by ${JSON.stringify(by)}`);
    if (command !== "amend") return;
    const { urgency = 0, maxParticipation, quantity, limit } = request;
    expectThat(urgency >= 0 && urgency <= 1, () => `an urgency of ${urgency}`);
    const share = maxParticipation ?? 1;
    expectThat(share > 0 && share <= 1, () => `a participation of ${share}`);
    for (const amount of [quantity, limit]) {
      const isAmount = amount === undefined || amount === null || /^\d+(\.\d+)?$/.test(amount);
      expectThat(isAmount, () => `an amount of ${amount}`);
    }
  }
}

const REQUESTS = [
  { id: 1, by: "ada", command: "status" },
  { by: "ada", command: "pause", reason: "news" },
  { by: "ada", command: "resume" },
  {
    by: "ada",
    command: "amend",
    quantity: "0.5",
    deadline: "2026-05-01T14:00:00Z",
    urgency: 0.5,
    limit: "64000",
    maxParticipation: 0.1,
  },
  { by: "ada", command: "amend", notional: "1000", over: "5m", limit: null },
  {
    by: "ada",
    command: "switch",
    strategy: "pov",
    parameters: { rate: 0.1 },
    tactic: { name: "peg", parameters: {} },
  },
  { by: "ada", command: "cancel" },
  { by: "ada", command: "kill", reason: "enough" },
  { by: "ada", command: "limits", set: { participation: 0.05, staleAfter: "5s" } },
];

async function open(): Promise<OpenTarget> {
  const stream = new ControlStream(
    await import("../../../src/runtime/live/control-protocol.ts"),
    await import("../../../src/runtime/live/control-lines.ts"),
    await import("../../../src/core/domain/canonical-json.ts"),
  );
  const lines = REQUESTS.map((request) => JSON.stringify(request));
  return {
    seeds: [...lines, lines.join("\n")].map((line) => `${line}\n`),
    missing: [],
    run: (input) => stream.run(input),
  };
}

export const control: Target = {
  name: "control",
  about: "lines of an operator's connection to a run that is at work",
  kind: "lines",
  words: [
    ..."id by command reason quantity notional deadline over urgency limit set".split(" "),
    ..."maxParticipation strategy parameters tactic name status pause resume amend".split(" "),
    ..."switch cancel kill limits twap 5m 1e3s 2026-13-01T00:00:00Z".split(" "),
  ],
  share: 0.04,
  budgetMs: 250,
  open,
};
