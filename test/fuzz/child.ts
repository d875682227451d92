/**
 * Child: one target in a process of its own, so that an input that hangs or kills it ends nothing
 * else.
 *
 * The input in hand is in a file at every moment: what is there when the process has died is what
 * killed it.
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { Campaign, type CampaignResult, type Finding } from "./campaign.ts";
import { Coverage } from "./coverage.ts";
import { type GrowthFinding, growthOf } from "./growth.ts";
import { type Plant, PLANTS } from "./plants.ts";

export interface Task {
  readonly target: string;
  readonly inputs: number;
  readonly seed: number;
  readonly isGuided: boolean;
  /** Also inputs that grow. */
  readonly withGrowth: boolean;
  /** Inputs to begin from beside the target's own. */
  readonly corpus: readonly string[];
  /** Where the input in hand is. */
  readonly inputFile: string;
  readonly plant?: string;
}

export type Message =
  | { readonly kind: "progress"; readonly done: number }
  | {
      readonly kind: "done";
      readonly result: CampaignResult;
      readonly growth: readonly GrowthFinding[];
      readonly corpus: readonly string[];
      readonly missing: readonly string[];
    };

const PROGRESS_MS = 250;

/** A fault in a copy of one file, made as it is loaded. */
function sow({ file, from, to }: Plant): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.split("?")[0]!.endsWith(file)) return loaded;
      const source = String(loaded.source ?? readFileSync(new URL(url), "utf8"));
      if (!source.includes(from)) throw new Error(`${file} does not say ${from} any more`);
      return { ...loaded, source: source.replace(from, to) };
    },
  });
}

/** Resolves when it has been handed over: a process that ends sooner takes it along. */
const tell = (message: Message): Promise<void> =>
  new Promise((resolve) => void process.send?.(message, () => resolve()));

async function work(task: Task): Promise<void> {
  const plant = PLANTS.find(({ name }) => name === task.plant);
  if (plant !== undefined) sow(plant);
  const coverage = task.isGuided ? new Coverage() : undefined;
  const { TARGETS } = await import("./targets.ts");
  const target = TARGETS.find(({ name }) => name === task.target);
  if (target === undefined) throw new Error(`no target ${task.target}`);
  const file = openSync(task.inputFile, "w");
  let done = 0;
  let toldAt = 0;
  const onInput = (input: string): void => {
    // As JavaScript holds it, lone surrogates included; the length first.
    const bytes = Buffer.from(input, "utf16le");
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    writeSync(file, Buffer.concat([length, bytes]), 0, bytes.length + 4, 0);
    done += 1;
    const now = performance.now();
    if (now - toldAt < PROGRESS_MS) return;
    toldAt = now;
    void tell({ kind: "progress", done });
  };
  const open = await target.open();
  const seeds = [...open.seeds, ...task.corpus];
  const { inputs, seed } = task;
  const options = { inputs, seed, coverage, onInput };
  // One is enough to show that a planted fault is found.
  const most = plant === undefined ? {} : { mostFindings: 1 };
  const campaign = new Campaign(target, { ...open, seeds }, { ...options, ...most });
  const result = await campaign.run();
  const growth = task.withGrowth ? await growthOf(target, open, onInput) : [];
  coverage?.stop();
  open.close?.();
  await tell({ kind: "done", result, growth, corpus: campaign.kept, missing: open.missing });
}

/** The input that a process had in hand when it ended. */
export function inputInHand(path: string): string {
  const bytes = readFileSync(path);
  return bytes.subarray(4, 4 + bytes.readUInt32LE(0)).toString("utf16le");
}

export type { Finding };

if (process.send !== undefined) {
  process.once("message", (task: Task) => {
    work(task).then(
      () => process.disconnect(),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exitCode = 1;
        process.disconnect();
      },
    );
  });
}
