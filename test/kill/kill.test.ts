/** A few kills over real sockets; `npm run kill` is the full run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { campaign } from "./campaign.ts";

it("an order that is killed again and again ends with exact quantities", async () => {
  const folder = mkdtempSync(join(tmpdir(), "arrival-kill-"));
  try {
    const outcomes = await campaign({
      kills: 4,
      seed: 3,
      lanes: 2,
      folder,
      seconds: 8,
      lifeMs: [1000, 4000],
    });
    expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
    expect(outcomes.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThanOrEqual(4);
    expect(outcomes.reduce((sum, { orders }) => sum + orders, 0)).toBeGreaterThan(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
