/**
 * Ticker: the summary of a market that clients follow: whole once, then what has changed.
 *
 * Of contracts a message after the first names only fields that differ; a side's price and size go
 * together. Spot says everything each time. What must stay true: whoever lays each message over the
 * ones before it has the ticker of the last one.
 */
import type { Category } from "../exchange-types.ts";

export type TickerFields = Readonly<Record<string, string>>;

const PAIRS = [
  ["bid1Price", "bid1Size"],
  ["ask1Price", "ask1Size"],
] as const;

export class TickerFeed {
  readonly #topic: string;
  readonly #symbol: string;
  readonly #isSpot: boolean;
  #told: TickerFields = {};
  #stamp = { sentMs: 0, sequence: 0 };

  constructor(category: Category, symbol: string) {
    this.#topic = `tickers.${symbol}`;
    this.#symbol = symbol;
    this.#isSpot = category === "spot";
  }

  /** Nobody had followed it: what comes next is a new beginning. */
  restart(fields: TickerFields, sentMs: number, sequence: number): void {
    this.#told = fields;
    this.#stamp = { sentMs, sequence };
  }

  /** Undefined where nothing has changed. */
  next(fields: TickerFields, sentMs: number, sequence: number): string | undefined {
    const told = this.#told;
    const changed = new Set<string>();
    for (const name in fields) if (fields[name] !== told[name]) changed.add(name);
    if (changed.size === 0) return undefined;
    this.restart(fields, sentMs, sequence);
    if (this.#isSpot) return this.snapshot();
    for (const pair of PAIRS) {
      if (pair.some((name) => changed.has(name))) for (const name of pair) changed.add(name);
    }
    return this.#message("delta", [...changed]);
  }

  snapshot(): string {
    return this.#message("snapshot", Object.keys(this.#told));
  }

  #message(type: string, names: readonly string[]): string {
    const { sentMs, sequence } = this.#stamp;
    let data = `{"symbol":"${this.#symbol}"`;
    for (const name of names) data += `,"${name}":"${this.#told[name]!}"`;
    return (
      `{"topic":"${this.#topic}","type":"${type}","data":${data}},` +
      `"cs":${sequence},"ts":${sentMs}}`
    );
  }
}
