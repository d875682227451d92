/**
 * A report says what the journal says, in every format alike, and what comes from outside stays
 * text. What is lost if this fails: a number in a file that was sent to others and is wrong, or a
 * script that runs in whoever's browser opens it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parser } from "htmlparser2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openScripted } from "../advisors/scripted.ts";
import { decimal, rescale } from "../core/domain/decimal.ts";
import { micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import { analyse, type ExecutionReport } from "../core/tca/report.ts";
import { csvCell } from "../data/export/csv-cell.ts";
import { type BacktestRequest, prepareBacktest } from "../runtime/backtest.ts";
import { checkStrategy } from "../runtime/compose.ts";
import { parseConfig } from "../runtime/config.ts";
import { openGenerated } from "../runtime/market-source.ts";
import { replay } from "../runtime/replay.ts";
import { CSV_COLUMNS, csvRows } from "./csv-rows.ts";
import { documentOf } from "./document-of.ts";
import { gather } from "./gather.ts";
import { escaped, htmlOf } from "./html.ts";
import { inline, markdownOf } from "./markdown.ts";
import type { ReportData } from "./report-data.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-report-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;
const SCRIPT = `
name: evil
latencyMs: 800
rules:
  - when: { number: 2 }
    fail: timed-out
  - advise:
      action: accelerate
      rate: 2
      reasoning: ${JSON.stringify(`the spread is 7.77 bps ${EVIL}`)}
      risk: ${JSON.stringify(EVIL)}
`;

interface Wish {
  readonly strategy: string;
  readonly seed?: number;
  readonly quantity?: string;
  readonly side?: "buy" | "sell";
  readonly influence?: number;
  readonly market?: "auto" | "recorded";
}

async function journalOf(name: string, wish: Wish): Promise<string> {
  const path = join(folder, `${name}.journal`);
  const { seed = 1, quantity = "6", side = "buy", strategy, influence, market = "auto" } = wish;
  const opened = openGenerated({
    kind: "generated",
    seed,
    eventsPerSecond: 25,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(4 * MINUTE),
  });
  const script = join(folder, `${name}.yaml`);
  writeFileSync(script, SCRIPT);
  const advisor = influence === undefined ? undefined : await openScripted(script);
  if (advisor?.ok === false) throw new Error(advisor.error.text);
  const config = parseConfig(
    {
      strategy: { name: strategy },
      simulation: { market },
      ...(influence === undefined
        ? {}
        : {
            execution: { llmQueryInterval: "15s" },
            advice: {
              advisor: `scripted:${script}`,
              influence: { calm: influence, usual: influence, stressed: influence },
            },
          }),
    },
    checkStrategy,
  );
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const request: BacktestRequest = {
    side,
    quantity,
    isNotional: false,
    over: micros(2 * MINUTE),
    start: micros(50 * SECOND),
    constraints: { mayCrossSpread: true, residual: "leave" },
    acceptInfeasible: true,
    config: config.value,
    seed: 7,
    advisor: advisor?.value,
  };
  const prepared = prepareBacktest(opened, request, path);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const { advisors, run } = prepared.value;
  const steps = run();
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    for (const one of advisors) if (one.isThinking) await one.thought;
  }
  return path;
}

async function reportOf(
  journals: readonly string[],
  more: Partial<Parameters<typeof gather>[0]> = {},
): Promise<ReportData> {
  const data = await gather({
    journals,
    arms: [],
    exchangesOf: () => undefined,
    turn: async () => undefined,
    ...more,
  });
  if (!data.ok) throw new Error(data.error.text);
  return data.value;
}

/** As the engine stands at the journal's end, which `arrival replay` compares byte by byte. */
async function replayed(path: string): Promise<ExecutionReport> {
  const done = await replay(path);
  if (!done.ok) throw new Error(done.error.text);
  expect(done.value.identical).toBe(true);
  const { engine } = done.value;
  const parent = engine.parents.get("p1")!;
  const market = engine.instruments[0]!;
  return analyse(executionOf(parent, market, parent.endedAt!, parent.midAtEnd!)!);
}

const ARMS = [
  { label: "twap", strategy: { name: "twap", parameters: {} } },
  { label: "vwap", strategy: { name: "vwap", parameters: {} } },
];

let advised: string;
let data: ReportData;
beforeAll(async () => {
  advised = await journalOf("advised", { strategy: "is", influence: 1, market: "recorded" });
  data = await reportOf([advised], { arms: ARMS, windows: 2 });
}, 120_000);

