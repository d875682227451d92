/**
 * Doctor: looks whether trading on the venue would work from here, and says what to do where not.
 *
 * It only asks: no order is sent and no setting changed. Without keys it looks at what is public.
 * What must stay true: each thing looked at ends in one finding or more, and no finding holds a
 * secret.
 */
import { formatDecimal, trimDecimal } from "../core/domain/decimal.ts";
import {
  type ContractKind,
  formatQuantity,
  type Instrument,
  settleCoin,
} from "../core/domain/instrument.ts";
import type { LocalClock } from "../data/recorder/clock.ts";
import { type Credentials, redactor } from "../venues/bybit/credentials.ts";
import type { Hosts } from "../venues/bybit/hosts.ts";
import { RatePump } from "../venues/bybit/rate-pump.ts";
import { BybitRest } from "../venues/bybit/rest-client.ts";
import { type InstrumentRules, parseInstrumentRules } from "../venues/bybit/wire.ts";
import { checkAccount, unanswered } from "./doctor-account.ts";
import { checkStreams } from "./doctor-streams.ts";

export type Severity = "ok" | "note" | "problem";

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly about: string;
  readonly severity: Severity;
  readonly text: string;
  /** What the operator should do; where there is something to do. */
  readonly todo?: string;
  /** For programs: units are in the names. */
  readonly figures?: Readonly<Record<string, number | string>>;
}

export interface DoctorOptions {
  readonly hosts: Hosts;
  /** Undefined: only what is public is looked at. */
  readonly credentials: Credentials | undefined;
  readonly category: ContractKind;
  readonly symbol: string;
  readonly clock: LocalClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** Told as soon as there is something to tell. */
  readonly onFinding?: (finding: Finding) => void;
}

export interface DoctorReport {
  readonly network: string;
  readonly category: ContractKind;
  readonly symbol: string;
  /** The key's first letters; undefined without one. */
  readonly key: string | undefined;
  readonly worst: Severity;
  readonly findings: readonly Finding[];
}

const TIMEOUT_MS = 5000;

export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { hosts, credentials, category, symbol, timeoutMs = TIMEOUT_MS } = options;
  const redact = redactor(credentials);
  const findings: Finding[] = [];
  const tell = (found: readonly Finding[]): void => {
    for (const finding of found) {
      const clean = cleaned(finding, redact);
      findings.push(clean);
      options.onFinding?.(clean);
    }
  };
  const pump = new RatePump();
  const rest = new BybitRest({ ...options, pump, timeoutMs, tries: 2 });
  try {
    const clock = await connection(rest);
    tell([clock.finding]);
    if (clock.isUp) {
      const rules = await instrumentRules(rest, options);
      tell([rules.finding]);
      if (credentials === undefined) tell([NO_KEYS]);
      else {
        const { instrument } = rules;
        tell(await checkAccount({ rest, category, instrument, network: hosts.network }));
      }
    }
    const venueNowMs = (): number => rest.venueNowMs();
    tell(await checkStreams({ ...options, venueNowMs, timeoutMs }));
    if (clock.isUp) tell([rateLimits(pump)]);
  } finally {
    pump.close();
  }
  const key = credentials?.shownKey;
  return { network: hosts.network, category, symbol, key, worst: worstOf(findings), findings };
}

const RANK: readonly Severity[] = ["ok", "note", "problem"];

export const worstOf = (findings: readonly Finding[]): Severity =>
  RANK[Math.max(0, ...findings.map(({ severity }) => RANK.indexOf(severity)))]!;

function cleaned(finding: Finding, redact: (text: string) => string): Finding {
  const { text, todo } = finding;
  return { ...finding, text: redact(text), ...(todo === undefined ? {} : { todo: redact(todo) }) };
}

const NO_KEYS: Finding = {
  about: "keys",
  severity: "note",
  text: "none are given: only what is public was looked at",
  todo: "set ARRIVAL_BYBIT_KEY and ARRIVAL_BYBIT_SECRET, or name a file with --credentials",
};

/** From here on a clock is worth a look, although signatures follow the venue's. */
const OFF_MS = 500;

