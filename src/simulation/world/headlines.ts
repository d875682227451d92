/**
 * Headlines: news put into words, from phrasings that belong to one split only.
 *
 * A phrasing family is one voice (a wire, a trading desk, a notice, a columnist) on one kind of
 * event; its templates hold alternatives `[a|b]` and slots `{name}`. The voices of training,
 * validation and test are different people: nothing that was learned from is found in a test.
 *
 * What must stay true: a figure in a text is a figure of the item, rounded as it is shown; and the
 * figures of an event grow with its magnitude only as loosely as those of headlines do.
 */
import { invariant } from "../../core/domain/errors.ts";
import { Draws } from "../generated/draws.ts";
import type { NewsKind, NewsSplit } from "./news.ts";
import { TEST_PHRASINGS } from "./phrasings-test.ts";
import { TRAINING_PHRASINGS } from "./phrasings-training.ts";
import { VALIDATION_PHRASINGS } from "./phrasings-validation.ts";

/** Which story: its kind, and `+` good (or shorts), `-` bad (or longs); chatter has one only. */
export type StoryKey =
  `${Exclude<NewsKind, "irrelevant" | "hostile">}${"+" | "-"}` | "irrelevant" | "hostile";

/** Templates of one voice, by story. */
export type Voice = Readonly<Record<StoryKey, readonly string[]>>;
/** Voices by name. */
export type Phrasings = Readonly<Record<string, Voice>>;

export const PHRASINGS: Readonly<Record<NewsSplit, Phrasings>> = {
  training: TRAINING_PHRASINGS,
  validation: VALIDATION_PHRASINGS,
  test: TEST_PHRASINGS,
};

/** The asset that the texts speak of. */
export interface Asset {
  readonly ticker: string;
  readonly name: string;
  /** For amounts in coins, and in US dollars. */
  readonly priceUsd: number;
  readonly dayVolumeUsd: number;
}

/** What a headline is about. Magnitude is in standard deviations of a day. */
export interface Story {
  readonly id: string;
  readonly kind: NewsKind;
  readonly story: -1 | 1;
  readonly magnitude: number;
}

