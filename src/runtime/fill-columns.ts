/**
 * Fill columns: which column of somebody's export holds what.
 *
 * Exports are told by the names in their header: those of Bybit (API and web), Binance (API and
 * web), OKX, ccxt and FIX are known. A column that the user names wins over a known one. What must
 * stay true: nothing is guessed from values, and two columns for one thing are refused.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";

/** What a column can hold, and the header names that say so, the surest first. */
const KNOWN_NAMES = {
  time: [
    "exectime",
    "transacttime",
    "filltime",
    "filledtime",
    "tradetime",
    "transactiontime",
    "executiontime",
    "executedat",
    "timestamp",
    "time",
    "ts",
    "datetime",
    "date",
  ],
  price: [
    "execprice",
    "lastpx",
    "fillpx",
    "fillprice",
    "filledprice",
    "tradeprice",
    "executionprice",
    "price",
  ],
  quantity: [
    "execqty",
    "lastqty",
    "lastshares",
    "fillsz",
    "fillqty",
    "filledquantity",
    "filledqty",
    "executedamount",
    "executed",
    "qty",
    "quantity",
    "amount",
    "size",
  ],
  side: ["side", "direction", "buyer", "isbuyer"],
  id: ["execid", "tradeid", "executionid", "fillid", "transactionid", "id"],
  parent: ["parentid", "parentorderid", "parentorder", "parent"],
  order: ["orderid", "orderno", "ordid", "order"],
  "client-order": ["orderlinkid", "clientorderid", "clordid", "clientoid"],
  symbol: ["symbol", "market", "instid", "instrument", "pair", "pairs", "contract"],
  type: ["exectype", "filledtype"],
  liquidity: ["ismaker", "maker", "liquidity", "takerormaker", "lastliquidityind", "role"],
  fee: ["execfee", "tradingfee", "commission", "feecost", "feepaid", "fee"],
  "fee-coin": ["feecoin", "feecurrency", "commissionasset", "feeccy", "feecostcurrency"],
} as const satisfies Record<string, readonly string[]>;

export type FillField = keyof typeof KNOWN_NAMES;
export const FILL_FIELDS = Object.keys(KNOWN_NAMES) as readonly FillField[];

/** Column name to field, as `--map` gives it. */
export type ColumnMap = ReadonlyMap<string, FillField>;

export interface Columns {
  /** Index of the column that holds a field. */
  readonly index: ReadonlyMap<FillField, number>;
  readonly names: Readonly<Partial<Record<FillField, string>>>;
  /** The header itself says that times are in UTC. */
  readonly isUtc: boolean;
}

const REQUIRED: readonly FillField[] = ["time", "price", "quantity"];

/** Parses `Filled Price=price,Qty=quantity`. */
export function parseColumnMap(text: string): Result<ColumnMap, string> {
  const map = new Map<string, FillField>();
  for (const part of text.split(",")) {
    const at = part.lastIndexOf("=");
    const [column, field] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at <= 0 || column === "") return err(`"${part}" is not COLUMN=FIELD`);
    const known = FILL_FIELDS.find((name) => name === field);
    if (known === undefined) {
      return err(`there is no field "${field}"; fields are ${FILL_FIELDS.join(", ")}`);
    }
    map.set(column, known);
  }
  return ok(map);
}

/** @param needsSide no side was given for all fills, so a column must hold it. */
export function findColumns(
  header: readonly string[],
  map: ColumnMap,
  needsSide: boolean,
): Result<Columns, string> {
  const index = new Map<FillField, number>();
  const taken = new Set<number>();
  for (const [column, field] of map) {
    const at = header.findIndex((name) => same(name, column));
    if (at < 0) return err(`--map names a column "${column}"; ${foundText(header)}`);
    if (index.has(field)) return err(`--map names two columns for ${field}`);
    index.set(field, at);
    taken.add(at);
  }
  const plain = header.map(plainName);
  for (const field of FILL_FIELDS) {
    if (index.has(field)) continue;
    for (const name of KNOWN_NAMES[field]) {
      const at = plain.findIndex((each, column) => each === name && !taken.has(column));
      if (at < 0) continue;
      const again = plain.findIndex((each, column) => column > at && each === name);
      if (again >= 0 && !taken.has(again)) {
        return err(
          `the columns ${quoted(header[at])} and ${quoted(header[again])} both say ${field}; ` +
            `choose with --map COLUMN=${field}`,
        );
      }
      index.set(field, at);
      taken.add(at);
      break;
    }
  }
  const needed = needsSide ? [...REQUIRED, "side" as const] : REQUIRED;
  const missing = needed.filter((field) => !index.has(field));
  if (missing.length > 0) return err(missingText(header, missing));
  const names = Object.fromEntries([...index].map(([field, at]) => [field, header[at]]));
  return ok({ index, names, isUtc: saysUtc(header[index.get("time") ?? -1] ?? "") });
}

function missingText(header: readonly string[], missing: readonly FillField[]): string {
  const wanted = missing.map((field) => {
    const names = KNOWN_NAMES[field].slice(0, 6).join(", ");
    const other = field === "side" ? ", or give --side" : "";
    return `  ${field}: a column such as ${names}, or --map COLUMN=${field}${other}`;
  });
  return (
    `the first line must name the columns, and no column is known to hold ` +
    `${missing.join(", ")}\n${wanted.join("\n")}\n  ${foundText(header)}`
  );
}

const foundText = (header: readonly string[]): string =>
  `found: ${header.slice(0, 40).map(quoted).join(", ")}${header.length > 40 ? ", …" : ""}`;

/** From outside: clipped, and control characters made visible. */
export const quoted = (text: string | undefined): string =>
  JSON.stringify((text ?? "").slice(0, 60));

const ZONE = /\(?\s*utc\s*(?:[+-]\s*0{1,2}(?::?00)?)?\s*\)?\s*$/i;

const same = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
const plainName = (name: string): string =>
  name
    .replace(/\(\s*utc[^)]*\)/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
const saysUtc = (name: string): boolean => ZONE.test(name);