describe("a report's figures", () => {
  it("are those of the replay, to the last digit", async () => {
    const report = await replayed(advised);
    expect(data.orders).toHaveLength(1);
    expect(data.orders[0]!.view.report).toEqual(report);
    expect(data.summaries[0]!.shortfallBps).toBe(report.shortfall.total.bps);
    expect(report.metrics.fills).toBeGreaterThan(3);
  });

  it("add up: the parts of the cost, and the splits of what was filled", () => {
    const { view, splits } = data.orders[0]!;
    const { parts, total } = view.report!.shortfall;
    const cash = Object.values(parts).map((cost) => decimal(cost.cash!));
    const scale = Math.max(...cash.map((one) => one.scale), decimal(total.cash!).scale);
    const sum = cash.reduce((so, one) => so + rescale(one, scale), 0n);
    expect(sum).toBe(rescale(decimal(total.cash!), scale));
    for (const by of ["order type", "liquidity", "venue"] as const) {
      const rows = splits.filter((row) => row.by === by);
      const filled = rows.reduce((so, row) => so + Number(row.quantity), 0);
      expect(filled).toBeCloseTo(Number(view.report!.quantity.filled), 9);
      expect(rows.reduce((so, row) => so + row.share, 0)).toBeCloseTo(1, 12);
    }
    const { costBps } = splits.find(({ by }) => by === "venue")!;
    expect(costBps).toBeCloseTo(view.report!.metrics.arrivalSlippageBps!, 6);
  });

  it("count what was asked of the advisor and what came of it", () => {
    const { advice, targets } = data.orders[0]!;
    expect(advice!.asked).toBeGreaterThan(3);
    // One question came to nothing.
    expect(advice!.fallbackRate).toBeCloseTo(1 / advice!.asked, 12);
    expect(advice!.reasonings).toBe(advice!.asked - 1);
    expect(advice!.followed).toBeGreaterThan(0);
    // Its one number stands nowhere in what it was shown.
    expect(advice!.grounded).toBe(0);
    expect(targets.find(({ name }) => name === "grounded reasoning")!.verdict).toBe("missed");
    expect(targets.find(({ name }) => name === "decision quality")!.verdict).toBe("not judged");
  });

  it("hold the order against others on the same market, where one of them is itself", async () => {
    const plain = await journalOf("plain", { strategy: "twap", market: "recorded" });
    const one = await reportOf([plain], {
      arms: [{ label: "again", strategy: { name: "twap", parameters: {} }, urgency: 0.500_001 }],
      windows: 0,
    });
    const { baselines } = one.orders[0]!;
    if (baselines.kind !== "compared") throw new Error(baselines.why);
    const [own, again] = baselines.here;
    expect(own!.costBps).toBeCloseTo(one.summaries[0]!.shortfallBps!, 9);
    expect(again!.costBps).toBeCloseTo(own!.costBps, 3);
    expect(baselines.windows).toBeNull();
    const { baselines: many } = data.orders[0]!;
    if (many.kind !== "compared") throw new Error(many.why);
    expect(many.here.map(({ arm }) => arm)).toEqual([
      "this order",
      "is without advice",
      "twap",
      "vwap",
    ]);
    expect(many.windows!.independent).toBe(2);
    expect(many.windows!.text).toContain("no interval can be given");
    expect(many.windows!.arms.every(({ saving }) => (saving?.low ?? null) === null)).toBe(true);
  });
});

describe("a report's formats", () => {
  it("print the same figures", () => {
    const { view } = data.orders[0]!;
    const total = view.report!.shortfall.total.bps!.toFixed(2).replace("-", "−");
    const document = documentOf(data);
    const [html, markdown] = [htmlOf(document), markdownOf(document)];
    expect(html).toContain(total);
    expect(markdown).toContain(total);
    const rows = [...csvRows(data)];
    const costs = rows.filter(([, section, item]) => section === "cost" && item === "total");
    expect(costs.map((row) => row[4])).toEqual([
      view.report!.shortfall.total.bps,
      view.report!.shortfall.total.cash,
    ]);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([CSV_COLUMNS.length]));
    const children = new Set(rows.filter((row) => row[1] === "child").map((row) => row[2]));
    expect(children.size).toBe(view.report!.children.length);
    const again = JSON.parse(JSON.stringify(data)) as ReportData;
    expect(again).toEqual(data);
    expect(htmlOf(documentOf(again)).replaceAll(/zr\d+/g, "")).toBe(html.replaceAll(/zr\d+/g, ""));
  });

  it("hold nothing that could run or load, whatever was written into a journal", () => {
    for (const shown of [data, poisoned(data)]) {
      const html = htmlOf(documentOf(shown));
      const found = inspected(html);
      expect(found.tags).not.toContain("script");
      expect(found.tags).not.toContain("img");
      expect([...found.tags].filter((tag) => !ALLOWED.has(tag))).toEqual([]);
      expect(found.handlers).toEqual([]);
      expect(found.links).toEqual([]);
      expect(found.policies).toEqual([
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
      ]);
      // It is there, as text.
      expect(html).toContain("&lt;script&gt;alert(1");
      const markdown = markdownOf(documentOf(shown));
      expect(markdown).not.toMatch(/<script|<img/);
    }
  });

  it("escape what means something to HTML and to Markdown", () => {
    expect(escaped(`<a href="x" title='y'>&`)).toBe(
      "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;",
    );
    expect(escaped("safe\u202Egnp.exe\u0000")).toBe("safe gnp.exe ");
    expect(inline("[x](javascript:1) | `y` **z**\n# h")).toBe(
      "\\[x\\](javascript:1) \\| \\`y\\` \\*\\*z\\*\\* \\# h",
    );
    expect(csvCell('a,"b"')).toBe('"a,""b"""');
  });

  it("have pictures with a title, units and words, in colours that the page sets", () => {
    const html = htmlOf(documentOf(data));
    const svgs = html.match(/<svg [\s\S]*?<\/svg>/g)!;
    expect(svgs.length).toBeGreaterThanOrEqual(5);
    for (const svg of svgs) {
      expect(svg).toMatch(/^<svg role="img" aria-label="[^"]{20,}"/);
      expect(svg).toMatch(/bps|% of the order|price/);
      expect(svg).toContain("var(--");
      expect(svg).not.toMatch(/<style|#0[123]0[123]0[123]/);
    }
  });
});

