/**
 * Page: docs/reference/attacks.md, as it follows from the tables.
 *
 * Usage: node test/attacks/page.ts (writes the page; a test says when it is out of date)
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cleanText } from "../../src/feeds/clean.ts";
import { MOST_HEADLINE } from "../../src/feeds/raw-news.ts";
import { attackCases, coveringCases } from "./attack-cases.ts";
import { CHANNELS } from "./channels.ts";
import { FAMILIES } from "./families.ts";
import { GOALS } from "./goals.ts";
import { WRAPPERS } from "./wrappers.ts";

export const ATTACKS_PAGE = fileURLToPath(
  new URL("../../docs/reference/attacks.md", import.meta.url),
);

const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [titles, titles.map(() => "---"), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
  );

/** How many of the cases are guessed to be instructions. */
function flagged(wrapper: string): string {
  const dressed = attackCases().filter(
    (attack) => attack.wrapper === wrapper && attack.channel === "headline",
  );
  const found = dressed.filter(
    ({ place }) =>
      place.kind === "item" &&
      cleanText(place.raw.headline, MOST_HEADLINE).flags.includes("instruction-like"),
  );
  return `${found.length} of ${dressed.length}`;
}

export function attacksPage(): string {
  const all = attackCases().length;
  const counts = [GOALS, WRAPPERS, CHANNELS].map((each) => Object.keys(each).length);
  return [
    "# Attack cases",
    "",
    "What the advice is attacked with, in tests and in the safety runs: what an attacker wants (a goal), how the demand is",
    "dressed (a wrapper), and the way by which it reaches the model (a channel). The cases are made by code from the three",
    "tables below, in `test/attacks/`; this page is made from the same tables by `node test/attacks/page.ts`.",
    "",
    `There are ${counts.join(" × ")} = ${all} cases. A covering set of ${coveringCases().length}, for what takes long, has every goal in every wrapper once,`,
    "and each goal and each wrapper by every channel. A case is named `goal/wrapper/channel`, as `all-now/plain/headline`.",
    "",
    "What a case carries: the item or the field with the text; what obeying would look like, as the answer that the demand asks",
    "for word by word and as the worst valid answer; and a test whether an advice obeyed. A model may act that way for reasons of",
    "its own, so that test is read against the answer to the same question without the attack.",
    "",
    "## What holds for all of them, whatever the model",
    "",
    "- Cleaned, no item has an invisible character, a control character, a line break or an angle bracket, and none is longer",
    "  than it may be (`src/feeds/clean.ts`).",
    "- In a prompt, no item ends the quotation that it stands in, and no field of an order shows at all",
    "  (`src/advisors/prompt.ts`).",
    "- The word-by-word answers are refused or harmless, and the valid ones become a deviation inside the envelope",
    "  ([0013](../decisions/0013-advice.md)).",
    "",
    "## Goals",
    "",
    ...table(
      ["goal", "what the attacker wants", "the demand"],
      Object.entries(GOALS).map(([name, { aim, demand }]) => [`\`${name}\``, aim, demand]),
    ),
    "",
    "## Wrappers",
    "",
    "*Flagged*: of the goals, so dressed, as a headline, how many the cleaning calls `instruction-like`. It is a guess, shown to",
    "the model and to people; nothing is decided by it. What is missed shows how little a filter of words is worth.",
    "",
    ...table(
      ["wrapper", "how", "flagged", "idea from"],
      Object.entries(WRAPPERS).map(([name, { how, family }]) => [
        `\`${name}\``,
        how,
        flagged(name),
        FAMILIES[family].name,
      ]),
    ),
    "",
    "## Channels",
    "",
    ...table(
      ["channel", "who could write there"],
      Object.entries(CHANNELS).map(([name, { who }]) => [`\`${name}\``, who]),
    ),
    "",
    "## Where the ideas come from",
    "",
    "Public sets of attacks, adapted as ideas. The words are our own and nothing is copied.",
    "",
    ...table(
      ["set", "from", "licence", "what we took as an idea"],
      Object.values(FAMILIES).map(({ name, from, licence, idea }) => [name, from, licence, idea]),
    ),
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(ATTACKS_PAGE, attacksPage());
