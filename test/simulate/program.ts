/**
 * Program: the true live run on the true Bybit adapter, as one process of the simulation.
 *
 * What must stay true: everything that it reaches the world by is handed to it (transport, timers,
 * clock, store), so that it dies whole.
 */
import { micros } from "../../src/core/domain/units.ts";
import { ok } from "../../src/core/domain/errors.ts";
import { AnchoredClock } from "../../src/data/recorder/clock.ts";
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import type { RunStore } from "../../src/runtime/live/run-store.ts";
import type {
  LiveRequest,
  LiveRunOptions,
  ResumeOptions,
} from "../../src/runtime/live/live-terms.ts";
import { bybitVenue } from "../../src/venues/bybit/bybit-venue.ts";
import { Credentials } from "../../src/venues/bybit/credentials.ts";
import type { Transport } from "../../src/data/network/transport.ts";
import type { Venue } from "../../src/venues/venue.ts";
import { Chance } from "./chance.ts";
import { ACCESS } from "./exchange.ts";
import { HOST } from "./network.ts";
import { lotsOf, quantityText, type RunPlan } from "./plan.ts";
import type { SimulatedMarket } from "./market.ts";

export const PARENT = "p";
export const PREFIX = `${PARENT}-`;

export interface ProgramParts {
  readonly plan: RunPlan;
  readonly market: SimulatedMarket;
  readonly transport: Transport;
  readonly store: RunStore;
  /** Nanoseconds since 1970, as the machine's wall has it. */
  readonly wallNanos: () => bigint;
  readonly monotonicNanos: () => bigint;
  /** Which process of the run this is. */
  readonly number: number;
  readonly config: ArrivalConfig;
  readonly dress: (venue: Venue) => Venue;
}

type Common = Pick<LiveRunOptions, "journal" | "store" | "timers" | "checkpointRecords">;

export function venueOf(parts: ProgramParts): Venue {
  const { transport, plan, number, wallNanos, monotonicNanos } = parts;
  const luck = new Chance(plan.seed, `venue/${number}`);
  const { symbol } = parts.market.instrument;
  const venue = bybitVenue({
    hosts: {
      network: "local",
      rest: `http://${HOST}`,
      publicHost: `ws://${HOST}`,
      privateStream: `ws://${HOST}/v5/private`,
      tradeStream: `ws://${HOST}/v5/trade`,
    },
    credentials: new Credentials(ACCESS.apiKey, ACCESS.secret),
    category: "linear",
    symbol,
    prefix: PREFIX,
    depth: 50,
    tradeConnections: plan.seed % 3,
    transport,
    clock: new AnchoredClock({ wallNanos, monotonicNanos }),
    random: () => luck.next(),
  });
  return parts.dress(venue);
}

/** Records from one to the next. */
const CHECKPOINTS = [12, 40, 150, 4096];

const common = ({ store, transport, plan }: ProgramParts): Common => ({
  journal: "simulated.journal",
  store,
  timers: transport.timers,
  // A run is short here, and some of its restarts are to begin at a checkpoint.
  checkpointRecords: CHECKPOINTS[plan.seed % CHECKPOINTS.length]!,
});

export function newRunOptions(parts: ProgramParts): LiveRunOptions {
  return {
    ...common(parts),
    venue: venueOf(parts),
    parentId: PARENT,
    request: requestOf(parts),
  };
}

export function resumeOptions(parts: ProgramParts): ResumeOptions {
  return { ...common(parts), venue: () => ok(venueOf(parts)) };
}

function requestOf({ plan, market, config }: ProgramParts): LiveRequest {
  const { order, seed } = plan;
  return {
    side: order.side,
    quantity: quantityText(market.instrument, lotsOf(order, market)),
    isNotional: false,
    over: micros(order.seconds * 1e6),
    constraints: { mayCrossSpread: order.mayCross, residual: order.residual },
    acceptInfeasible: true,
    config,
    seed,
  };
}
