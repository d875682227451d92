/**
 * Registry of tactics: every one by its name. A new one is one file and one line here.
 */
import type { TacticKind } from "../../core/contracts/tactic.ts";
import { chase } from "./chase.ts";
import { iceberg } from "./iceberg.ts";
import { peg } from "./peg.ts";
import { touch } from "./touch.ts";

export const tactics: ReadonlyMap<string, TacticKind> = new Map(
  [
    touch, // keep one a line
    peg,
    chase,
    iceberg,
  ].map((kind) => [kind.name, kind]),
);
