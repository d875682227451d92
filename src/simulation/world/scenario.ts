/**
 * Scenario: a story that a user writes for a generated market, as a plain value (YAML or JSON).
 *
 * Shocks with a headline, trends, spells of calm or panic, rushes and lulls, at seconds since the
 * start. It comes on top of whatever chance does; a world with random news off shows it alone.
 *
 * What must stay true: a scenario is either whole or refused with all its faults, each with its
 * path; and what a shock or a trend adds to the value is what it says, to the last digit.
 */
import type { Result } from "../../core/domain/errors.ts";
import { type Direction, NEWS_KINDS, type NewsKind, type ScriptedNews } from "./news.ts";

interface Spell {
  /** Since the start of the market. */
  readonly atSeconds: number;
  readonly forSeconds: number;
}

/** The value moves at once, or over `delaySeconds`, and a headline says why. */
export interface ScenarioShock {
  readonly kind: "shock";
  readonly atSeconds: number;
  readonly direction: "up" | "down";
  /** Standard deviations of a day. */
  readonly magnitude: number;
  readonly delaySeconds?: number;
  readonly news?: NewsKind;
  readonly text?: string;
  readonly symbols?: readonly string[];
}

/** A headline that moves nothing. */
export interface ScenarioNews {
  readonly kind: "news";
  readonly atSeconds: number;
  readonly news?: NewsKind;
  readonly text?: string;
  readonly symbols?: readonly string[];
}

/** A volatility regime that holds whatever chance says; to the end without `forSeconds`. */
export interface ScenarioRegime {
  readonly kind: "regime";
  readonly atSeconds: number;
  readonly forSeconds?: number;
  readonly regime: string;
}

/** The value moves evenly over the spell, by `magnitude` standard deviations of a day in all. */
export interface ScenarioTrend extends Spell {
  readonly kind: "trend";
  readonly direction: "up" | "down";
  readonly magnitude: number;
}

/** So many times as many events as else. */
export interface ScenarioActivity extends Spell {
  readonly kind: "activity";
  readonly multiple: number;
}

/** A buying (1) or selling (−1) lean on top of the others. */
export interface ScenarioPressure extends Spell {
  readonly kind: "pressure";
  readonly lean: number;
}

/** The crowd pays so much more for the perpetual than its index: what funding feeds on. */
export interface ScenarioPremium extends Spell {
  readonly kind: "premium";
  /** A fraction of the price: 0.001 is ten basis points. */
  readonly premium: number;
}

export type ScenarioEvent =
  | ScenarioShock
  | ScenarioNews
  | ScenarioRegime
  | ScenarioTrend
  | ScenarioActivity
  | ScenarioPressure
  | ScenarioPremium;

export interface Scenario {
  readonly name?: string;
  readonly description?: string;
  readonly events: readonly ScenarioEvent[];
}

export interface ScenarioFault {
  /** Dotted, such as `events.2.magnitude`; empty where the whole is meant. */
  readonly path: string;
  readonly text: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const show = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 40);

/** Says what is wrong with a value, undefined where nothing is. */
type Check = (value: unknown) => string | undefined;

const number =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `must be a number from ${least} to ${most}`;

const oneOf =
  (names: readonly string[]): Check =>
  (value) =>
    names.some((name) => name === value) ? undefined : `must be one of ${names.join(", ")}`;

const line =
  (most: number): Check =>
  (value) =>
    // Control characters would let a headline rewrite the terminal that shows it.
    typeof value === "string" && value.length >= 1 && value.length <= most && !/\p{Cc}/u.test(value)
      ? undefined
      : `must be one line of 1 to ${most} characters`;

const symbolList: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => line(40)(one) === undefined)
    ? undefined
    : "must be a list of symbols, or of * for all";

/** Ten years: further off is a wrong unit. */
const FOREVER = 315_360_000;
const AT = number(0, FOREVER);
const FOR = number(1, FOREVER);
const WAY = oneOf(["up", "down"]);
/** Ten standard deviations in one headline is a typing mistake, or the end of the asset. */
const MAGNITUDE = number(0, 10);

const HEADLINE = { "news?": oneOf(NEWS_KINDS), "text?": line(400), "symbols?": symbolList };

/** The keys of each kind of event; those that end in ? may be left out. */
const SHAPES = (regimes: readonly string[]): Readonly<Record<string, Record<string, Check>>> => ({
  shock: {
    atSeconds: AT,
    direction: WAY,
    magnitude: MAGNITUDE,
    "delaySeconds?": number(0, 86_400),
    ...HEADLINE,
  },
  news: { atSeconds: AT, ...HEADLINE },
  regime: { atSeconds: AT, "forSeconds?": FOR, regime: oneOf(regimes) },
  trend: { atSeconds: AT, forSeconds: FOR, direction: WAY, magnitude: MAGNITUDE },
  activity: { atSeconds: AT, forSeconds: FOR, multiple: number(0.01, 100) },
  pressure: { atSeconds: AT, forSeconds: FOR, lean: number(-1, 1) },
  premium: { atSeconds: AT, forSeconds: FOR, premium: number(-0.1, 0.1) },
});