describe("a report of several journals", () => {
  it("pairs strategies on equal terms, and says that a few pairs are too few", async () => {
    const journals: string[] = [];
    for (const seed of [11, 12, 13]) {
      for (const strategy of ["twap", "is"]) {
        journals.push(
          await journalOf(`${strategy}-${seed}`, { strategy, seed, market: "recorded" }),
        );
      }
    }
    const { period, orders, summaries } = await reportOf(journals);
    expect(orders).toEqual([]);
    expect(summaries).toHaveLength(6);
    const costs = new Map(summaries.map((one) => [one.journal, one.shortfallBps!]));
    expect(period!.pairs).toHaveLength(1);
    const [pair] = period!.pairs;
    expect([pair!.one, pair!.other, pair!.pairs, pair!.clusters]).toEqual(["is", "twap", 3, 3]);
    const differences = [11, 12, 13].map(
      (seed) => costs.get(`is-${seed}.journal`)! - costs.get(`twap-${seed}.journal`)!,
    );
    expect(pair!.meanBps).toBeCloseTo((differences[0]! + differences[1]! + differences[2]!) / 3, 9);
    expect(pair!.low).toBeNull();
    expect(pair!.text).toContain("too few to tell that from luck");
    expect(period!.all.independent).toBe(3);
    const page = htmlOf(documentOf(await reportOf(journals)));
    expect(page).toContain("Distribution of the cost");
  }, 120_000);

  it("does not pair orders that differ in more than the strategy", async () => {
    const journals = [
      await journalOf("small", { strategy: "twap", quantity: "2", market: "recorded" }),
      await journalOf("large", { strategy: "is", quantity: "3", market: "recorded" }),
    ];
    const { period } = await reportOf(journals);
    expect(period!.pairs).toEqual([]);
    expect(period!.unpaired).toContain("none is held against another");
    // One stretch of one market: its luck is counted once.
    expect(period!.all.independent).toBe(1);
  }, 60_000);
});

const ALLOWED = new Set(
  (
    "html head meta title style body header h1 h2 h3 p dl div dt dd main section ul li figure " +
    "figcaption table caption thead tbody tr th td footer svg g path text rect circle defs " +
    "clipPath " +
    "line polyline polygon tspan"
  ).split(" "),
);

function inspected(html: string) {
  const tags = new Set<string>();
  const handlers: string[] = [];
  const links: string[] = [];
  const policies: string[] = [];
  const parser = new Parser({
    onopentag(name, attributes) {
      tags.add(name);
      for (const [attribute, value] of Object.entries(attributes)) {
        if (/^on/i.test(attribute)) handlers.push(`${name} ${attribute}`);
        const isLink = /^(?:src|href|xlink:href|srcset|action|data|background)$/i.test(attribute);
        if (isLink || /url\((?!#)/i.test(value)) links.push(`${name} ${attribute}=${value}`);
      }
      if (attributes["http-equiv"] === "Content-Security-Policy") {
        policies.push(attributes["content"]!);
      }
    },
  });
  parser.write(html);
  parser.end();
  return { tags, handlers, links, policies };
}

/** Where what others wrote may stand. */
const FREE = new Set(
  (
    "journal symbol venue strategy reason reasoning text risk name note why arm program parentId " +
    "market instrument closeText advisor dropped what asked allowed halt id childId quantityUnit"
  ).split(" "),
);

function poisoned<Value>(value: Value, key = ""): Value {
  if (typeof value === "string") {
    const isFree = FREE.has(key) && !/^[-+]?[\d.]+$/.test(value);
    return (isFree ? `${value}${EVIL}` : value) as Value;
  }
  if (Array.isArray(value)) {
    return value.map((one) => poisoned(one, key === "summary" ? "text" : key)) as Value;
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]),
  ) as Value;
}
