/**
 * The full run of the claims: runs every command that a concept page rests on, checks that what
 * comes out bears the claim out, and writes the figures into the pages.
 *
 * Usage: npm run docs:claims -- [--only ID]… [--recordings FOLDER] [--jobs N] [--check]
 *
 * A claim that no longer holds is a failed run: its figures are not written. `--check` writes
 * nothing at all. Where a recording is not there, its claims keep the figures that they have.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAM_VERSION } from "../../src/runtime/program.ts";
import {
  type Claim,
  faultsOf,
  figuresOf,
  hashOf,
  type Measured,
  measure,
  MEASURED_FILE,
  readClaims,
  readMeasured,
  ROOT,
} from "./claims.ts";
import { blockOf, readPages, withBlocks } from "./page.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Done {
  readonly claim: Claim;
  readonly measured?: Measured;
  readonly faults: readonly string[];
}

async function work(claim: Claim, recordings: string, before?: Measured): Promise<Done> {
  if (claim.recording !== undefined && !existsSync(join(recordings, claim.recording))) {
    say(`skipped: ${claim.id}: ${claim.recording} is not in ${recordings}`);
    return { claim, faults: [] };
  }
  const from = performance.now();
  try {
    const figures = figuresOf(await measure(claim, recordings));
    const measured: Measured = {
      hash: hashOf(claim),
      version: PROGRAM_VERSION,
      on: new Date().toISOString().slice(0, 10),
      ...figures,
    };
    const faults = faultsOf(claim, measured);
    const took = `${((performance.now() - from) / 1000).toFixed(0)} s`;
    say(`${faults.length === 0 ? "holds" : "DOES NOT HOLD"}: ${claim.id} (${took})`);
    for (const fault of faults) say(`  ${fault}`);
    return { claim, measured: isSame(measured, before) ? before! : measured, faults };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`FAILED: ${claim.id}: ${why}`);
    return { claim, faults: [why] };
  }
}

/** The same figures by the same version keep the day on which they were first measured. */
const isSame = (now: Measured, before: Measured | undefined): boolean =>
  JSON.stringify({ ...now, on: "" }) === JSON.stringify({ ...before, on: "" });

async function workAll(
  claims: readonly Claim[],
  jobs: number,
  workOne: (claim: Claim) => Promise<Done>,
): Promise<readonly Done[]> {
  const waiting = [...claims];
  const done: Done[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      done.push(await workOne(next));
      if (process.stderr.isTTY) process.stderr.write(`${done.length} of ${claims.length}\r`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  return done;
}

function write(known: Readonly<Record<string, Measured>>, claims: readonly Claim[]): void {
  const kept = claims.flatMap(({ id }) => (known[id] === undefined ? [] : [[id, known[id]]]));
  writeFileSync(MEASURED_FILE, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
  for (const page of readPages()) {
    const text = withBlocks(page, (id) => {
      const claim = claims.find((one) => one.id === id);
      const measured = known[id];
      return claim === undefined || measured === undefined ? undefined : blockOf(claim, measured);
    });
    if (text !== page.text) writeFileSync(page.path, text);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      recordings: { type: "string", default: join(ROOT, "..", "shared", "data") },
      jobs: { type: "string", default: "2" },
      check: { type: "boolean", default: false },
    },
  });
  const claims = readClaims();
  const { only } = values;
  const unknown = (only ?? []).filter((id) => !claims.some((claim) => claim.id === id));
  const jobs = Number(values.jobs);
  if (unknown.length > 0 || !/^[1-9]\d?$/.test(values.jobs)) {
    const ids = claims.map(({ id }) => id).join(", ");
    say(unknown.length > 0 ? `no claim is named ${unknown.join(", ")}: ${ids}` : "--jobs: 1 to 99");
    process.exitCode = 2;
    return;
  }
  const chosen = claims.filter(({ id }) => only === undefined || only.includes(id));
  const before = existsSync(MEASURED_FILE) ? readMeasured() : {};
  const known = { ...before };
  const done = await workAll(chosen, jobs, async (claim) => {
    const one = await work(claim, values.recordings, before[claim.id]);
    if (one.measured !== undefined && one.faults.length === 0) known[claim.id] = one.measured;
    // After each, so that a run that is stopped keeps what it has done.
    if (!values.check) write(known, claims);
    return one;
  });
  const broken = done.filter(({ faults }) => faults.length > 0);
  const held = done.filter(({ faults, measured }) => faults.length === 0 && measured !== undefined);
  const skipped = done.length - held.length - broken.length;
  say(`${held.length} hold, ${broken.length} do not, ${skipped} skipped`);
  if (broken.length > 0) process.exitCode = 1;
}

await main();
