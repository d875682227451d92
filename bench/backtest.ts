/**
 * Whole backtest: market rows per second through both books, latencies, queues, fills, fees and the
 * engine with its gate, while a parent order is at work and its strategy looks every 100 ms.
 *
 * All rows are laid out before the clock starts. No journal: its cost is per event, not per row, and
 * is measured apart.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Strategy } from "../src/core/contracts/strategy.ts";
import { instrumentId } from "../src/core/domain/instrument.ts";
import type { EngineEvent } from "../src/core/domain/messages.ts";
import { type Lots, lots, type Micros, micros, SECOND } from "../src/core/domain/units.ts";
import { Engine } from "../src/core/engine.ts";
import {
  blockOf,
  ColumnsBuilder,
  type MarketBlock,
  type MarketHeader,
} from "../src/core/market/columns.ts";
import { readRecording } from "../src/data/recording.ts";
import { composeVenue } from "../src/runtime/compose.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { type RunTotals, simulateToEnd } from "../src/runtime/simulated-loop.ts";
import { FixedMarket } from "../src/runtime/simulated-market.ts";
import { generatedHeader, generateMarket } from "../src/simulation/generated/market.ts";
import type { Figure, Prepared } from "./measure.ts";

const GENERATED_ROWS = 10_000_000;
export const LOOPS = 30;
export const RECORDING = new URL(
  "../../shared/data/binance-hftbacktest/usdm_btcusdt_20240808.gz",
  import.meta.url,
);
/** The strategy is asked when a slice begins: every 100 ms. */
const SLICE = 100_000;
/** A pace that the participation limit allows on both markets: about 8 BTC a minute. */
const LOTS_PER_SECOND = 140;

const references = {
  "prototype, TypeScript": 16,
  "prototype, C": 33,
  "hftbacktest's architecture in Rust, vectors": 11,
  "the same with HashMap": 7,
};

/** A straight line that is looked at every 100 ms, as the prototype's strategy was. */
export const metronome: Strategy = {
  name: "metronome",
  summary: "A straight line, looked at ten times a second.",
  defaults: {},
  check: () => [],
  bind: (_parameters, plan) => ({
    target({ now }) {
      const share = Math.min(1, (now - plan.from) / (plan.until - plan.from));
      const sliceFrom = micros(plan.from + Math.floor((now - plan.from) / SLICE) * SLICE);
      return {
        quantity: lots(Math.floor(plan.quantity * share)),
        sliceFrom,
        sliceUntil: micros(sliceFrom + SLICE),
        reason: "straight line",
      };
    },
  }),
};

export interface Laid {
  readonly header: MarketHeader;
  readonly block: MarketBlock;
}

export const figures: readonly Figure[] = [
  {
    name: "backtest-generated",
    summary: "whole backtest, 10 M generated rows, as many a second as the recording has",
    unit: "events",
    references,
    prepare: () => prepare(layGenerated(1000)),
  },
  {
    name: "backtest-generated-quiet",
    summary: "whole backtest, 10 M generated rows, a quarter as many a second: more looks per row",
    unit: "events",
    references,
    prepare: () => prepare(layGenerated(250)),
  },
  {
    name: "backtest-recorded",
    summary: `whole backtest, Binance USD-M BTCUSDT 2024-08-08, looped ${LOOPS} times`,
    unit: "events",
    references,
    prepare: async () => {
      if (!existsSync(RECORDING)) return { skip: "../shared/data is not here" };
      return prepare(await layRecorded(LOOPS));
    },
  },
];

function prepare({ header, block }: Laid): Prepared {
  let engine: Engine | undefined;
  let totals: RunTotals | undefined;
  let filled = 0;
  let children = 0;
  let fills = 0;
  return {
    warmUp: () => {
      for (let pass = 0; pass < 3; pass++) {
        runOnce(header, blockOf(block, messageEnd(block, 500_000)));
      }
    },
    run: () => {
      const done = runOnce(header, block);
      ({ engine, totals } = done);
      return totals.rows;
    },
    proof: () => {
      for (const parent of engine?.parents.values() ?? []) {
        filled += parent.filled;
        children += parent.childCount;
        fills += parent.fills.length;
      }
      const { bid, ask } = engine!.instruments[0]!.observer;
      return {
        events: totals!.events,
        commands: totals!.commands,
        orders: children,
        fills,
        filledLots: filled,
        bid,
        ask,
      };
    },
  };
}

/** The rows laid out, as `runBlocks` takes them. */
const runOnce = (header: MarketHeader, block: MarketBlock): ReturnType<typeof runBlocks> =>
  runBlocks(header, [block], block.localTime[0]!, block.localTime[block.length - 1]!);