async function connection(
  rest: BybitRest,
): Promise<{ readonly finding: Finding; readonly isUp: boolean }> {
  const offset = await rest.syncClock();
  const about = "connection and clock";
  if (!offset.ok) {
    const { text } = offset.error;
    const todo = "check the address and the network, and the venue's status page";
    return { finding: { about, severity: "problem", text, todo }, isUp: false };
  }
  const offsetMs = Math.round(offset.value.nanos / 1e6);
  // A millisecond of the error is the venue's own resolution; the rest is half the way.
  const roundTripMs = Number((((offset.value.errorNanos - 1e6) * 2) / 1e6).toFixed(1));
  const isOff = Math.abs(offsetMs) >= OFF_MS;
  const where = offsetMs > 0 ? "behind" : "ahead of";
  const clock =
    offsetMs === 0
      ? "this clock agrees with the venue's"
      : `this clock is ${Math.abs(offsetMs)} ms ${where} the venue's`;
  const finding: Finding = {
    about,
    severity: isOff ? "note" : "ok",
    text: `answers in ${roundTripMs} ms; ${clock}`,
    ...(isOff ? { todo: "set this machine's clock by a time server" } : {}),
    figures: { roundTripMs, offsetMs },
  };
  return { finding, isUp: true };
}

async function instrumentRules(
  rest: BybitRest,
  { hosts, category, symbol }: DoctorOptions,
): Promise<{ readonly finding: Finding; readonly instrument: Instrument | undefined }> {
  const about = "instrument";
  const path = "/v5/market/instruments-info";
  const todo = `check --symbol and --category: ${category} may have no ${symbol}`;
  const outcome = await rest.get({ path, query: { category, symbol } });
  if (outcome.kind !== "answered") {
    const finding = unanswered(about, outcome, hosts.network);
    const isNoSuch = outcome.kind === "refused" && outcome.meaning === "refused";
    return { finding: isNoSuch ? { ...finding, todo } : finding, instrument: undefined };
  }
  const rules = parseInstrumentRules(outcome.answer.result, category, symbol);
  if (!rules.ok) {
    return {
      finding: { about, severity: "problem", text: rules.error.text, todo },
      instrument: undefined,
    };
  }
  return { finding: rulesFinding(rules.value), instrument: rules.value.instrument };
}

function rulesFinding({ instrument, status, maxLeverage }: InstrumentRules): Finding {
  const about = "instrument";
  const { symbol, minLots, maxLimitLots, maxMarketLots, minNotional, quote } = instrument;
  if (status !== "Trading") {
    const text = `${symbol} does not trade: it is ${status}`;
    return { about, severity: "problem", text, todo: "choose one that trades, or wait" };
  }
  const unit = instrument.kind === "inverse" ? quote : instrument.base;
  const size = (count: typeof minLots): string => `${formatQuantity(instrument, count)} ${unit}`;
  const plain = (value: typeof minNotional): string => formatDecimal(trimDecimal(value));
  const least = minNotional.mantissa === 0n ? "" : ` and ${plain(minNotional)} ${quote}`;
  const leverage = maxLeverage === undefined ? "" : `; leverage up to ${maxLeverage}`;
  const text =
    `${symbol}, settled in ${settleCoin(instrument)}: tick ${plain(instrument.tickSize)}, ` +
    `lot ${plain(instrument.lotSize)} ${unit}; an order is at least ${size(minLots)}${least}, ` +
    `at most ${size(maxLimitLots)} (market ${size(maxMarketLots)})${leverage}`;
  return { about, severity: "ok", text };
}

/** What the answers above have told; orders have told nothing, because none was sent. */
function rateLimits({ scheduler }: RatePump): Finding {
  const ordersPerSecond = scheduler.limitOf("create");
  const questionsPerSecond = scheduler.limitOf("orders");
  return {
    about: "rate limits",
    severity: "ok",
    text:
      `${questionsPerSecond} questions about orders a second; ${ordersPerSecond} orders a ` +
      "second, until the venue's answers to orders say otherwise",
    figures: { ordersPerSecond, questionsPerSecond },
  };
}
