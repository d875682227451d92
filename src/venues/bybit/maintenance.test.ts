import { describe, expect, it } from "vitest";
import { Maintenance } from "./maintenance.ts";

function stage() {
  const told: string[] = [];
  const at = { now: 0 };
  const maintenance = new Maintenance(
    ({ severity, text }) => void told.push(`${severity}: ${text}`),
    () => at.now,
  );
  const hear = (retCode: number | undefined, status = 200, isPlace = false): void =>
    maintenance.heard({ status, retCode, text: `says ${retCode ?? `HTTP ${status}`}`, isPlace });
  return { told, at, hear };
}

describe("maintenance", () => {
  it.each([
    [10_016, 200],
    [10_019, 200],
    [undefined, 503],
  ])("is told once, and its end once it has lasted (%s, HTTP %i)", (retCode, status) => {
    const { told, at, hear } = stage();
    for (let second = 0; second < 60; second++) {
      at.now = second * 1000;
      hear(retCode, status);
      // It comes and goes.
      hear(0);
    }
    expect(told).toEqual([expect.stringMatching(/^warning: the venue is not at work: says/)]);
    at.now += 29_000;
    hear(0);
    expect(told).toHaveLength(1);
    at.now += 1000;
    hear(0);
    hear(0);
    expect(told.slice(1)).toEqual(["info: the venue is at work again"]);
    hear(retCode, status);
    expect(told).toHaveLength(3);
  });

  it("of the market ends where an order is taken, and not where a question is answered", () => {
    const { told, at, hear } = stage();
    hear(110_066);
    hear(110_066);
    at.now = 60_000;
    hear(0);
    expect(told).toEqual(["critical: the venue takes no orders now: says 110066"]);
    hear(0, 200, true);
    expect(told.slice(1)).toEqual(["info: the venue takes orders again"]);
  });

  it("is no refusal, no limit and no page of a proxy", () => {
    const { told, hear } = stage();
    for (const retCode of [110_007, 10_006, 10_001, 110_001]) hear(retCode);
    for (const status of [200, 403, 404, 429]) hear(undefined, status);
    expect(told).toEqual([]);
  });
});
