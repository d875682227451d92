/**
 * Desk stage: a desk in virtual time on a generated market, worked on paper.
 *
 * The market goes on while no desk is open, so that one that was cut off finds it further on.
 */
import { setImmediate as turn } from "node:timers/promises";
import { instrumentId } from "../src/core/domain/instrument.ts";
import { ok, type Result } from "../src/core/domain/errors.ts";
import { type Micros, micros, MINUTE } from "../src/core/domain/units.ts";
import { VirtualTime } from "../src/data/network/virtual-time.ts";
import { composeVenue, feeRates } from "../src/runtime/compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { type Desk, type DeskFault, type DeskOptions, openDesk } from "../src/runtime/desk/desk.ts";
import type { OrderForm } from "../src/runtime/desk/order-form.ts";
import { openGenerated } from "../src/runtime/market-source.ts";
import { paperVenue } from "../src/venues/paper/paper-venue.ts";
import type { Venue } from "../src/venues/venue.ts";
import { continuedFeed } from "./continued-market.ts";
import type { Tells } from "./fed-market.ts";

export const MARKET_START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

/** All of an account: what one order may do is bounded by its own size. */
export const WIDE: ArrivalConfig = {
  ...DEFAULT_CONFIG,
  limits: {
    ...DEFAULT_CONFIG.limits,
    participation: 1,
    ordersPerMinute: 1e6,
    amendsPerMinute: 1e6,
    positionNotional: 1e12,
    volatilityStopPerHour: 1,
    benchmarkDeviationBps: 1000,
  },
  execution: { ...DEFAULT_CONFIG.execution, maxParticipation: 1, minOrder: "0.001" },
};

export interface DeskStage {
  readonly time: VirtualTime;
  readonly instrument: string;
  readonly notices: readonly string[];
  readonly config: ArrivalConfig;
  /** Another account on paper, in the same market. */
  venue(): Venue;
  open(folder: string, change?: Partial<DeskOptions>): Promise<Result<Desk, DeskFault>>;
  /** @throws where it cannot be opened. */
  desk(folder: string, change?: Partial<DeskOptions>): Promise<Desk>;
  /** Until it is settled; virtual time goes on meanwhile. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
  /** So many seconds of virtual time. */
  drive(seconds: number): Promise<void>;
  form(change?: Partial<OrderForm>): OrderForm;
}

export function deskStage(
  options: {
    readonly seed?: number;
    readonly minutes?: number;
    readonly config?: ArrivalConfig;
    readonly tells?: Tells;
  } = {},
): DeskStage {
  const { seed = 5, minutes = 12, config = WIDE, tells } = options;
  const spec = { kind: "generated", seed, startAt: MARKET_START } as const;
  // It can be gone through once: whoever opens it has one of their own, and all are the same.
  const made = () => openGenerated({ ...spec, duration: micros(minutes * MINUTE) });
  const market = made();
  const { symbol, kind: category } = market.header.instrument;
  const time = new VirtualTime();
  const notices: string[] = [];
  const venue = (): Venue =>
    paperVenue({
      openFeed: continuedFeed(made(), time, tells),
      exchange: (header) => composeVenue(header, { config, seed: 1 }),
      fees: feeRates(config.simulation),
      timers: time,
    });
  const until: DeskStage["until"] = (promise) => waited(time, promise);
  const open: DeskStage["open"] = (folder, change = {}) =>
    until(
      openDesk({
        folder,
        place: "paper test",
        config,
        seed: 1,
        venueFor: () => ok({ venue: venue() }),
        timers: time,
        clock: () => micros(MARKET_START + Math.floor(time.now / 1000)) as Micros,
        onNotice: (journal, { code, text }) => void notices.push(`${journal} ${code}: ${text}`),
        ...change,
      }),
    );
  return {
    time,
    instrument: instrumentId(market.header.instrument),
    notices,
    config,
    venue,
    open,
    async desk(folder, change) {
      const opened = await open(folder, change);
      if (!opened.ok) throw new Error(`${opened.error.code}: ${opened.error.text}`);
      return opened.value;
    },
    until,
    drive: (seconds) => driven(time, seconds),
    form: (change = {}) => ({
      symbol,
      category,
      side: "buy",
      quantity: "0.5",
      over: "2m",
      ...change,
    }),
  };
}

async function waited<Value>(time: VirtualTime, promise: Promise<Value>): Promise<Value> {
  const state = { isDone: false };
  const done = (): void => void (state.isDone = true);
  void promise.then(done, done);
  for (let step = 0; ; step++) {
    // True files and sockets need turns of their own.
    await turn();
    if (state.isDone) return promise;
    if (step > 20) time.step();
  }
}

async function driven(time: VirtualTime, seconds: number): Promise<void> {
  const end = time.now + seconds * 1e9;
  for (let step = 0; time.now < end && time.step(end); step++) {
    if (step % 20 === 0) await turn();
    else await Promise.resolve();
  }
  await turn();
}