/** Checks the keys of an object against a shape. */
function keyFaults(
  value: Readonly<Record<string, unknown>>,
  shape: Readonly<Record<string, Check>>,
  at: string,
): ScenarioFault[] {
  const faults: ScenarioFault[] = [];
  for (const [key, check] of Object.entries(shape)) {
    const name = key.replace("?", "");
    const path = `${at}${name}`;
    if (!Object.hasOwn(value, name)) {
      if (!key.endsWith("?")) faults.push({ path, text: "is missing" });
      continue;
    }
    const text = check(value[name]);
    if (text !== undefined) faults.push({ path, text: `${text}, got ${show(value[name])}` });
  }
  const known = Object.keys(shape).map((key) => key.replace("?", ""));
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    faults.push({ path: `${at}${key}`, text: `is not known here: ${known.join(", ")}` });
  }
  return faults;
}

const MOST_EVENTS = 1_000;

/** Reads a scenario from whatever a file held. `regimes` names those that the world has. */
export function checkScenario(
  value: unknown,
  regimes: readonly string[] = ["calm", "normal", "wild"],
): Result<Scenario, readonly ScenarioFault[]> {
  if (!isObject(value)) {
    const text = `must be a mapping with a list named events, got ${show(value)}`;
    return { ok: false, error: [{ path: "", text }] };
  }
  const faults = keyFaults(
    value,
    { "name?": line(100), "description?": line(1_000), events: () => undefined },
    "",
  );
  if (!Array.isArray(value["events"]) || value["events"].length > MOST_EVENTS) {
    if (Object.hasOwn(value, "events")) {
      faults.push({ path: "events", text: `must be a list of at most ${MOST_EVENTS} events` });
    }
    return { ok: false, error: faults };
  }
  const shapes = SHAPES(regimes);
  for (const [i, event] of (value["events"] as unknown[]).entries()) {
    const at = `events.${i}`;
    if (!isObject(event)) {
      faults.push({ path: at, text: `must be a mapping, got ${show(event)}` });
      continue;
    }
    const kind = event["kind"];
    if (typeof kind !== "string" || !Object.hasOwn(shapes, kind)) {
      const names = Object.keys(shapes).join(", ");
      const got = kind === undefined ? "nothing" : show(kind);
      faults.push({ path: `${at}.kind`, text: `must be one of ${names}, got ${got}` });
      continue;
    }
    faults.push(...keyFaults(event, { kind: () => undefined, ...shapes[kind]! }, `${at}.`));
  }
  if (faults.length > 0) return { ok: false, error: faults };
  return { ok: true, value: value as Readonly<Record<string, unknown>> & Scenario };
}

const signOf = (direction: "up" | "down"): Direction => (direction === "up" ? 1 : -1);

/** The shocks and headlines of a scenario, as news. */
export const scenarioNews = (scenario: Scenario): readonly ScriptedNews[] =>
  scenario.events.flatMap((event): ScriptedNews[] => {
    if (event.kind !== "shock" && event.kind !== "news") return [];
    const { atSeconds, symbols, text, news } = event;
    const told = {
      atSeconds,
      ...(symbols === undefined ? {} : { symbols }),
      ...(text === undefined ? {} : { text }),
      ...(news === undefined ? {} : { kind: news }),
    };
    if (event.kind === "news") return [{ ...told, direction: 0, magnitude: 0 }];
    const { magnitude, delaySeconds } = event;
    const delay = delaySeconds === undefined ? {} : { delaySeconds };
    return [{ ...told, ...delay, direction: signOf(event.direction), magnitude }];
  });

type TimedEvent = Exclude<ScenarioEvent, ScenarioShock | ScenarioNews>;

const endOf = (event: TimedEvent): number =>
  event.forSeconds === undefined ? Number.POSITIVE_INFINITY : event.atSeconds + event.forSeconds;

/** The spells of a scenario as they come and go. */
export class ScenarioSpells {
  #ahead: TimedEvent[];
  #now: TimedEvent[] = [];
  /** In standard deviations of a day: trends that are over, and all of them. */
  #done = 0;
  moved = 0;
  activity = 1;
  lean = 0;
  premium = 0;
  /** The latest spell's regime. */
  regime: string | undefined = undefined;

  constructor(scenario: Scenario) {
    this.#ahead = scenario.events
      .filter((event): event is TimedEvent => event.kind !== "shock" && event.kind !== "news")
      .sort((a, b) => a.atSeconds - b.atSeconds);
  }

  /** `seconds` since the start of the market; never falls. */
  step(seconds: number): void {
    if (this.#now.length === 0 && (this.#ahead[0]?.atSeconds ?? Infinity) > seconds) return;
    while (this.#ahead.length > 0 && this.#ahead[0]!.atSeconds <= seconds) {
      this.#now.push(this.#ahead.shift()!);
    }
    const over = this.#now.filter((event) => endOf(event) <= seconds);
    for (const event of over) {
      if (event.kind === "trend") this.#done += signOf(event.direction) * event.magnitude;
    }
    if (over.length > 0) this.#now = this.#now.filter((event) => endOf(event) > seconds);
    this.activity = 1;
    this.lean = 0;
    this.premium = 0;
    this.moved = this.#done;
    this.regime = undefined;
    for (const event of this.#now) this.#apply(event, seconds);
  }

  #apply(event: TimedEvent, seconds: number): void {
    switch (event.kind) {
      case "regime":
        this.regime = event.regime;
        return;
      case "activity":
        this.activity *= event.multiple;
        return;
      case "pressure":
        this.lean += event.lean;
        return;
      case "premium":
        this.premium += event.premium;
        return;
      case "trend": {
        const share = (seconds - event.atSeconds) / event.forSeconds;
        this.moved += signOf(event.direction) * event.magnitude * share;
        return;
      }
    }
  }
}
