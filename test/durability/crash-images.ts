/**
 * Crash images: what a power cut may leave of a recorded disk.
 *
 * At every place where the program waited for the disk, and where something had been promised:
 * what had been waited for is there, and of what was written since any part: each sector of 512
 * bytes new or old, lengths new or old, names given and taken or not. Sectors themselves are not
 * torn.
 */
import { linkSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiskState, DiskStep } from "./recorded-disk.ts";

export interface CrashImage {
  readonly folder: string;
  /** The last promise that had been made. */
  readonly mark: number;
  /** For people: where in the recording, and how much of what was under way came through. */
  readonly place: string;
}

type Pending = Exclude<DiskStep, { kind: "sync" | "sync-names" | "mark" }>;

/** What came through: all (a process that was killed), nothing, or each with a chance. */
const SHARES = [1, 0, 0.5, 0.9, 0.1];

/**
 * @param perPlace images at each place.
 * @param draw uniform in [0, 1).
 */
export function* crashImages(
  begin: DiskState,
  steps: readonly DiskStep[],
  into: string,
  perPlace: number,
  draw: () => number,
): Generator<CrashImage> {
  const durable = copyOf(begin);
  let pending: Pending[] = [];
  let mark = 0;
  for (const [index, step] of steps.entries()) {
    const isPlace = step.kind === "sync" || step.kind === "sync-names" || step.kind === "mark";
    if (!isPlace) {
      pending.push(step);
      continue;
    }
    if (step.kind === "mark") mark = step.mark;
    for (let each = 0; each < perPlace && (pending.length > 0 || each === 0); each++) {
      const share = SHARES[Math.floor(draw() * SHARES.length)]!;
      const through = pending.filter(() => share === 1 || draw() < share);
      const state = copyOf(durable);
      for (const done of through) apply(state, done);
      const folder = mkdtempSync(join(into, "image-"));
      lay(state, folder);
      const place = `step ${index} (${step.kind}), ${through.length} of ${pending.length} through`;
      yield { folder, mark, place };
    }
    pending = settle(durable, pending, step);
  }
}

/** What lies there where the process is killed behind each step, and nothing is lost by the disk. */
export function* killImages(
  begin: DiskState,
  steps: readonly DiskStep[],
  into: string,
): Generator<CrashImage> {
  const state = copyOf(begin);
  let mark = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === "mark") mark = step.mark;
    if (step.kind === "sync" || step.kind === "sync-names" || step.kind === "mark") continue;
    apply(state, step);
    const folder = mkdtempSync(join(into, "image-"));
    lay(state, folder);
    yield { folder, mark, place: `killed behind step ${index} (${step.kind})` };
  }
}

/** @returns what is still under way. */
function settle(durable: DiskState, pending: readonly Pending[], step: DiskStep): Pending[] {
  if (step.kind === "mark") return [...pending];
  const isDone = (each: Pending): boolean =>
    each.kind === "name" || each.kind === "unname"
      ? step.kind === "sync-names"
      : step.kind === "sync" && each.file === step.file;
  for (const each of pending) if (isDone(each)) apply(durable, each);
  return pending.filter((each) => !isDone(each));
}

function apply({ files, names }: DiskState, step: Pending): void {
  if (step.kind === "name") names.set(step.name, step.file);
  else if (step.kind === "unname") names.delete(step.name);
  else files.set(step.file, changed(files.get(step.file) ?? Buffer.alloc(0), step));
}

type Change = Extract<DiskStep, { kind: "write" | "size" }>;

/** In place where it can be: no state shares its bytes with another. */
function changed(bytes: Buffer, step: Change): Buffer {
  if (step.kind === "write") {
    const end = step.at + step.bytes.length;
    const grown =
      end > bytes.length ? Buffer.concat([bytes, Buffer.alloc(end - bytes.length)]) : bytes;
    step.bytes.copy(grown, step.at);
    return grown;
  }
  if (step.size <= bytes.length) return bytes.subarray(0, step.size);
  return Buffer.concat([bytes, Buffer.alloc(step.size - bytes.length)]);
}

/** With bytes of its own. */
const copyOf = ({ files, names }: DiskState): DiskState => ({
  files: new Map([...files].map(([file, bytes]) => [file, Buffer.from(bytes)])),
  names: new Map(names),
});

function lay({ files, names }: DiskState, folder: string): void {
  const first = new Map<number, string>();
  for (const [name, file] of names) {
    const path = join(folder, name);
    const other = first.get(file);
    if (other === undefined) writeFileSync(path, files.get(file) ?? Buffer.alloc(0));
    else linkSync(other, path);
    first.set(file, path);
  }
}
