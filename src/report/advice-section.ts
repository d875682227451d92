/**
 * Advice section: what an advisor was asked, what it answered, and what came of it.
 *
 * Numbers of a reasoning that stand in the question are marked ✓, others `?`. What must hold true:
 * what an advisor wrote is text from outside, and is shown as text.
 */
import type { AdviceEntry, AdvisorView } from "../view/shapes.ts";
import { type Block, column, type Section, text } from "./document.ts";
import { clockText, countText, numberText, shareText, withBps } from "./figure-text.ts";
import type { AdviceReport } from "./report-data.ts";

export function adviceSection(advice: AdviceReport, view: AdvisorView | null): Section {
  const bound = view?.envelope?.boundBps ?? null;
  const rows: readonly (readonly [name: string, value: string, note: string])[] = [
    ["asked", countText(advice.asked), ""],
    ["answered", countText(advice.answered), "with advice, or with the reason for none"],
    ["followed", countText(advice.followed), "changed how the order was worked"],
    ["clamped", countText(advice.clamped), "cut back to what is allowed"],
    ["dropped", countText(advice.dropped), "not used at all"],
    [
      "grounded",
      advice.reasonings === 0
        ? "not known"
        : `${countText(advice.grounded)} of ${countText(advice.reasonings)}`,
      "reasonings whose every number stands in the question",
    ],
    ["fallback", shareText(advice.fallbackRate), "no answer that could be used"],
    [
      "latency",
      advice.latencyMs === null
        ? "not known"
        : `${secondsText(advice.latencyMs.p50)}, ${secondsText(advice.latencyMs.p95)}`,
      "median and 95th percentile",
    ],
    [
      "most it may cost",
      bound === null ? "not known" : `${withBps(bound[0])}, ${withBps(bound[1])}`,
      "against the plan, at one and at three sigma",
    ],
    ...exchangeRows(advice),
  ];
  return {
    title: "The advisor",
    blocks: [
      {
        kind: "table",
        caption: "Asked, answered, followed",
        columns: [column("measure", "text"), column("value"), column("", "text")],
        rows: rows.map(([name, value, note]) => [
          text(name),
          text(value, "strong"),
          text(note, "dim"),
        ]),
        note:
          "Whether advice is worth anything, one order cannot tell: `arrival evaluate advisor` " +
          "works many with and without it.",
      },
      ...reliabilityBlocks(view),
      ...entryBlocks(view),
    ],
  };
}

function reliabilityBlocks(view: AdvisorView | null): readonly Block[] {
  const reliability = view?.worth.measured?.reliability ?? null;
  if (reliability === null) return [];
  const { decisions, right, bins } = reliability;
  return [
    {
      kind: "table",
      caption: "How sure it says it is, and how often it was right",
      columns: [column("told, on average"), column("right"), column("decisions")],
      rows: bins.map((bin) => [
        text(shareText(bin.confidence)),
        text(shareText(bin.right)),
        text(countText(bin.decisions)),
      ]),
      note:
        `Of ${countText(decisions)} decisions of an evaluation, by rollouts; ${shareText(right)} ` +
        "of all were right.",
    },
  ];
}

const secondsText = (ms: number): string => `${numberText(ms / 1000)} s`;

function exchangeRows({ exchanges }: AdviceReport): readonly [string, string, string][] {
  if (exchanges === null) return [];
  const { kept, missing, inputTokens, outputTokens } = exchanges;
  return [
    ["exchanges kept", countText(kept), `${countText(missing)} that the journal names are missing`],
    ["tokens", `${countText(inputTokens)} in, ${countText(outputTokens)} out`, "as they were told"],
  ];
}

function entryBlocks(view: AdvisorView | null): readonly Block[] {
  if (view === null || view.entries.length === 0) return [];
  const more = view.asked - view.entries.length;
  return [
    {
      kind: "table",
      caption: "Questions and answers",
      columns: [
        column("asked", "text"),
        column("why", "text"),
        column("answer", "text"),
        column("sure"),
        column("what came of it", "text"),
        column("its reasoning", "text"),
      ],
      rows: view.entries.map((entry) => [
        text(clockText(entry.askedAt)),
        text(entry.cause),
        text(answerText(entry)),
        text(entry.answer?.kind === "advice" ? shareText(entry.answer.advice.confidence) : ""),
        text(outcomeText(entry)),
        text(entry.grounded.map((part) => part.text + MARKS[part.mark]).join("")),
      ]),
      note:
        "✓ behind a number: it stands in what was shown; ?: it does not." +
        (more > 0 ? ` The newest ${view.entries.length}; ${countText(more)} came before.` : ""),
    },
  ];
}

const MARKS = { text: "", found: " ✓", not: " ?" } as const;

function answerText({ answer }: AdviceEntry): string {
  if (answer === null) return "no answer came";
  return answer.kind === "none" ? `none: ${answer.reason}` : answer.advice.action;
}

function outcomeText({ weight, dropped, clamps }: AdviceEntry): string {
  if (dropped !== null) return `not used: ${dropped}`;
  if (weight === null) return "";
  const cut = clamps.map(
    ({ what, asked, allowed, why }) => `${what} ${asked} → ${allowed} (${why})`,
  );
  const done = weight === 0 ? "only watched" : `followed by ${shareText(weight)}`;
  return cut.length === 0 ? done : `${done}; cut: ${cut.join(", ")}`;
}
