import { describe, expect, it } from "vitest";
import { INSTRUMENT, Luck, tapeOf, walk } from "../../test/planted-market.ts";
import { factsOf, type MarketFactSheet } from "../runtime/stylised-facts/facts.ts";
import { FACTS } from "../runtime/stylised-facts/literature.ts";
import { domainOf, panelSvg, type Plot } from "./facts-panel.ts";
import { factsText, figure } from "./market-facts-page.ts";
import { factPictures, factsSvg, PICTURE_NAMES } from "./market-facts-picture.ts";

function sheetOf(minutes: number): MarketFactSheet {
  const luck = new Luck(51, "page");
  const tape = tapeOf(walk(minutes * 600, () => 1e-5 * luck.normal()));
  const finding = factsOf([{ tape, epochNanos: 0n }], 1);
  let step = finding.next();
  while (step.done !== true) step = finding.next();
  return step.value;
}

const columns = [
  { name: 'a <b> & "c".gz', sheet: sheetOf(120) },
  { name: "short", sheet: sheetOf(3) },
];

describe("the facts page", () => {
  const text = factsText(columns, false, 110);

  it("has every fact with its source and a verdict for each market", () => {
    for (const { title, source } of Object.values(FACTS)) {
      expect(text).toContain(title);
      expect(text.replaceAll(/\s+/g, " ")).toContain(source.replaceAll(/\s+/g, " "));
    }
    const verdicts = text.split("\n").filter((line) => line.includes("has it"));
    expect(verdicts).toHaveLength(Object.keys(FACTS).length);
  });

  it("says how few spans there were, and shows no interval of them", () => {
    const kurtosis = /excess kurtosis 1 s .*/.exec(text)![0];
    expect(kurtosis).toMatch(/\[-?[\d.]+, -?[\d.]+\] +–/);
    expect(text).toMatch(/has it +.* cannot be told: \d spans/);
  });

  it("names what stands in for metaorders", () => {
    expect(text).toContain("Nobody says who traded");
    expect(text).toContain("(of runs)");
  });

  it.each([
    [0, "0"],
    [0.0123456, "0.0123"],
    [-12.3456, "-12.3"],
    [1234.5, "1235"],
    [2.5e-7, "2.5e-7"],
    [123_456, "1.2e+5"],
  ])("writes %s as %s", (value, written) => expect(figure(value)).toBe(written));
});

describe("the facts picture", () => {
  it("stands alone, with names made safe, and says where there is too little", () => {
    const svg = factsSvg(columns);
    expect(svg.startsWith("<svg ")).toBe(true);
    expect(svg).toContain("a &lt;b&gt; &amp; &quot;c&quot;.gz");
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(svg).toContain("too little data");
    expect(svg).toContain(`${INSTRUMENT.venue}:`);
  });

  it("is a page of rows, or a picture a row", () => {
    const pictures = factPictures(columns);
    expect(pictures.map(({ name }) => name)).toEqual(PICTURE_NAMES);
    for (const { svg } of pictures) expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe("a panel", () => {
  const plot: Plot = {
    x: { label: "x", isLog: true },
    y: { label: "y", isLog: false },
    curves: [
      { name: "c", mark: "dots", x: [1, 10, 100], y: [1, 2, -1], low: [0, 1, -3], high: [2, 3, 0] },
    ],
  };

  it("makes room for the dots and their whiskers", () => {
    const [from, to] = domainOf([plot], "y")!;
    expect(from).toBeLessThan(-3);
    expect(to).toBeGreaterThan(3);
    expect(domainOf([{ ...plot, curves: [] }], "y")).toBeUndefined();
  });

  it("puts the middle of a logarithm into the middle", () => {
    const box = { left: 0, top: 0, width: 300, height: 168 };
    const domains = { x: [1, 100] as const, y: [-4, 4] as const };
    const middles = [...panelSvg(plot, box, domains, "yes").matchAll(/circle cx="([\d.]+)"/g)];
    const [first, second, third] = middles.map((match) => Number(match[1]));
    expect(second! - first!).toBeCloseTo(third! - second!, 6);
  });
});
