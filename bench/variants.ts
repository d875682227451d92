/**
 * Variants: market rows times variants per second, eight of them in one pass over the recording.
 *
 * The engines share books and observer; each has its own account at the venue. `variants-8` looks
 * ten times a second in every lane, as `backtest-recorded` does in its one; `variants-8-twap` is
 * what a sweep of a slow strategy does: slices of ten seconds.
 */
import { existsSync } from "node:fs";
import type { EngineEvent } from "../src/core/domain/messages.ts";
import type { StrategyChoice } from "../src/core/domain/parent-order.ts";
import { micros, SECOND } from "../src/core/domain/units.ts";
import { Engine } from "../src/core/engine.ts";
import { Observer } from "../src/core/market/observer.ts";
import { blockOf } from "../src/core/market/columns.ts";
import { composeVenue, strategiesWith } from "../src/runtime/compose.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { simulateToEnd } from "../src/runtime/simulated-loop.ts";
import { FixedMarket } from "../src/runtime/simulated-market.ts";
import { type Laid, layRecorded, LOOPS, metronome, parents, RECORDING } from "./backtest.ts";
import type { Figure, Prepared } from "./measure.ts";

/** Lots per second: what the variants differ by. */
const PACES = [70, 80, 90, 100, 110, 120, 130, 140];
const STRATEGIES = new Map([...strategiesWith(), [metronome.name, metronome]]);
const TWAP: StrategyChoice = { name: "twap", parameters: { intervalSeconds: 10 } };

export const figures: readonly Figure[] = [
  figure("variants-8", "eight paces in one pass, looks ten times a second"),
  figure("variants-8-twap", "eight paces in one pass, TWAP in slices of 10 s", TWAP),
];

function figure(name: string, what: string, strategy?: StrategyChoice): Figure {
  return {
    name,
    summary: `${what}, Binance USD-M BTCUSDT 2024-08-08, looped ${LOOPS} times`,
    unit: "variant-events",
    references: { "prototype, TypeScript": 53 },
    prepare: async () =>
      existsSync(RECORDING)
        ? prepare(await layRecorded(LOOPS), strategy)
        : { skip: "../shared/data is not here" },
  };
}

function prepare(laid: Laid, strategy: StrategyChoice | undefined): Prepared {
  let engines: readonly Engine[] = [];
  const { block } = laid;
  let short = Math.min(500_000, block.length);
  while ((block.kind[short - 1]! & 8) === 0) short -= 1;
  return {
    warmUp: () => {
      const first = { ...laid, block: blockOf(block, short) };
      for (let pass = 0; pass < 3; pass++) run(first, strategy);
    },
    run: () => {
      engines = run(laid, strategy);
      return laid.block.length * PACES.length;
    },
    proof: () => {
      const fills = engines.map((engine) =>
        [...engine.parents.values()].reduce((sum, parent) => sum + parent.fills.length, 0),
      );
      return { fills: fills.join("/") };
    },
  };
}

function run({ header, block }: Laid, strategy: StrategyChoice | undefined): readonly Engine[] {
  const { execution, limits } = DEFAULT_CONFIG;
  const observer = new Observer(header, limits.participationWindow);
  const epoch = Number(header.epochNanos / 1000n);
  const from = micros(epoch + Math.ceil(block.localTime[0]! / 1000) + SECOND);
  const until = micros(epoch + Math.floor(block.localTime[block.length - 1]! / 1000) - SECOND);
  const lanes = PACES.map((pace) => ({
    engine: new Engine({
      execution,
      limits,
      strategies: STRATEGIES,
      seed: 1,
      markets: [{ header, positionLots: 0, observer }],
    }),
    scheduled: parents(header, from, until, pace).map((event) => workedBy(event, strategy)),
  }));
  const accounts = lanes.map(() => ({ config: DEFAULT_CONFIG, seed: 1 }));
  const venue = composeVenue(header, ...accounts);
  simulateToEnd({ market: new FixedMarket(header, [block], venue), lanes });
  return lanes.map(({ engine }) => engine);
}

const workedBy = (event: EngineEvent, strategy: StrategyChoice | undefined): EngineEvent =>
  strategy === undefined || event.kind !== "parent-submitted"
    ? event
    : { ...event, parent: { ...event.parent, strategy } };
