/**
 * The full run of durability: many more crash images than the suite tries, each round from another
 * seed, and where `strace` is there, a look at the system calls themselves: that a commit returns
 * only behind a wait for its write-ahead file, and that a log that begins anew waits for its header.
 *
 * Usage: npm run test:durability -- [--images N] [--seed N]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { imageFolder, killRepairs, trial } from "./trial.ts";

const IMAGES = 50_000;
/** Of one recorded run and those behind it. */
const PER_ROUND = 2_000;
/** So many that the log is folded in, and begins anew. */
const COMMITS = 600;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  say(`test:durability: --${name} must be a whole number from 1, not "${text}"`);
  process.exit(2);
}

/** @returns what is wrong with it; undefined where nothing is, or nobody can look. */
function lookAtCalls(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "arrival-calls-"));
  const writer = new URL("../../src/runtime/journal/writer.ts", import.meta.url).href;
  const script = `
    import { writeSync } from "node:fs";
    import { createResumableJournal } from ${JSON.stringify(writer)};
    const header = { format: 2, program: "x", nodeMajor: 24, instrument: {}, market: {}, config: {}, seed: 1 };
    const sink = createResumableJournal(process.argv[1] + "/run.journal", header).value;
    for (let k = 0; k < ${COMMITS}; k++) {
      sink.append("event", k, "{}");
      sink.commit();
      writeSync(2, "returned\\n");
    }
    sink.close();`;
  const node = [process.execPath, "--input-type=module", "-e", script, folder];
  const calls = ["-f", "-y", "-e", "trace=pwrite64,write,fsync,fdatasync", "-e", "signal=none"];
  const traced = spawnSync("strace", [...calls, ...node], { encoding: "utf8", maxBuffer: 1 << 26 });
  rmSync(folder, { recursive: true, force: true });
  if (traced.error !== undefined || traced.status !== 0) {
    say("strace is not here, or may not look: the system calls themselves were not looked at");
    return undefined;
  }
  let [returned, isDirty, isHeaded, begun] = [0, false, false, 0];
  for (const line of traced.stderr.split("\n")) {
    if (/pwrite64\(\d+<[^>]*-wal>/.test(line)) {
      if (isHeaded) return "a frame was written over before the header of its log was synced";
      isDirty = true;
      isHeaded = /, 32, 0\) += 32/.test(line);
      if (isHeaded) begun += 1;
    } else if (/f(data)?sync\(\d+<[^>]*-wal>/.test(line)) [isDirty, isHeaded] = [false, false];
    else if (line.includes('"returned')) {
      if (isDirty) return `commit ${returned + 1} returned before its write-ahead file was synced`;
      returned += 1;
    }
  }
  if (returned !== COMMITS || begun < 2) {
    return `strace saw ${returned} of ${COMMITS} commits, and ${begun} logs begun`;
  }
  say(
    `${COMMITS} commits and ${begun} logs under strace: each commit returned behind a sync of its ` +
      "log, and each log began with a synced header",
  );
  return undefined;
}

const { values } = parseArgs({ options: { images: { type: "string" }, seed: { type: "string" } } });
const wanted = wholeNumber("images", values.images ?? String(IMAGES));
const seed = wholeNumber("seed", values.seed ?? String(Date.now() % 1e9));
const folder = imageFolder("durability-full");
say(`seed ${seed}`);
try {
  const trouble = lookAtCalls();
  if (trouble !== undefined) throw new Error(trouble);
  let [images, ofResumed, kills, beyond] = [0, 0, 0, 0];
  for (let round = 0; images < wanted; round++) {
    const done = trial({
      seed: seed + round,
      folder,
      images: Math.min(PER_ROUND, wanted - images),
      turns: 80 + (round % 5) * 40,
      perPlace: 4,
      depth: 4,
      again: { share: 0.03, most: 100 },
    });
    images += done.images;
    ofResumed += done.ofResumed;
    beyond += done.beyond;
    kills += killRepairs(seed + round, folder).kills;
    say(`${images} images (${ofResumed} of runs that had been gone on with), ${kills} kills`);
  }
  say(`all were gone on with; ${beyond} records were there beyond what had been promised`);
} catch (error) {
  say(`BROKEN: ${(error as Error).message}\nagain: npm run test:durability -- --seed ${seed}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
