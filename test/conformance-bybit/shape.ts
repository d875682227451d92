/**
 * Shape: whether a message has what an example has, each thing as the same kind of thing.
 *
 * A number in a string stays one, a whole number stays whole, a word that has a table is in it. A
 * field more than the example has is no fault: Bybit adds them all the time.
 */
import type { Json } from "../clients/raw-client.ts";

/** Keyed by coin: the names are values. */
const MAPS = new Set(["cumFeeDetail"]);
/** Lists and objects that are "" or null where there is nothing of the kind. */
const OPTIONAL = new Set(["extraFees", "preListingInfo"]);
/** Numbers and words of tables that Bybit itself leaves empty where there is nothing to tell. */
const OFTEN_EMPTY = new Set([
  // Of every wallet: Bybit no longer fills them in.
  "availableToBorrow",
  "availableToWithdraw",
  // Of an order without such conditions, and of a position without a stop.
  "triggerPrice",
  "takeProfit",
  "stopLoss",
  // Of an order of which nothing is filled: `values.ts` looks at those that are.
  "avgPrice",
  // Of a position that no price would end.
  "liqPrice",
  // Of a perpetual's position.
  "bustPrice",
  "breakEvenPrice",
  "sessionAvgPrice",
]);
const NUMERIC = /^-?\d+(\.\d+)?$/;

export interface Comparison {
  readonly faults: string[];
  /** Lists whose records could not be looked at, because there is none. */
  readonly empty: string[];
}

export type Enums = ReadonlyMap<string, ReadonlySet<string>>;

const nameOf = (where: string): string => /([^.[\]]*)(\[\])*$/.exec(where)![1]!;

export function compare(
  example: Json,
  ours: Json,
  enums: Enums,
  where = "",
  found: Comparison = { faults: [], empty: [] },
): Comparison {
  const differ = (what: string): void => void found.faults.push(`${where}: ${what}`);
  if (example === null || example === undefined) return found;
  if (ours === undefined) differ("missing");
  else if ((ours === "" || ours === null) && OPTIONAL.has(nameOf(where))) return found;
  else if (Array.isArray(example)) compareLists(example, ours, enums, where, found);
  else if (typeof example === "object") {
    if (typeof ours !== "object" || ours === null || Array.isArray(ours)) differ("no object");
    else if (!MAPS.has(nameOf(where))) {
      for (const [name, value] of Object.entries(example)) {
        compare(value, ours[name], enums, where === "" ? name : `${where}.${name}`, found);
      }
    }
  } else if (typeof example !== typeof ours) {
    differ(`${typeof ours} ${JSON.stringify(ours)}, not ${typeof example}`);
  } else if (typeof example === "number") {
    if (Number.isInteger(example) && !Number.isInteger(ours)) differ(`${ours} is not whole`);
  } else if (typeof example === "string") compareTexts(example, ours, enums, where, differ);
  return found;
}

function compareLists(
  example: readonly Json[],
  ours: Json,
  enums: Enums,
  where: string,
  found: Comparison,
): void {
  if (!Array.isArray(ours)) found.faults.push(`${where}: no list`);
  else if (example.length === 0) return;
  else if (ours.length === 0) found.empty.push(where);
  // Rows of figures have a place for each; records have names.
  else if (!Array.isArray(example[0]) && typeof example[0] !== "object") {
    for (const value of ours) compare(example[0], value, enums, `${where}[]`, found);
  } else {
    for (const value of ours) {
      if (Array.isArray(example[0]) && value.length !== example[0].length) {
        found.faults.push(`${where}[]: ${value.length} places, not ${example[0].length}`);
      }
      compare(example[0], value, enums, `${where}[]`, found);
    }
  }
}

function compareTexts(
  example: string,
  ours: string,
  enums: Enums,
  where: string,
  differ: (what: string) => void,
): void {
  const name = nameOf(where);
  if (ours === "" && OFTEN_EMPTY.has(name)) return;
  if (NUMERIC.test(example) && !NUMERIC.test(ours)) {
    if (!/(Id|_id|reqId|orderLinkId|uid)$/i.test(name)) differ(`"${ours}" is no number`);
    return;
  }
  const allowed = enums.get(name);
  if (allowed?.has(example) === true && !allowed.has(ours)) {
    differ(`"${ours}" is not in Bybit's table`);
  }
}
