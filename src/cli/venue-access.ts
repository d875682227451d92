/**
 * Venue access: how a run's venue is opened, as its journal keeps it for whoever goes on.
 *
 * What must stay true: no secret is in it; and it leads to the same place whatever folder it is
 * read in.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { micros } from "../core/domain/units.ts";
import { type ArrivalConfig, DEFAULT_CONFIG, parseConfig } from "../runtime/config.ts";
import type { JournalHeader } from "../runtime/journal/journal.ts";
import type { LiveFault } from "../runtime/live/live-terms.ts";
import { chooseVenue, POSITION_SIDES, VENUES } from "../runtime/live/venue-choice.ts";
import { NETWORKS } from "../venues/bybit/hosts.ts";
import type { Venue } from "../venues/venue.ts";
import type { RunFlags } from "./run.ts";
import type { WorkFlags } from "./run-live.ts";

const ACCESS = z.strictObject({
  venue: z.enum(VENUES),
  network: z.enum(NETWORKS).optional(),
  localUrl: z.string().optional(),
  symbol: z.string(),
  category: z.enum(["spot", "linear", "inverse"]),
  side: z.enum(["buy", "sell"]),
  quantity: z.string().optional(),
  depth: z.int().optional(),
  position: z.enum(POSITION_SIDES).optional(),
  leverage: z.string().optional(),
  dcp: z.int().optional(),
  credentials: z.string().optional(),
});
type Access = z.infer<typeof ACCESS>;

export function accessOf(flags: RunFlags): Access {
  const access = ACCESS.parse(
    Object.fromEntries(Object.keys(ACCESS.shape).map((key) => [key, flags[key as keyof RunFlags]])),
  );
  const { credentials } = access;
  return credentials === undefined ? access : { ...access, credentials: resolve(credentials) };
}

export interface AccessFlags {
  readonly credentials?: string;
  readonly localUrl?: string;
}

export interface OpenedAccess {
  readonly venue: Venue;
  readonly terms: WorkFlags;
}

/** @param isForWork false: only to withdraw, for which the run's own settings are not needed. */
export function venueOf(
  header: JournalHeader,
  parentId: string,
  flags: AccessFlags,
  isForWork = true,
): Result<OpenedAccess, LiveFault> {
  const access = ACCESS.safeParse(header.access);
  const config = parseConfig(header.config);
  const settings: ArrivalConfig | undefined = config.ok
    ? config.value
    : isForWork
      ? undefined
      : DEFAULT_CONFIG;
  if (!access.success || settings === undefined) {
    const text = "the journal does not say how its venue is opened: it was not begun by `run`";
    return err({ code: "RUN_RESUME", text });
  }
  const { network = "mainnet", dcp, ...rest } = access.data;
  const elsewhere = otherAddress(header, rest, flags);
  if (elsewhere !== undefined) return err({ code: "RUN_RESUME", text: elsewhere });
  const span = dcp === undefined || !isForWork ? undefined : micros(dcp);
  const chosen = chooseVenue({
    ...rest,
    network,
    leverage: isForWork ? rest.leverage : undefined,
    localUrl: flags.localUrl ?? rest.localUrl,
    credentials: flags.credentials ?? rest.credentials,
    dcp: span,
    config: settings,
    seed: header.seed,
    parentId,
    environment: process.env,
  });
  if (!chosen.ok) return chosen;
  const { venue, category } = rest;
  const dcpTerm = span === undefined ? {} : { dcp: span };
  return ok({
    venue: chosen.value,
    terms: { venue, network, category, seed: header.seed, ...dcpTerm },
  });
}

/** Of a journal that does not say whose account it was: its address is all that is known. */
function otherAddress(
  { account }: JournalHeader,
  { venue, localUrl: was }: Pick<Access, "venue" | "localUrl">,
  { localUrl: is }: AccessFlags,
): string | undefined {
  if (account !== undefined || venue === "paper") return undefined;
  if (is === undefined || was === undefined || originOf(is) === originOf(was)) return undefined;
  return `it was begun at ${originOf(was)}, and ${originOf(is)} does not know its orders`;
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);
