import { describe, expect, it } from "vitest";
import { heatSvg } from "./heat-picture.ts";

describe("heatSvg", () => {
  const svg = heatSvg(
    {
      key: "urgency",
      values: ["0.1", "<0.9>"],
      lines: [
        { label: "twap", cells: [1, 3] },
        { label: "is & co", cells: [-0.5, undefined] },
      ],
    },
    "a < b",
  );

  it("has a cell with its figure for every arm, and none where there is none", () => {
    expect(svg.match(/<rect x=/g)).toHaveLength(3);
    for (const figure of ["+1.00", "+3.00", "−0.50"]) expect(svg).toContain(`>${figure}<`);
  });

  it("paints the cheapest palest and the dearest darkest, and writes on both legibly", () => {
    const fills = [...svg.matchAll(/fill="rgb\((\d+),/g)].map((match) => Number(match[1]));
    expect(fills[2]).toBe(Math.max(...fills));
    expect(fills[1]).toBe(Math.min(...fills));
    expect(svg).toMatch(/fill="#fff">\+3\.00/);
    expect(svg).toMatch(/fill="#111">−0\.50/);
  });

  it("escapes what a user has named", () => {
    expect(svg).toContain("a &lt; b");
    expect(svg).toContain("is &amp; co");
    expect(svg).toContain("&lt;0.9&gt;");
  });
});
