/**
 * Registry: every strategy by its name. A new one is one file and one line here.
 */
import type { Strategy } from "../core/contracts/strategy.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { is } from "./is.ts";
import { ow } from "./ow.ts";
import { pov } from "./pov.ts";
import { twap } from "./twap.ts";
import { vwap } from "./vwap.ts";

export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [
    twap, // keep one a line
    vwap,
    pov,
    is,
    ow,
  ].map((strategy) => [strategy.name, strategy]),
);

export interface StrategyUnknown {
  readonly code: "STRATEGY_UNKNOWN";
  readonly text: string;
}

export function findStrategy(name: string): Result<Strategy, StrategyUnknown> {
  const strategy = strategies.get(name);
  if (strategy !== undefined) return ok(strategy);
  const known = [...strategies.keys()].join(", ");
  return err({
    code: "STRATEGY_UNKNOWN",
    text: `no strategy is named ${JSON.stringify(name.slice(0, 40))}; known are ${known}`,
  });
}
