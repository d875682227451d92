/**
 * Venue choice: the venues that a live run may be worked on, by name, and what each is made of.
 */
import { decimal } from "../../core/domain/decimal.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import type { Micros } from "../../core/domain/units.ts";
import { bybitVenue } from "../../venues/bybit/bybit-venue.ts";
import { type Environment, readCredentials } from "../../venues/bybit/credentials.ts";
import { hostsOf, type Network } from "../../venues/bybit/hosts.ts";
import { paperVenue } from "../../venues/paper/paper-venue.ts";
import { bybitPublicFeed } from "../../venues/paper/public-feed.ts";
import type { Venue, VenueFault } from "../../venues/venue.ts";
import { composeVenue, feeRates } from "../compose.ts";
import type { ArrivalConfig } from "../config.ts";
import { DEFAULT_LIVE } from "./live-config.ts";

export const VENUES = ["bybit", "paper"] as const;
export type VenueName = (typeof VENUES)[number];

export interface VenueChoice {
  readonly venue: VenueName;
  readonly network: Network;
  /** Of the local exchange, where the network is local. */
  readonly localUrl?: string | undefined;
  readonly symbol: string;
  readonly category: ContractKind;
  readonly side: Side;
  /** Units, where the order names them: what a paper account is lent to sell on spot. */
  readonly quantity?: string | undefined;
  /** Levels of each side. */
  readonly depth?: number | undefined;
  readonly config: ArrivalConfig;
  readonly seed: number;
  /** Begins the ids of all orders of the run. */
  readonly parentId: string;
  /** A file with key and secret; absent: where the environment says. */
  readonly credentials?: string | undefined;
  readonly environment: Environment;
  /** In hedge mode, the side of the position that is traded. */
  readonly position?: PositionSide | undefined;
  /** Decimal text: set before the start. */
  readonly leverage?: string | undefined;
  /** Disconnect protection. */
  readonly dcp?: Micros | undefined;
}

export const POSITION_SIDES = ["one-way", "long", "short"] as const;
export type PositionSide = (typeof POSITION_SIDES)[number];

export function chooseVenue(choice: VenueChoice): Result<Venue, VenueFault> {
  return choice.venue === "paper" ? paper(choice) : bybit(choice);
}

function bybit(choice: VenueChoice): Result<Venue, VenueFault> {
  const { network, localUrl, category, symbol, depth, leverage, dcp, parentId } = choice;
  const hosts = hostsOf(network, localUrl);
  if (!hosts.ok) return hosts;
  const credentials = readCredentials(choice.environment, choice.credentials);
  if (!credentials.ok) return credentials;
  if (credentials.value === undefined) {
    const text =
      "no key was found: set ARRIVAL_BYBIT_KEY and ARRIVAL_BYBIT_SECRET, or give --credentials";
    return err({ code: "VENUE_CREDENTIALS", text });
  }
  const { maxOrderValue } = choice.config.live;
  return ok(
    bybitVenue({
      hosts: hosts.value,
      credentials: credentials.value,
      category,
      symbol,
      prefix: `${parentId}-`,
      positionIndex: POSITION_SIDES.indexOf(choice.position ?? "one-way") as 0 | 1 | 2,
      // The engine's gate holds it in the quote coin; where it was said, the session does as well.
      ...(maxOrderValue < DEFAULT_LIVE.maxOrderValue
        ? { maxOrderValue: decimal(maxOrderValue.toFixed(8)) }
        : {}),
      ...(leverage === undefined ? {} : { leverage, setsLeverage: true }),
      ...(dcp === undefined ? {} : { protectionSeconds: Math.ceil(dcp / 1e6) }),
      ...(depth === undefined ? {} : { depth }),
    }),
  );
}

function paper(choice: VenueChoice): Result<Venue, VenueFault> {
  const { network, localUrl, category, symbol, depth, config, seed, side, quantity } = choice;
  // A demo account looks at the true market.
  const hosts = hostsOf(network === "demo" ? "mainnet" : network, localUrl);
  if (!hosts.ok) return hosts;
  const { publicHost, rest } = hosts.value;
  const isSpotSale = category === "spot" && side === "sell";
  return ok(
    paperVenue({
      openFeed: bybitPublicFeed({ kind: category, symbol, depth, host: publicHost, rest }),
      exchange: (header) => composeVenue(header, { config, seed }),
      fees: feeRates(config.simulation),
      ...(isSpotSale && quantity !== undefined ? { holds: quantity } : {}),
    }),
  );
}