/** @param first @param last local times of the first and the last row, nanoseconds. */
export function runBlocks(
  header: MarketHeader,
  blocks: Iterable<MarketBlock>,
  first: number,
  last: number,
): { engine: Engine; totals: RunTotals } {
  const engine = new Engine({
    execution: DEFAULT_CONFIG.execution,
    limits: DEFAULT_CONFIG.limits,
    strategies: new Map([[metronome.name, metronome]]),
    seed: 1,
    markets: [{ header, positionLots: 0 }],
  });
  const epoch = Number(header.epochNanos / 1000n);
  const from = micros(epoch + Math.ceil(first / 1000) + SECOND);
  const until = micros(epoch + Math.floor(last / 1000) - SECOND);
  const venue = composeVenue(header, { config: DEFAULT_CONFIG, seed: 1 });
  const totals = simulateToEnd({
    market: new FixedMarket(header, blocks, venue),
    lanes: [{ engine, scheduled: parents(header, from, until) }],
  });
  return { engine, totals };
}

/** One order after the other, ten minutes each, both sides in turn: the book is never without one. */
export function parents(
  header: MarketHeader,
  from: Micros,
  until: Micros,
  lotsPerSecond = LOTS_PER_SECOND,
): EngineEvent[] {
  const events: EngineEvent[] = [];
  const span = 600 * SECOND;
  for (let at: number = from, k = 0; at + SECOND < until; at += span, k++) {
    const deadline = micros(Math.min(at + span - SECOND, until));
    const quantity = Math.floor(((deadline - at) / SECOND) * lotsPerSecond) as Lots;
    events.push({
      kind: "parent-submitted",
      time: micros(at),
      parent: {
        id: `p${k}`,
        instrument: instrumentId(header.instrument),
        side: k % 2 === 0 ? "buy" : "sell",
        quantity: { kind: "lots", lots: quantity },
        startAt: micros(at),
        deadline,
        strategy: { name: metronome.name, parameters: {} },
        urgency: 0.5,
        maxSpreadToCross: 10,
        minOrder: lots(1000),
        acceptInfeasible: true,
        constraints: { mayCrossSpread: true, residual: "leave" },
      },
    });
  }
  return events;
}

export function layGenerated(eventsPerSecond: number): Laid {
  const config = {
    seed: 7,
    eventsPerSecond,
    startAt: micros(Date.UTC(2026, 0, 5, 8) * 1000),
    duration: micros(24 * 3600 * SECOND),
  };
  const builder = new ColumnsBuilder(1 << 24);
  for (const block of generateMarket(config)) {
    append(builder, block, 0);
    if (builder.length >= GENERATED_ROWS) break;
  }
  const block = builder.view();
  return {
    header: generatedHeader(config),
    block: blockOf(block, messageEnd(block, GENERATED_ROWS)),
  };
}

/** The recording, which must be there, so many times. */
export async function layRecorded(loops: number): Promise<Laid> {
  const read = await readRecording([fileURLToPath(RECORDING)]);
  if (!read.ok) throw new Error(read.error.text);
  return layLooped(read.value.header, read.value.blocks, loops);
}

/** The recording again and again, each pass a second behind the one before. */
export function layLooped(
  header: MarketHeader,
  blocks: readonly MarketBlock[],
  loops: number,
): Laid {
  const rows = blocks.reduce((sum, block) => sum + block.length, 0);
  const first = Math.min(blocks[0]!.exchangeTime[0]!, blocks[0]!.localTime[0]!);
  const last = blocks.at(-1)!;
  const span = Math.ceil((last.localTime[last.length - 1]! - first) / 1e9 + 1) * 1e9;
  const builder = new ColumnsBuilder(rows * loops);
  for (let pass = 0; pass < loops; pass++) {
    for (const block of blocks) append(builder, block, pass * span);
  }
  return { header, block: builder.view() };
}

function append(builder: ColumnsBuilder, block: MarketBlock, shift: number): void {
  for (let row = 0; row < block.length; row++) {
    builder.push(
      block.exchangeTime[row]! + shift,
      block.localTime[row]! + shift,
      block.kind[row]!,
      block.price[row]!,
      block.quantity[row]!,
    );
  }
}

/** Rows up to about `wanted`, whole messages. */
function messageEnd(block: MarketBlock, wanted: number): number {
  let end = Math.min(block.length, wanted);
  while (end > 0 && (block.kind[end - 1]! & 8) === 0) end -= 1;
  return end;
}
