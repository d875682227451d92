/**
 * Registry: every strategy by its name. A new one is one file and one line here.
 */
import type { Strategy } from "../core/contracts/strategy.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { is } from "./is.ts";
import { ow } from "./ow.ts";
import { pov } from "./pov.ts";
import { chase } from "./tactics/chase.ts";
import { iceberg } from "./tactics/iceberg.ts";
import { peg } from "./tactics/peg.ts";
import { twap } from "./twap.ts";
import { vwap } from "./vwap.ts";
import { wholeBy } from "./whole.ts";

export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [
    twap, // keep one a line
    vwap,
    pov,
    is,
    ow,
    wholeBy(iceberg),
    wholeBy(peg),
    wholeBy(chase),
  ].map((strategy) => [strategy.name, strategy]),
);

export interface StrategyUnknown {
  readonly code: "STRATEGY_UNKNOWN";
  readonly text: string;
}

/** Among `these`: the registered ones, unless a caller has more. */
export function findStrategy(
  name: string,
  these: ReadonlyMap<string, Strategy> = strategies,
): Result<Strategy, StrategyUnknown> {
  const strategy = these.get(name);
  if (strategy !== undefined) return ok(strategy);
  const known = [...these.keys()].join(", ");
  return err({
    code: "STRATEGY_UNKNOWN",
    text: `no strategy is named ${JSON.stringify(name.slice(0, 40))}; known are ${known}`,
  });
}
