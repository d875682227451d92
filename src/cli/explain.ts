/**
 * `arrival explain`: what an advisor was asked about an order, what came of it, and why a child
 * order was sent.
 */
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { Grounding } from "../advisors/grounding.ts";
import { situationText } from "../advisors/prompt.ts";
import type { Clamp, ImpactReading } from "../core/contracts/advice.ts";
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import {
  type AdviceStory,
  type ChildStory,
  type Explanation,
  explain,
  type Influence,
} from "../runtime/advice/explanation.ts";
import { adviceFileOf } from "../runtime/advice/open-advice.ts";
import { REGIME_NAMES } from "../runtime/influence/influence-table.ts";
import { parseInstrument } from "../runtime/instrument-file.ts";
import { readMeasured } from "../runtime/viewer-options.ts";
import { likewise, likewiseText } from "../view/reliability.ts";
import type { Reliability } from "../view/shapes.ts";
import { CommandError, EXIT, note, print, printJson } from "./output.ts";

interface Flags {
  readonly child?: string;
  readonly exchanges?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

export function addExplain(program: Command): void {
  program
    .command("explain")
    .description("what an advisor was asked, what came of it, and why each child order was sent")
    .argument("<journal>", "a journal that a run kept")
    .option("--child <n>", "one child order, by its number or its id", childName)
    .option("--exchanges <file>", "what was exchanged [RUN.advice.jsonl beside the journal]")
    .option("--full", "with the whole situation that was shown")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  arrival explain run.journal
  arrival explain run.journal --child 3
  arrival explain run.journal --full --json

Numbers in a model's reasoning are marked: [12 bps ✓] stands in what it was shown, [9 % ?]
does not.`,
    )
    .action(async (path: string, flags: Flags) => {
      const beside = adviceFileOf(path);
      const exchanges = flags.exchanges ?? (existsSync(beside) ? beside : undefined);
      const done = await explain(path, exchanges);
      if (!done.ok) throw new CommandError(done.error.code, done.error.text);
      const { stories, children, missing, influences } = done.value;
      const chosen = flags.child === undefined ? undefined : childOf(children, flags.child);
      const where = exchanges ?? beside;
      if (missing > 0) {
        note(`note: ${missing} of the exchanges that the journal names are not in ${where}`);
      }
      if (flags.json === true) {
        const shown = chosen === undefined ? children : [chosen];
        const about = new Set(shown.map(({ onAdvice }) => onAdvice));
        const told =
          chosen === undefined ? stories : stories.filter((it) => about.has(it.question.id));
        const influence = influences;
        return printJson({ journal: path, influence, questions: told, children: shown, missing });
      }
      print(textOf(done.value, chosen, flags.full === true));
    });
}

function childName(text: string): string {
  if (/^[A-Za-z0-9-]{1,36}$/.test(text)) return text;
  throw new InvalidArgumentError("A number such as 3, or an id such as p1-3.");
}

/** By its place among those that were sent, or by its id. @throws CommandError */
function childOf(children: readonly ChildStory[], name: string): ChildStory {
  const found =
    children.find(({ order }) => order.clientOrderId === name) ??
    (/^\d+$/.test(name) ? children[Number(name) - 1] : undefined);
  if (found !== undefined) return found;
  const text = `the journal has ${children.length} child orders, and none is "${name}"`;
  throw new CommandError("USAGE", text, EXIT.usage);
}

function textOf(
  { header, influences, stories, children }: Explanation,
  chosen: ChildStory | undefined,
  isFull: boolean,
): string {
  const parsed = parseInstrument(header.instrument);
  const instrument = parsed.ok ? parsed.value : undefined;
  const reliability = new Map(
    influences.map(({ parentId, influenceSource }) => [
      parentId,
      readMeasured(influenceSource)?.reliability ?? undefined,
    ]),
  );
  const told = (story: AdviceStory): string =>
    storyText(story, isFull, reliability.get(story.question.parentId));
  if (chosen !== undefined) {
    const story = stories.find(({ question }) => question.id === chosen.onAdvice);
    const advice = story === undefined ? "no advice was in force" : told(story);
    return `${childText(chosen, instrument)}\n\n${advice}\n`;
  }
  if (stories.length === 0) {
    const more = `--child N explains one of its ${children.length} child orders`;
    return `nobody was asked about this order; ${more}\n`;
  }
  const blocks = stories.map((story) => {
    const sent = children.filter(({ onAdvice }) => onAdvice === story.question.id);
    const lines = sent.map((child) => `  ${childLine(child, instrument)}`);
    const under = lines.length === 0 ? "" : `\nsent while it was in force:\n${lines.join("\n")}`;
    return `${told(story)}${under}`;
  });
  const led = influences.map((one) => `${influenceText(one)}\n`).join("");
  return `${blocks.join("\n\n")}\n\n${led}${summaryText(stories)}\n`;
}

/** How much was to be done of what was advised, and who said so. */
function influenceText({ parentId, influence, influenceSource }: Influence): string {
  const weights = REGIME_NAMES.map((regime) => `${regime} ${influence[regime]}`);
  return `influence on ${parentId}: ${weights.join(", ")}; from ${influenceSource}`;
}

/** @param reliability of the advisor, where the weights come from a table that has it. */
function storyText(
  story: AdviceStory,
  isFull: boolean,
  reliability: Reliability | undefined,
): string {
  const { question, askedAt, answer, outcome, transcript } = story;
  const lines = [`${question.id}  ${timeText(askedAt)}  asked: ${causeText(story)}`];
  if (isFull) lines.push(indented(situationText(question)));
  if (answer === undefined) return [...lines, "  no answer came"].join("\n");
  const { latency, advisor } = answer;
  lines.push(`  answered after ${(latency / 1e6).toFixed(2)} s by ${advisor}`);
  if (answer.answer.kind === "none") {
    lines.push(`  no advice: ${answer.answer.reason}: ${answer.answer.text}`);
  } else {
    const { advice, source } = answer.answer;
    const { value, low, high } = advice.impactFactor;
    const more = [
      advice.rate === undefined ? "" : `rate ${advice.rate}`,
      advice.waitSeconds === undefined ? "" : `${advice.waitSeconds} s`,
      advice.strategy === undefined ? "" : `strategy ${advice.strategy}`,
      `urgency ${advice.urgency}`,
      `impact × ${value} (${low}–${high})`,
      source === "cache" ? "from the cache" : "",
    ].filter((part) => part !== "");
    const percent = Math.round(100 * advice.confidence);
    const like = reliability === undefined ? undefined : likewise(reliability, advice.confidence);
    const sure = `${percent} % sure${like === undefined ? "" : `, ${likewiseText(like)}`}`;
    lines.push(`  advised: ${advice.action}, ${sure} (${more.join(", ")})`);
    if (advice.readings !== undefined) {
      const told = READINGS.flatMap(([key, name]) => {
        const label = advice.readings?.[key];
        return label === undefined ? [] : [`${name} ${label}`];
      });
      lines.push(`  read before it: ${told.join(", ")}`);
    }
    lines.push(`  because: ${marked(advice.reasoning, answer.grounding)}`);
    lines.push(`  risk: ${advice.risk}`);
  }
  if (outcome?.kind === "dropped") lines.push(`  not used: ${outcome.why}`);
  else if (outcome !== undefined) {
    const { weight, until, clamps } = outcome;
    const done = weight === 0 ? "only watched" : `in force until ${timeText(until)}`;
    lines.push(`  ${done}${clamps.length === 0 ? "" : "; clamped:"}`);
    for (const clamp of clamps) lines.push(`    ${clampText(clamp)}`);
  }
  if (transcript?.usage !== undefined) {
    const { inputTokens, outputTokens, isEstimate } = transcript.usage;
    const about = isEstimate ? "about " : "";
    lines.push(`  ${about}${inputTokens} tokens in, ${outputTokens} out`);
  }
  return lines.join("\n");
}

/** In the words of a trader. */
const READINGS: readonly (readonly [ImpactReading, string])[] = [
  ["informedFlow", "informed flow"],
  ["newsPending", "news pending"],
  ["liquidity", "liquidity"],
  ["correlation", "other assets"],
];

const causeText = ({ question: { cause, situation } }: AdviceStory): string => {
  const { executed, secondsLeft } = situation.order;
  const done = `${(100 * executed).toFixed(1)} % done, ${secondsLeft} s left`;
  return `${cause} (${done}, ${situation.market.regime} market)`;
};

const clampText = ({ what, asked, allowed, why }: Clamp): string =>
  `${what}: ${asked} → ${allowed} (${why})`;

/** Each number with a mark: whether it stands in what was shown. */
function marked(reasoning: string, grounding: Grounding | undefined): string {
  let text = "";
  let from = 0;
  for (const { at, text: number, isFound } of grounding?.numbers ?? []) {
    text += `${reasoning.slice(from, at)}[${number} ${isFound ? "✓" : "?"}]`;
    from = at + number.length;
  }
  return text + reasoning.slice(from);
}

function childText(child: ChildStory, instrument: Instrument | undefined): string {
  const { decision, record } = child;
  return [
    `${childLine(child, instrument)}`,
    `  journal record ${record}, decision ${decision.number} (${decision.source})`,
    `  because: ${decision.reasoning}`,
    `  risk: ${decision.risk}`,
  ].join("\n");
}

function childLine({ at, order }: ChildStory, instrument: Instrument | undefined): string {
  const { clientOrderId, side, quantity, limitPrice, timeInForce } = order;
  const size = instrument === undefined ? `${quantity} lots` : formatQuantity(instrument, quantity);
  const price =
    limitPrice === undefined || instrument === undefined
      ? "the market"
      : formatPrice(instrument, limitPrice);
  return `${timeText(at)}  ${clientOrderId}  ${side} ${size} at ${price}, ${timeInForce.kind}`;
}

function summaryText(stories: readonly AdviceStory[]): string {
  const advised = stories.filter(({ answer }) => answer?.answer.kind === "advice");
  const followed = stories.filter(({ outcome }) => outcome?.kind === "taken" && outcome.weight > 0);
  const grounded = advised.filter(({ answer }) => answer?.grounding?.isGrounded === true);
  return (
    `${stories.length} questions: ${advised.length} answered with advice, ` +
    `${followed.length} followed; ` +
    `${grounded.length} of ${advised.length} reasonings have no number that was not shown`
  );
}

const timeText = (at: number): string => new Date(at / 1000).toISOString().slice(11, 23);
const indented = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
