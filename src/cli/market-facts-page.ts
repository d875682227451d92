/**
 * Market facts page: what `arrival market facts` prints: one block a fact, one column a market.
 */
import { CLUSTERS_MIN } from "../core/tca/paired-difference.ts";
import type { Finding, Measure } from "../runtime/stylised-facts/finding.ts";
import { FACTS } from "../runtime/stylised-facts/literature.ts";
import type { Column } from "./market-facts.ts";
import { type Align, bold, type Cell, dim, Page, plain } from "./text-page.ts";

const NAME_MOST = 34;

export function factsText(columns: readonly Column[], colour: boolean, width: number): string {
  const page = new Page(colour, Math.max(60, width));
  const aligns: readonly Align[] = ["left", ...columns.map((): Align => "left")];
  page.line(`Stylised facts of ${columns.map(({ name }) => name).join(" and ")}`, "bold");
  page.table(overview(columns), aligns);
  for (const [at, finding] of columns[0]!.sheet.findings.entries()) {
    const known = FACTS[finding.fact];
    const found = columns.map(({ sheet }) => sheet.findings[at]!);
    page.heading(known.title);
    page.line(`${known.says} (${known.source})`, "dim");
    const whys = new Set(found.map(({ why }) => why ?? ""));
    page.table([...measureRows(found), verdictRow(found)], aligns);
    if (whys.size === 1) page.line(`  ${found[0]?.why ?? ""}`.trimEnd(), "dim");
    else found.forEach(({ why }, i) => page.line(whyText(columns[i]!.name, why), "dim"));
  }
  page.heading("Reading it");
  page.line(
    `[low, high] is a 95 % interval: a block jackknife over spans of time, bootstrap-t over its ` +
      `pseudo-values. Under ${CLUSTERS_MIN} independent spans there is none, and nothing is ` +
      "called there or missing. Spans are at least two minutes and five times what is remembered.",
  );
  const pseudo = columns.filter(({ sheet }) =>
    sheet.findings.some(({ proxy }) => proxy !== undefined),
  );
  if (pseudo.length > 0) {
    page.line(
      `Nobody says who traded in ${pseudo.map(({ name }) => name).join(", ")}: runs of market ` +
        "orders of one side stand in for metaorders: as they come (runs), or dealt out by lot to " +
        "4 or 20 traders (Maitrier, Loeper, Bouchaud 2025). Such a run ends because the other " +
        "side came, and takes the blame for all that moved the price its way. Where the exponent " +
        "hangs on the number of traders, it says nothing of metaorders.",
    );
  }
  return page.text();
}

const whyText = (name: string, why = "–"): string => `  ${clip(name)}: ${why}`;

const clip = (name: string): string =>
  name.length <= NAME_MOST ? name : `${name.slice(0, NAME_MOST - 1)}…`;

function overview(columns: readonly Column[]): readonly (readonly Cell[])[] {
  const row = (title: string, of: (column: Column) => string): readonly Cell[] => [
    dim(title),
    ...columns.map((column) => plain(of(column))),
  ];
  return [
    [plain(""), ...columns.map(({ name }) => bold(clip(name)))],
    row("instrument", ({ sheet }) => sheet.id),
    row("recorded", ({ sheet }) => spanText(sheet.seconds)),
    row("with a sound book", ({ sheet }) => share(sheet.quotedSeconds / sheet.seconds)),
    row("market orders (prints)", ({ sheet }) => `${count(sheet.orders)} (${count(sheet.prints)})`),
  ];
}

/** Measures have one name in every market; a market that lacks one shows a dash. */
function measureRows(found: readonly Finding[]): readonly (readonly Cell[])[] {
  const names = [...new Set(found.flatMap(({ measures }) => measures.map(({ name }) => name)))];
  return names.map((name) => {
    const measures = found.map((finding) => finding.measures.find((each) => each.name === name));
    const unit = measures.find((each) => each?.unit !== undefined)?.unit;
    const title = dim(unit === undefined ? name : `${name}, ${unit}`);
    return [title].concat(measures.map((each) => plain(measureText(each))));
  });
}

function measureText(measured: Measure | undefined): string {
  const estimate = measured?.estimate;
  if (estimate === undefined) return "–";
  const { value, interval } = estimate;
  if (interval === undefined) return figure(value);
  return `${figure(value)} [${figure(interval.low)}, ${figure(interval.high)}]`;
}

const verdictRow = (found: readonly Finding[]): readonly Cell[] => [
  bold("has it"),
  ...found.map(({ holds, effective, proxy }): Cell => {
    const told = proxy === undefined ? holds : `${holds} (of runs)`;
    const text = effective < CLUSTERS_MIN ? `${told}: ${effective} spans` : told;
    if (holds === "yes") return { text, style: "green" };
    return holds === "no" ? { text, style: "red" } : dim(text);
  }),
];

/** Three digits that mean something. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e5 || size < 1e-4) return value.toExponential(1);
  return value.toFixed(Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size)))));
}

const count = (value: number): string => value.toLocaleString("en-US");
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;

function spanText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return `${Math.round(seconds)} s`;
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
