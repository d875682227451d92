/**
 * Knobs: which faults a run has, and how bad each is.
 *
 * Swarm testing (Groce et al. 2012): each run switches a random part of the faults on, because a
 * fault that is always there hides what only shows without it. What must stay true: the knobs are a
 * pure function of the seed, and switching one off changes no other.
 */
import { Chance } from "./chance.ts";

/** What each fault does, and how often: in [least, most], drawn for a run that has it. */
export const FAULTS = {
  /** A request does not arrive. Share of requests. */
  "request-lost": [0.02, 0.3],
  /** What was asked is done, and the answer does not come. Share of requests. */
  "answer-lost": [0.02, 0.3],
  /** Requests are seconds on their way: some arrive when nobody waits any more. Share. */
  "request-late": [0.02, 0.3],
  "answer-late": [0.02, 0.3],
  /** The connection breaks while a request is on it. Share. */
  "request-broken": [0.02, 0.2],
  /** No connection comes to be for a while. Times a minute. */
  outage: [1, 6],
  /** All streams are cut. Times a minute. */
  disconnect: [1, 10],
  /** A stream stands, and one or both ways of it are dead. Times a minute. */
  "half-dead": [1, 6],
  /** A stream skips a message. Share of messages. */
  "message-lost": [0.005, 0.1],
  "message-repeated": [0.01, 0.3],
  /** A message comes after some that were sent behind it. Share. */
  "message-reordered": [0.01, 0.2],
  /** A stream stands still for seconds, then all comes. Share of messages. */
  "message-late": [0.002, 0.03],
  /** Answered with too many requests (10006). Share of orders, amendments and cancels. */
  "rate-limited": [0.02, 0.4],
  /** Refused by the venue. Share of new orders. */
  rejected: [0.05, 0.6],
  /** Done or not, the answer is a fault of the server. Share. */
  "server-error": [0.02, 0.3],
  /** The service restarts: streams are cut, the cache of closed orders is empty. Times a minute. */
  restart: [1, 5],
  /** Books begin anew with number 1 on streams that stand. Times a minute. */
  "book-restart": [1, 5],
  /** A message of the book is missing. Share of the public messages. */
  "book-gap": [0.005, 0.1],
  /** For a while nothing but refusals and HTTP 503. Times a minute. */
  maintenance: [0.5, 3],
  /** Tick and lot become coarser in mid-order. Chance. */
  "rules-changed": [1, 1],
  /** Positions pay while the order works. Chance. */
  funding: [1, 1],
  /** Rows of liquidations and deleveraging among the executions. Share of private messages. */
  "liquidation-rows": [0.02, 0.3],
  /** Somebody else's order rests on the account. Chance. */
  "foreign-order": [1, 1],
  /** Somebody else trades on the account, by hand. Times a minute. */
  "foreign-trade": [0.5, 4],
  /** The private stream stands, answers pings, and tells nothing for a while. Times a minute. */
  silence: [0.5, 2],
  /** Our wall clock is set, forwards or backwards. Times a minute. */
  "wall-jump": [0.5, 4],
  /** The process stands still. Times a minute. */
  stall: [0.5, 4],
  /** The process ends at a boundary of its journal. Times a minute. */
  crash: [1, 8],
  /** After a crash nobody is there until long after the deadline. Share of crashes. */
  "long-away": [0.1, 0.8],
  /** After a crash the kill waits for the next process. Share of crashes. */
  "killed-away": [0.1, 0.5],
  /** The disk takes no more for a while. Times a minute. */
  "disk-full": [0.5, 3],
  /** After a crash the end of the market's rows is gone. Share of crashes. */
  "rows-lost": [0.2, 1],
  /** Operators: pause, resume, amend, switch, cancel, kill. Times a minute. */
  operators: [1, 12],
} as const satisfies Record<string, readonly [least: number, most: number]>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export interface Knobs {
  /** How bad; a fault that is not there is off. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** Virtual seconds that the faults last, from the order's start. */
  readonly faultSeconds: number;
}

/** About one run in ten has none at all. */
const CALM = 0.1;

export function drawKnobs(seed: number): Knobs {
  const luck = new Chance(seed, "knobs");
  const isCalm = luck.happens(CALM);
  // From a few faults to most of them.
  const share = luck.pick([0.05, 0.15, 0.3, 0.5, 0.8]);
  const faults: Partial<Record<FaultName, number>> = {};
  for (const name of FAULT_NAMES) {
    const [least, most] = FAULTS[name];
    const own = new Chance(seed, `knobs/${name}`);
    // The logarithm is even: mild ones are as likely as bad ones.
    const level = least * (most / least) ** own.next();
    if (own.happens(share) && !isCalm) faults[name] = Number(level.toPrecision(3));
  }
  return { faults, faultSeconds: luck.whole(10, 60) };
}

export function without(knobs: Knobs, name: FaultName): Knobs {
  const { [name]: _, ...faults } = knobs.faults;
  return { ...knobs, faults };
}

export const knobsText = ({ faults, faultSeconds }: Knobs): string =>
  `${faultSeconds} s of ${
    Object.entries(faults)
      .map(([name, level]) => `${name}=${level}`)
      .join(" ") || "no faults"
  }`;
