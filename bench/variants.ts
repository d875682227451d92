/**
 * Variants: market rows times variants per second, eight of them in one pass over the recording.
 *
 * The engines share books and observer; each has its own account at the venue, and looks ten times
 * a second, as the one of `backtest-recorded` does.
 */
import { existsSync } from "node:fs";
import { micros, SECOND } from "../src/core/domain/units.ts";
import { Engine } from "../src/core/engine.ts";
import { Observer } from "../src/core/market/observer.ts";
import { composeVenue } from "../src/runtime/compose.ts";
import { DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { simulateToEnd } from "../src/runtime/simulated-loop.ts";
import { type Laid, layRecorded, LOOPS, metronome, parents, RECORDING } from "./backtest.ts";
import type { Figure, Prepared } from "./measure.ts";

const URGENCIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

export const figures: readonly Figure[] = [
  {
    name: "variants-8",
    summary: `eight urgencies in one pass, Binance USD-M BTCUSDT 2024-08-08, looped ${LOOPS} times`,
    unit: "variant-events",
    references: { "prototype, TypeScript": 53 },
    prepare: async () =>
      existsSync(RECORDING)
        ? prepare(await layRecorded(LOOPS))
        : { skip: "../shared/data is not here" },
  },
];

function prepare(laid: Laid): Prepared {
  let engines: readonly Engine[] = [];
  const { block } = laid;
  let short = Math.min(500_000, block.length);
  while ((block.kind[short - 1]! & 8) === 0) short -= 1;
  return {
    warmUp: () => {
      for (let pass = 0; pass < 2; pass++) run({ ...laid, block: { ...block, length: short } });
    },
    run: () => {
      engines = run(laid);
      return laid.block.length * URGENCIES.length;
    },
    proof: () => {
      const fills = engines.map((engine) =>
        [...engine.parents.values()].reduce((sum, parent) => sum + parent.fills.length, 0),
      );
      return { fills: fills.join("/") };
    },
  };
}

function run({ header, block }: Laid): readonly Engine[] {
  const { execution, limits } = DEFAULT_CONFIG;
  const observer = new Observer(header, limits.participationWindow);
  const epoch = Number(header.epochNanos / 1000n);
  const from = micros(epoch + Math.ceil(block.localTime[0]! / 1000) + SECOND);
  const until = micros(epoch + Math.floor(block.localTime[block.length - 1]! / 1000) - SECOND);
  const lanes = URGENCIES.map((urgency) => ({
    engine: new Engine({
      execution,
      limits,
      strategies: new Map([[metronome.name, metronome]]),
      seed: 1,
      markets: [{ header, positionLots: 0, observer }],
    }),
    scheduled: parents(header, from, until, urgency),
  }));
  const accounts = lanes.map(() => ({ config: DEFAULT_CONFIG, seed: 1 }));
  simulateToEnd({ header, blocks: [block], venue: composeVenue(header, ...accounts), lanes });
  return lanes.map(({ engine }) => engine);
}
