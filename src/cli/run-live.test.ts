/**
 * What the exit code says of how a live run has ended.
 */
import { describe, expect, it } from "vitest";
import { type LiveEnd } from "../runtime/live/live-loop.ts";
import { LiveHalt, type LiveResult } from "../runtime/live/live-terms.ts";
import { EXIT } from "./output.ts";
import { exitCodeOf } from "./run-live.ts";

const resultOf = (end: LiveEnd): LiveResult => ({
  parentId: "r1",
  phase: "canceled",
  reason: "killed",
  end,
  report: null,
  rows: 0,
  alerts: [],
  refusals: [],
  tickToOrder: undefined,
  journal: "r1.journal",
  marketFile: "r1.market.arrival",
});

describe("the exit code of a live run", () => {
  it("an interrupted one that ended in order is told apart from one that did not fill", () => {
    expect(exitCodeOf(resultOf({ kind: "over" }), true)).toBe(EXIT.interrupted);
    expect(exitCodeOf(resultOf({ kind: "left" }), true)).toBe(EXIT.interrupted);
    expect(exitCodeOf(resultOf({ kind: "over" }), false)).toBe(EXIT.no);
  });

  it("after a kill that did not withdraw everything it is a failure, whoever interrupted", () => {
    const end = { kind: "over", unwithdrawn: "1 orders are still open" } as const;
    expect(() => exitCodeOf(resultOf(end), true)).toThrow(
      expect.objectContaining({
        code: "RUN_UNCONFIRMED",
        exitCode: EXIT.no,
        message: expect.stringMatching(/LOOK AT THE VENUE.*1 orders are still open/) as string,
      }) as Error,
    );
  });

  it("one that was halted says whether orders may still rest", () => {
    const error = new LiveHalt("after 60 s");
    const halted = (unwithdrawn: string | undefined) => () =>
      exitCodeOf(resultOf({ kind: "halted", error, unwithdrawn }), true);
    expect(halted(undefined)).toThrow(/everything was withdrawn/);
    expect(halted("the venue is silent")).toThrow(/LOOK AT THE VENUE.*the venue is silent/);
  });
});
