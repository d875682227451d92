/**
 * Trial: a run is recorded, its disk is crashed in many ways, and each of them is gone on with.
 *
 * Some of the images are recorded in turn while they are gone on with, so that the repair itself
 * and the session behind it are crashed, too.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { type CrashImage, crashImages, killImages } from "./crash-images.ts";
import { RecordedDisk } from "./recorded-disk.ts";
import { check, openStore, Session, type Truth } from "./scenario.ts";

export interface TrialOptions {
  readonly seed: number;
  /** An empty folder. */
  readonly folder: string;
  readonly images: number;
  readonly turns: number;
  readonly perPlace: number;
  /** Of the images, how many are recorded and crashed again, and in how many ways at most. */
  readonly again: { readonly share: number; readonly most: number };
  /** Sessions that crash one behind the other. */
  readonly depth: number;
}

export interface TrialResult {
  images: number;
  /** Of which a crash in the middle of going on with another. */
  ofResumed: number;
  /** Records that were there beyond what had been promised. */
  beyond: number;
}

/** @throws at the first image that loses or invents something. */
export function trial(options: TrialOptions): TrialResult {
  return new Trial(options).run();
}

class Trial {
  readonly #options: TrialOptions;
  readonly #draw: () => number;
  readonly #result: TrialResult = { images: 0, ofResumed: 0, beyond: 0 };

  constructor(options: TrialOptions) {
    this.#options = options;
    let k = 0;
    this.#draw = () => uniformAt(options.seed, streamOf("trial"), k++);
  }

  run(): TrialResult {
    for (let round = 0; this.#isShort; round++) {
      const { folder, seed, turns } = this.#options;
      const place = mkdtempSync(join(folder, "run-"));
      const disk = new RecordedDisk(place);
      disk.install();
      try {
        const session = Session.begin(disk, seed + round);
        session.work(turns);
        session.close();
        disk.remove();
        this.#crash(disk, session.truth, 1, Number.POSITIVE_INFINITY);
      } finally {
        disk.remove();
        rmSync(place, { recursive: true, force: true });
      }
    }
    return this.#result;
  }

  get #isShort(): boolean {
    return this.#result.images < this.#options.images;
  }

  #crash(disk: RecordedDisk, truth: Truth, depth: number, most: number): void {
    const { folder, perPlace } = this.#options;
    const into = mkdtempSync(join(folder, "images-"));
    const until = this.#result.images + most;
    for (const image of crashImages(disk.begin, disk.steps, into, perPlace, this.#draw)) {
      if (!this.#isShort || this.#result.images >= until) break;
      this.#tryOut(image, truth, depth);
      rmSync(image.folder, { recursive: true, force: true });
    }
    rmSync(into, { recursive: true, force: true });
  }

  #tryOut(image: CrashImage, truth: Truth, depth: number): void {
    const { again, depth: deepest, seed, turns } = this.#options;
    this.#result.images += 1;
    if (depth > 1) this.#result.ofResumed += 1;
    const isDeeper = depth < deepest && this.#draw() < again.share;
    const disk = isDeeper ? new RecordedDisk(image.folder) : undefined;
    disk?.install();
    try {
      const store = openStore(image.folder);
      const run = store.resume();
      const where = `seed ${seed}, session ${depth}, ${image.place}`;
      if (!run.ok) throw new Error(`${run.error.code}: ${run.error.text}, at ${where}`);
      const count = check(run.value, truth, image.mark, where);
      this.#result.beyond += count - truth.commits[image.mark]!;
      if (disk === undefined) return run.value.journal.close();
      const next = Session.resume(disk, store, run.value, truth, count, seed + depth);
      next.work(Math.ceil(turns / 4));
      next.close();
      disk.remove();
      this.#crash(disk, next.truth, depth + 1, again.most);
    } finally {
      disk?.remove();
    }
  }
}

/** Runs are killed, and their repair is killed again behind each of its writes. */
export function killRepairs(
  seed: number,
  folder: string,
): { readonly kills: number; readonly repaired: number } {
  let [kills, repaired] = [0, 0];
  const place = mkdtempSync(join(folder, "run-"));
  const disk = new RecordedDisk(place);
  disk.install();
  const session = Session.begin(disk, seed);
  try {
    session.work(60);
    session.close();
  } finally {
    disk.remove();
  }
  const { truth } = session;
  let k = 0;
  for (const image of killImages(disk.begin, disk.steps, place)) {
    // A few of them: most lie between the sectors of one write.
    if (k++ % 150 !== 75) continue;
    const again = new RecordedDisk(image.folder);
    again.install();
    try {
      resumed(image.folder, truth, image);
    } finally {
      again.remove();
    }
    repaired += 1;
    for (const second of killImages(again.begin, again.steps, place)) {
      resumed(second.folder, truth, { ...second, mark: image.mark });
      kills += 1;
    }
  }
  return { kills, repaired };
}

function resumed(folder: string, truth: Truth, { mark, place }: CrashImage): void {
  const run = openStore(folder).resume();
  if (!run.ok) throw new Error(`${run.error.code}: ${run.error.text}, at ${place}`);
  check(run.value, truth, mark, place);
  run.value.journal.close();
}

/** Where waiting for the disk takes no time, if there is such a place. */
export function imageFolder(name: string): string {
  for (const base of ["/dev/shm", process.env["TMPDIR"] ?? "/tmp"]) {
    try {
      mkdirSync(base, { recursive: true });
      return mkdtempSync(join(base, `arrival-${name}-`));
    } catch {
      // Not on this system.
    }
  }
  throw new Error("no folder for crash images");
}
