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
const NUMERIC = /^-?\d+(\.\d+)?$/;

export interface Comparison {
  readonly faults: string[];
  /** Lists whose records could not be looked at, because there is none. */
  readonly empty: string[];
}

type Enums = ReadonlyMap<string, ReadonlySet<string>>;

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
  if (NUMERIC.test(example) && !NUMERIC.test(ours) && ours !== "") {
    if (!/(Id|_id|reqId|orderLinkId|uid)$/i.test(where)) differ(`"${ours}" is no number`);
    return;
  }
  const allowed = enums.get(nameOf(where));
  if (allowed?.has(example) === true && ours !== "" && !allowed.has(ours)) {
    differ(`"${ours}" is not in Bybit's table`);
  }
}
