/**
 * Restart and replay through a real journal file: what a crash leaves on the disk is enough to go on.
 *
 * The sessions of `laws.test.ts` restart from what was recorded in memory; here the records go
 * through the writer, a crash, and the reader.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import { micros, MINUTE, SECOND } from "../../src/core/domain/units.ts";
import { prepareBacktest } from "../../src/runtime/backtest.ts";
import { canonicalJson } from "../../src/core/domain/canonical-json.ts";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { createJournal } from "../../src/runtime/journal/writer.ts";
import { openGenerated } from "../../src/runtime/market-source.ts";
import { replay } from "../../src/runtime/replay.ts";
import { strategies } from "../../src/strategies/registry.ts";
import { withActs } from "../../src/testing/draws.ts";
import { choicesOf, lineupOf } from "../../src/testing/lineup.ts";
import { refold } from "../../src/testing/refold.ts";
import { engineOf, runSchedule } from "../../src/testing/session.ts";
import type { Step } from "../../src/testing/step.ts";
import { REGISTERED, TACTICS } from "./registered.ts";

let folder = "";
let names = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-laws-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fresh = (): string => join(folder, `${names++}.journal`);

const HEADER = {
  format: 2,
  program: "arrival laws",
  nodeMajor: 24,
  instrument: {},
  market: {},
  config: {},
  seed: 1,
} as const;

/** Writes steps, is cut off, and leaves a file (or two) that nobody closed. */
function crashAfter(steps: readonly Step[]): string {
  const path = fresh();
  const created = createJournal(path, HEADER);
  if (!created.ok) throw new Error(created.error.text);
  for (const { event, position, outputs } of steps) {
    created.value.append("event", position, canonicalJson(event));
    for (const output of outputs) created.value.append("output", position, canonicalJson(output));
    created.value.commit();
  }
  const left = fresh();
  copyFileSync(path, left);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${left}-wal`);
  created.value.close();
  return left;
}

function readBack(path: string): Step[] {
  const opened = openJournal(path);
  if (!opened.ok) throw new Error(opened.error.text);
  const steps: { event: EngineEvent; position: number; outputs: EngineOutput[] }[] = [];
  for (const { kind, position, body } of opened.value.records()) {
    if (kind === "event") steps.push({ event: JSON.parse(body), position, outputs: [] });
    else steps.at(-1)!.outputs.push(JSON.parse(body));
  }
  expect(opened.value.sealed).toBe(false);
  opened.value.close();
  return steps;
}

/** Keys in the journal's order: what was read back is compared as the journal writes it. */
const canonical = ({ event, position, outputs }: Step): Step => ({
  position,
  event: JSON.parse(canonicalJson(event)),
  outputs: outputs.map((output) => JSON.parse(canonicalJson(output))),
});

describe("an engine that crashed in mid-order", () => {
  const lineup = lineupOf(REGISTERED, TACTICS);
  const choices = fc.oneof(...REGISTERED.map((mine) => choicesOf(mine, TACTICS)));

  it("is folded again from its journal file, and says the same from there on", () => {
    let carriedOn = 0;
    fc.assert(
      fc.property(
        withActs("amend", choices),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drawn, at) => {
          const { steps, market } = runSchedule(drawn, lineup);
          const crash = Math.floor(at * steps.length);
          const before = readBack(crashAfter(steps.slice(0, crash)));
          expect(before).toEqual(steps.slice(0, crash).map(canonical));
          // The journal's steps, and then the rest as it would have come, in one fold.
          const original = steps.map((step, i) =>
            i < crash ? { ...step, event: before[i]!.event } : step,
          );
          const engine = engineOf(drawn, market, lineup);
          refold(engine, original, market.block, steps.at(-1)?.position ?? 0, "at-once");
          carriedOn += steps.length - crash;
        },
      ),
      { numRuns: 25 },
    );
    expect(carriedOn).toBeGreaterThan(100);
  });
});

describe("a journal that ends in mid-order", () => {
  it.each([...strategies.keys()])("of a backtest of %s replays to the byte", async (name) => {
    const path = fresh();
    const market = openGenerated({
      kind: "generated",
      seed: 3,
      startAt: micros(1_700_000_000 * SECOND),
      duration: micros(3 * MINUTE),
    });
    const prepared = prepareBacktest(
      market,
      {
        side: "sell",
        quantity: "3",
        isNotional: false,
        over: MINUTE,
        constraints: { mayCrossSpread: true, residual: "leave" },
        acceptInfeasible: true,
        config: { ...DEFAULT_CONFIG, strategy: { name, parameters: {} } },
        seed: 5,
      },
      path,
    );
    if (!prepared.ok) throw new Error(prepared.error.text);
    const seen: EngineOutput[] = [];
    const isSent = (output: EngineOutput): boolean => output.kind === "place-order";
    const steps = prepared.value.run((_event, outputs) => void seen.push(...outputs));
    while (seen.filter(isSent).length < 3 && steps.next().done !== true);
    steps.return(undefined as never);
    const done = await replay(path);
    expect(done).toMatchObject({ ok: true, value: { identical: true } });
    expect(seen.some(isSent)).toBe(true);
  });
});
