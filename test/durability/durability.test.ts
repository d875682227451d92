/**
 * Durability: after a power cut at any place a run goes on with every commit that had returned, and
 * with the rows that its events were decided on.
 *
 * What these images cannot show stands in docs/decisions/0002-journal-store.md. The full run is
 * `npm run test:durability`.
 */
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { EventFileWriter } from "../../src/data/event-file/writer.ts";
import { imageFolder, killRepairs, trial, type TrialResult } from "./trial.ts";

const folder = imageFolder("durability");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const crash = (seed: number, images: number): TrialResult =>
  trial({
    seed,
    folder,
    images,
    turns: 60,
    perPlace: 3,
    depth: 3,
    again: { share: 0.02, most: 60 },
  });

/** Puts a bug in place of a method while `work` runs. */
function planted<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  bug: (real: Owner[Name]) => Owner[Name],
  work: () => void,
): void {
  const { [name]: real } = owner;
  owner[name] = bug(real);
  try {
    work();
  } finally {
    owner[name] = real;
  }
}

describe("a power cut", () => {
  it("at any place of a run, and of going on with it, loses nothing that was promised", () => {
    const { images, ofResumed, beyond } = crash(20_261_123, 800);
    expect(images).toBe(800);
    expect(ofResumed).toBeGreaterThan(150);
    // Not only the images in which nothing had been under way.
    expect(beyond).toBeGreaterThan(20);
  });

  it("or a kill behind any write of a repair is gone on from once more", () => {
    const { kills, repaired } = killRepairs(7, folder);
    expect(repaired).toBeGreaterThan(2);
    expect(kills).toBeGreaterThan(50);
  });

  it("finds a write-ahead file that is not waited for", () => {
    type Exec = DatabaseSync["exec"];
    const hasty = (exec: Exec): Exec =>
      function (this: DatabaseSync, sql: string) {
        exec.call(this, sql.replace("synchronous = FULL", "synchronous = OFF"));
      };
    planted(DatabaseSync.prototype, "exec", hasty, () => {
      expect(() => crash(1, 400)).toThrow(/records lost that a commit had returned from/);
    });
  });

  it("finds rows that leave the journal before the event file has them on the disk", () => {
    const hasty = (): (() => void) => () => undefined;
    planted(EventFileWriter.prototype, "sync", hasty, () => {
      expect(() => crash(1, 1_000)).toThrow(/rows lost that events were decided on/);
    });
  });
});
