/**
 * What a user loses if this fails: a desk that goes on giving advice the weight that it has lost,
 * or one whose record does not say what its own journal says.
 */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { learned, tableContent } from "../../../test/influence/table-content.ts";
import { deskStage, WIDE } from "../../../test/desk-stage.ts";
import { parseScript, scripted } from "../../advisors/scripted.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import { countOutcomes } from "../influence/count-outcomes.ts";
import { earnedTerms, raiseOf, readInfluence } from "../influence/earned-influence.ts";
import { recordPathOf } from "../influence/influence-record.ts";
import { sealed, tableText } from "../influence/influence-table.ts";
import { replay } from "../replay.ts";
import type { Desk } from "./desk-terms.ts";

const root = mkdtempSync(join(tmpdir(), "arrival-desk-influence-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SCRIPT = `
name: a test
rules:
  - { when: { every: 2 }, advise: { action: accelerate, rate: 2 }, latencyMs: 300 }
  - { advise: { action: wait, waitSeconds: 15 }, latencyMs: 300 }
`;
const half = learned(2, 1, 3);
const CONTENT = tableContent({
  advisor: "scripted:a test",
  regimes: { calm: half, usual: half, stressed: half },
});

function stateOf(table: string) {
  const state = readInfluence(table);
  if (!state.ok) throw new Error(state.error.text);
  return state.value;
}

/** A desk whose orders are advised under a table of its own. */
function stageOf(name: string) {
  const folder = join(root, name);
  const table = join(root, `${name}.json`);
  writeFileSync(table, tableText(sealed(CONTENT)));
  const script = parseScript(SCRIPT);
  if (!script.ok) throw new Error(script.error);
  const advisor = scripted(script.value);
  const config = {
    ...WIDE,
    execution: { ...WIDE.execution, llmQueryInterval: micros(15 * SECOND) },
    advice: { ...WIDE.advice, advisor: advisor.name, ...earnedTerms(stateOf(table)) },
  };
  const stage = deskStage({ config });
  const submit = async (desk: Desk): Promise<string> => {
    const taken = await stage.until(desk.submit("ann", stage.form({ over: "60s" })));
    if (!taken.ok) throw new Error(`${taken.error.code}: ${taken.error.text}`);
    return taken.value.parentId;
  };
  const journal = (): string =>
    join(
      folder,
      readdirSync(folder).find((file) => file.endsWith(".journal"))!,
    );
  const open = (): Promise<Desk> => stage.desk(folder, { advisor });
  return { ...stage, folder, table, journal, submit, open };
}

const weights = (desk: Desk, id: string) => desk.order(id)?.advisor?.influence;

describe("a desk under a table of influence", () => {
  it("puts each order on record as it ends, as its journal tells it", async () => {
    const { table, journal, submit, open, drive, until, notices } = stageOf("counts");
    const desk = await open();
    const ids = [await submit(desk), await submit(desk)];
    await drive(90);
    const { entries } = stateOf(table);
    // Both are due at one instant: which of them ends first is nobody's promise.
    const orders = entries.map((entry) => (entry.kind === "outcome" ? entry.order : ""));
    expect(orders.toSorted()).toEqual(ids.toSorted());
    expect(notices.filter((text) => text.includes("DESK_ADVICE"))).toHaveLength(2);
    await until(desk.close("cancel"));
    // Whoever counts by hand finds the same run, and nothing new in it.
    const counted = await countOutcomes(table, journal());
    expect(counted).toMatchObject({ ok: true, value: { added: [], known: 2 } });
    const alone = join(root, "alone.json");
    writeFileSync(alone, tableText(sealed(CONTENT)));
    const again = await countOutcomes(alone, journal());
    if (!again.ok) throw new Error(again.error.text);
    expect(again.value.added).toHaveLength(entries.length);
    expect(again.value.added).toEqual(expect.arrayContaining([...entries]));
  }, 60_000);

  it("begins each order with the weights of then, and with none where the table is another", async () => {
    const { table, journal, submit, open, drive, until } = stageOf("begins");
    const desk = await open();
    const first = await submit(desk);
    const raise = raiseOf(
      stateOf(table),
      { regime: "usual", weight: 0.9, by: "ann" },
      "2026-01-06T00:00:00.000Z",
    );
    if (!raise.ok) throw new Error(raise.error.text);
    appendFileSync(recordPathOf(table), `${canonicalJson(raise.value)}\n`);
    const second = await submit(desk);
    writeFileSync(table, tableText(sealed({ ...CONTENT, confidence: 0.9 })));
    const third = await submit(desk);
    await drive(5);
    expect(weights(desk, first)).toEqual({ calm: 0.5, usual: 0.5, stressed: 0.5 });
    expect(weights(desk, second)).toEqual({ calm: 0.5, usual: 0.9, stressed: 0.5 });
    expect(weights(desk, third)).toEqual({ calm: 0, usual: 0, stressed: 0 });
    await until(desk.close("cancel"));
    expect(await replay(journal())).toMatchObject({ ok: true, value: { identical: true } });
  }, 60_000);

  it("leaves an order that a restart went through to its journal, and says so", async () => {
    const { table, journal, submit, open, drive, until, notices } = stageOf("restarts");
    const before = await open();
    const id = await submit(before);
    await drive(30);
    await until(before.close("leave"));
    const desk = await open();
    await drive(90);
    expect(desk.order(id)?.row.isLive).toBe(false);
    expect(stateOf(table).entries).toEqual([]);
    const told = notices.filter((text) => text.includes("DESK_ADVICE"));
    expect(told.join()).toContain(`${id} was at work before the restart`);
    await until(desk.close("cancel"));
    const counted = await countOutcomes(table, journal());
    expect(counted).toMatchObject({ ok: true, value: { added: [{ order: id }], known: 0 } });
  }, 60_000);

  it("tells an advisor how the orders before went, each time anew", async () => {
    const { journal, submit, open, drive, until } = stageOf("experience");
    const desk = await open();
    await submit(desk);
    await drive(90);
    await submit(desk);
    await drive(90);
    await submit(desk);
    await drive(5);
    const known = [...desk.rows()].reverse();
    await until(desk.close("cancel"));
    const { openJournal } = await import("../journal/reader.ts");
    const opened = openJournal(journal());
    if (!opened.ok) throw new Error(opened.error.text);
    const told = [...opened.value.records()]
      .filter(({ body }) => body.includes('"kind":"parent-submitted"'))
      .map(({ body }) => JSON.parse(body).parent.advice.experience ?? []);
    opened.value.close();
    expect(told.map(({ length }) => length)).toEqual([0, 1, 2]);
    expect(told[2][0].shortfallBps).toBeCloseTo(known[1]!.shortfallBps!, 1);
    expect(told[2][1].shortfallBps).toBeCloseTo(known[0]!.shortfallBps!, 1);
    expect(told[2][0]).toMatchObject({ executed: 1 });
    expect(await replay(journal())).toMatchObject({ ok: true, value: { identical: true } });
  }, 60_000);
});
