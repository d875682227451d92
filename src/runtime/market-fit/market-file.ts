/**
 * Market file: a fitted market as `data fit` writes it, for `--data generated:profile=FILE`.
 *
 * JSON, with what was fitted to what beside the numbers. What must stay true: a file that is read
 * back makes the very market that was written; a file that is refused is refused with every fault
 * and its path, before a market is made of it.
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Ticks, ticks } from "../../core/domain/units.ts";
import { type InstrumentJson, instrumentJson, parseInstrument } from "../instrument-file.ts";
import type { MarketFit } from "./fit-market.ts";
import type { MarketProfile } from "./generated-room.ts";
import { parametersOf } from "./parameters.ts";
import { type FittedWorld, FLAT_WORLD, PROFILE, WORLD } from "./profile-schema.ts";

const FORMAT = "arrival-market-profile";
const VERSION = 1;
const BYTES_MOST = 1_000_000;
const FAULTS_SHOWN = 40;

const SHAPE = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** For people: nothing hangs on these three. */
  origin: z.unknown().optional(),
  fit: z.unknown().optional(),
  moments: z.unknown().optional(),
  market: z.strictObject({
    instrument: z.unknown(),
    startPrice: z.int().min(2_000).max(2e9),
    eventsPerSecond: z.number().min(1e-3).max(1e6),
    world: WORLD,
    profile: PROFILE,
  }),
});

/** What of a generated market's spec a file gives. */
export interface ProfiledMarket {
  readonly instrument: InstrumentJson;
  readonly startPrice: Ticks;
  readonly eventsPerSecond: number;
  readonly world: FittedWorld;
  readonly profile: MarketProfile;
}

export interface MarketFileFault {
  readonly code: "MARKET_PROFILE";
  readonly text: string;
}

/** Where the recording came from. */
export interface FitOrigin {
  readonly label: string;
  readonly seconds: number;
  readonly sources: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** The venue is not the recorded one: nobody should take its fills for that venue's. */
export const marketOf = ({ market }: MarketFit): ProfiledMarket => ({
  instrument: { ...instrumentJson(market.instrument), venue: "generated" },
  startPrice: market.startPrice,
  eventsPerSecond: market.eventsPerSecond,
  world: FLAT_WORLD,
  profile: market.profile,
});

export function marketFileText(fit: MarketFit, origin: FitOrigin): string {
  const file = {
    format: FORMAT,
    version: VERSION,
    origin,
    market: marketOf(fit),
    fit: parametersOf(fit),
    moments: fit.rows,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

export function readMarketFile(path: string): Result<ProfiledMarket, MarketFileFault> {
  let text: string;
  try {
    if (statSync(path).size > BYTES_MOST) return fault(`${path} is far too large for a profile`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    return fault(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = parseMarketFile(text);
  return parsed.ok ? parsed : fault(`${path}: ${parsed.error.text}`);
}

/** @param text JSON, from anywhere. */
export function parseMarketFile(text: string): Result<ProfiledMarket, MarketFileFault> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
  const parsed = SHAPE.safeParse(raw);
  const instrument = parseInstrument(instrumentIn(raw));
  const faults = [
    ...(parsed.success ? [] : parsed.error.issues.map(issueText)),
    ...(instrument.ok ? [] : [`market.instrument: ${instrument.error.text}`]),
  ];
  if (!parsed.success || !instrument.ok) {
    const more = faults.length - FAULTS_SHOWN;
    const shown = faults.slice(0, FAULTS_SHOWN).join("\n  ");
    return fault(`not a market profile:\n  ${shown}${more > 0 ? `\n  and ${more} more` : ""}`);
  }
  const { market } = parsed.data;
  return ok({
    instrument: instrumentJson(instrument.value),
    startPrice: ticks(market.startPrice),
    eventsPerSecond: market.eventsPerSecond,
    world: market.world as FittedWorld,
    profile: market.profile,
  });
}

function instrumentIn(raw: unknown): unknown {
  const { market } = (typeof raw === "object" && raw !== null ? raw : {}) as Record<
    string,
    unknown
  >;
  return typeof market === "object" && market !== null
    ? (market as Record<string, unknown>)["instrument"]
    : undefined;
}

/** `market.profile.crowd.band: Too big: …`; a file's own words are not to move the cursor. */
const issueText = ({ path, message }: z.core.$ZodIssue): string =>
  `${path.map(String).join(".") || "the file"}: ${message}`
    .replace(/[\p{Cc}\p{Cf}]/gu, "?")
    .slice(0, 300);

const fault = (text: string) => err({ code: "MARKET_PROFILE", text } as const);
