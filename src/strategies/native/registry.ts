/**
 * Registry of native orders: what `arrival compare` may run as a baseline, and nothing else may.
 */
import type { Strategy } from "../../core/contracts/strategy.ts";
import { bybitChase } from "./bybit-chase.ts";
import { bybitIceberg } from "./bybit-iceberg.ts";
import { bybitPov } from "./bybit-pov.ts";
import { bybitTwap } from "./bybit-twap.ts";
import type { NativeOrder } from "./native-order.ts";

export const nativeOrders: ReadonlyMap<string, NativeOrder> = new Map(
  [
    bybitTwap, // keep one a line
    bybitPov,
    bybitIceberg,
    bybitChase,
  ].map((native) => [native.strategy.name, native]),
);

export const nativeStrategies: ReadonlyMap<string, Strategy> = new Map(
  [...nativeOrders].map(([name, { strategy }]) => [name, strategy]),
);