export interface Headline {
  readonly text: string;
  readonly family: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** Names that nobody bears: no firm, office or person is meant. */
const NAMES = {
  exchange: ["Norvane Exchange", "Calder Markets", "Ostrava Digital", "Bluefjord", "Tessellate"],
  issuer: ["Harrowgate Funds", "Pellworth Asset Management", "Quillon Capital", "Sable Ridge"],
  company: ["Wexcombe Group", "Larkmoor Industries", "Ardent Pike", "Mirefield Holdings"],
  protocol: ["Lumenbridge", "Fathom Swap", "Orrery", "Kestrel Lend"],
  regulator: ["the securities regulator", "the markets authority", "the financial watchdog"],
  city: ["Lisbon", "Singapore", "Toronto", "Nairobi", "Osaka"],
} as const;

const INDICATORS = ["consumer price inflation", "core inflation", "producer price inflation"];

/** `$1.2 billion`, `$340 million`: two significant figures, as headlines round. */
export function dollars(amount: number): string {
  const rounded = significant(amount, 2);
  if (rounded >= 1e9) return `$${rounded / 1e9} billion`;
  if (rounded >= 1e6) return `$${rounded / 1e6} million`;
  return `$${grouped(rounded)}`;
}

const significant = (value: number, digits: number): number => Number(value.toPrecision(digits));

const grouped = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

/** A rate with its sign, in hundredths, as exchanges print it: 0.0004 is `0.0400%`. */
export const rateText = (rate: number): string => `${(rate * 100).toFixed(4)}%`;

/** The slots of a text and the figures behind them. */
interface Slots {
  readonly words: Record<string, string>;
  readonly figures: Record<string, number>;
}

/**
 * A headline's figure: it grows with the square root of the magnitude, on average, and any one of
 * them may be three times that or a third, so a reader cannot compute the move from it.
 */
const loosely = (typical: number, magnitude: number, draws: Draws): number =>
  typical * Math.sqrt(Math.max(0.05, magnitude) / 0.2) * Math.exp(0.8 * draws.normal());

function actualAgainst(expected: number, surprise: number, story: -1 | 1, digits: number) {
  const step = 10 ** -digits;
  const gap = Math.max(step, significant(surprise, 1));
  const round = (value: number): number => Number(value.toFixed(digits));
  return { expected: round(expected), actual: round(expected + story * gap) };
}

/** The figures of a story, if any; `given` are those that the world itself has measured. */
function slotsOf(
  story: Story,
  asset: Asset,
  draws: Draws,
  given: Readonly<Record<string, number>>,
): Slots {
  const words: Record<string, string> = { asset: asset.name, ticker: asset.ticker };
  for (const [slot, names] of Object.entries(NAMES))
    words[slot] = names[draws.below(names.length)]!;
  const figures: Record<string, number> = { ...given };
  const amount = (usd: number): void => {
    figures["amountUsd"] = significant(usd, 2);
    words["amount"] = dollars(usd);
  };
  switch (story.kind) {
    case "exchange-hack":
      amount(loosely(90e6, story.magnitude, draws));
      break;
    case "protocol":
      amount(loosely(25e6, story.magnitude, draws));
      break;
    case "whale-transfer": {
      const coins = (loosely(0.01, story.magnitude, draws) * asset.dayVolumeUsd) / asset.priceUsd;
      figures["amountCoins"] = significant(Math.max(1, coins), 2);
      words["coins"] = `${grouped(figures["amountCoins"])} ${asset.ticker}`;
      break;
    }
    case "macro-print": {
      words["indicator"] = INDICATORS[draws.below(INDICATORS.length)]!;
      // More inflation than expected is the bad story.
      const against = -story.story as -1 | 1;
      const surprise = Math.min(0.6, loosely(0.1, story.magnitude, draws));
      const print = actualAgainst(2 + draws.below(30) / 10, surprise, against, 1);
      Object.assign(figures, print);
      words["actual"] = `${print.actual.toFixed(1)}%`;
      words["expected"] = `${print.expected.toFixed(1)}%`;
      break;
    }
    case "earnings": {
      const expected = 0.8 + draws.below(300) / 100;
      const surprise = Math.min(0.6, loosely(0.08, story.magnitude, draws));
      const print = actualAgainst(expected, surprise, story.story, 2);
      Object.assign(figures, print);
      words["actual"] = `$${print.actual.toFixed(2)}`;
      words["expected"] = `$${print.expected.toFixed(2)}`;
      break;
    }
    case "liquidations":
      amount(given["liquidatedUsd"] ?? 0.002 * asset.dayVolumeUsd);
      break;
    case "funding":
      figures["openInterestUsd"] = significant(
        given["openInterestUsd"] ?? 0.5 * asset.dayVolumeUsd,
        2,
      );
      words["interest"] = dollars(figures["openInterestUsd"]);
      figures["rate"] = given["rate"] ?? story.story * 0.0006;
      words["rate"] = rateText(figures["rate"]);
      break;
    default:
  }
  return { words, figures };
}

/** Fills a template: one of each `[a|b]`, every `{slot}`, and a capital to begin with. */
export function fill(template: string, words: Readonly<Record<string, string>>, draws: Draws) {
  const chosen = template.replace(/\[([^[\]]*)\]/g, (_, inner: string) => {
    const options = inner.split("|");
    return options[draws.below(options.length)]!;
  });
  const filled = chosen.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const word = words[slot];
    invariant(word !== undefined, `a template asks for {${slot}}: ${template}`);
    return word;
  });
  return filled.charAt(0).toUpperCase() + filled.slice(1);
}

/** The story that a headline tells, as phrasings are filed. */
export const storyKey = (kind: NewsKind, story: -1 | 1): StoryKey =>
  kind === "irrelevant" || kind === "hostile" ? kind : `${kind}${story === 1 ? "+" : "-"}`;

/** Puts a story into words of a split: the same id, seed and asset always give the same text. */
export function headlineOf(
  seed: number,
  split: NewsSplit,
  story: Story,
  asset: Asset,
  given: Readonly<Record<string, number>> = {},
): Headline {
  const draws = new Draws(seed, `world/headline/${story.id}`);
  const voices = Object.entries(PHRASINGS[split]);
  const [voice, byStory] = voices[draws.below(voices.length)]!;
  const templates = byStory[storyKey(story.kind, story.story)];
  const template = templates[draws.below(templates.length)]!;
  const { words, figures } = slotsOf(story, asset, draws, given);
  const text = fill(template, words, draws);
  // Only what the text says is a figure of the text.
  const said = Object.entries(figures).filter(([name]) => says(template, name));
  return { text, family: `${story.kind}/${voice}`, figures: Object.fromEntries(said) };
}

const SAID_BY: Readonly<Record<string, string>> = {
  amountUsd: "{amount}",
  amountCoins: "{coins}",
  actual: "{actual}",
  expected: "{expected}",
  rate: "{rate}",
  openInterestUsd: "{interest}",
};

const says = (template: string, figure: string): boolean =>
  SAID_BY[figure] !== undefined && template.includes(SAID_BY[figure]);
