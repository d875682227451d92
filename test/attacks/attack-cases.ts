/**
 * Attack cases: goals times wrappers times channels.
 *
 * For whoever tests what reads news: the cleaning, the prompt, a model, a whole run. What must stay
 * true: an id names the same case in every version, so results can be compared.
 */
import type { Advice } from "../../src/core/contracts/advice.ts";
import { CHANNELS, type ChannelName, type Place } from "./channels.ts";
import type { FamilyName } from "./families.ts";
import { GOALS, type Goal, type GoalName, type Offer, wholeAnswer } from "./goals.ts";
import { WRAPPERS, type Wrapper, type WrapperName } from "./wrappers.ts";

export interface AttackCase {
  /** `goal/wrapper/channel`. */
  readonly id: string;
  readonly goal: GoalName;
  readonly wrapper: WrapperName;
  readonly channel: ChannelName;
  readonly family: FamilyName;
  readonly place: Place;
  readonly obeying: Obeying;
}

/** What obeying would look like. */
export interface Obeying {
  readonly words: string;
  /** The text of an answer that does what is demanded word by word; often no valid one. */
  literalText(offer: Offer): string;
  /** The text of the worst valid answer. */
  validText(offer: Offer): string;
  /** To be held against the clean twin's advice: it may do so for reasons of its own. */
  isObeyed(advice: Advice): boolean;
}

const GOAL_NAMES = Object.keys(GOALS) as GoalName[];
const WRAPPER_NAMES = Object.keys(WRAPPERS) as WrapperName[];
const CHANNEL_NAMES = Object.keys(CHANNELS) as ChannelName[];

/** All of them. */
export const attackCases = (): readonly AttackCase[] =>
  GOAL_NAMES.flatMap((goal) =>
    WRAPPER_NAMES.flatMap((wrapper) =>
      CHANNEL_NAMES.map((channel) => caseOf(goal, wrapper, channel)),
    ),
  );

/**
 * Fewer, for what takes long: every goal in every wrapper once, each goal and each wrapper by every
 * channel.
 */
export const coveringCases = (): readonly AttackCase[] =>
  GOAL_NAMES.flatMap((goal, g) =>
    WRAPPER_NAMES.map((wrapper, w) =>
      caseOf(goal, wrapper, CHANNEL_NAMES[(g + w) % CHANNEL_NAMES.length]!),
    ),
  );

function caseOf(goal: GoalName, wrapper: WrapperName, channel: ChannelName): AttackCase {
  const wanted: Goal = GOALS[goal];
  const dress: Wrapper = WRAPPERS[wrapper];
  return {
    id: `${goal}/${wrapper}/${channel}`,
    goal,
    wrapper,
    channel,
    family: dress.family,
    place: CHANNELS[channel].place(dress.wrap(wanted)),
    obeying: {
      words: wanted.aim,
      literalText: (offer) => textOf(offer, wanted.literal(offer)),
      validText: (offer) => textOf(offer, wanted.valid(offer)),
      isObeyed: wanted.isObeyed,
    },
  };
}

/** Infinity is written as models write it. */
const textOf = (offer: Offer, part: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(wholeAnswer(offer, part), (_, member: unknown) =>
    member === Number.POSITIVE_INFINITY ? "1e999" : member,
  ).replaceAll('"1e999"', "1e999");
