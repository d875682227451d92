/**
 * Open interest: contracts that are held, as a market tells it, or by a simple rule.
 *
 * A generated market's world knows what its leveraged crowd holds. Anywhere else it is taken to be
 * a tenth of the largest limit order, and what trades leaves it as it is: a figure to show, not to
 * trade on. Bybit counts both sides; `single` is one of them.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import type { HostedWorld } from "../hosted-market.ts";

export const INTEREST_SPANS = {
  "5min": 300_000,
  "15min": 900_000,
  "30min": 1_800_000,
  "1h": 3_600_000,
  "4h": 14_400_000,
  "1d": 86_400_000,
} as const;
export type InterestSpan = keyof typeof INTEREST_SPANS;

const SAMPLE_MS = INTEREST_SPANS["5min"];
/** Four weeks of five minutes. */
const MOST_KEPT = 8_064;

export class OpenInterest {
  readonly #world: HostedWorld | undefined;
  readonly #fixed: number;
  /** At whole five minutes, oldest first. */
  #samples: { readonly atMs: number; readonly lots: number }[] = [];

  constructor({ maxLimitLots }: Instrument, world: HostedWorld | undefined) {
    this.#world = world;
    this.#fixed = Math.max(1, Math.floor(maxLimitLots / 10));
  }

  /** Lots of one side. */
  get single(): number {
    return this.#world?.openInterest ?? this.#fixed;
  }

  sample(nowMs: number): void {
    const atMs = nowMs - (nowMs % SAMPLE_MS);
    if (this.#samples.at(-1)?.atMs === atMs) return;
    this.#samples.push({ atMs, lots: this.single });
    if (this.#samples.length >= 2 * MOST_KEPT) this.#samples = this.#samples.slice(-MOST_KEPT);
  }

  /** Samples at whole spans that lie in [from, until], newest first. */
  history(span: InterestSpan, from: number, until: number) {
    const width = INTEREST_SPANS[span];
    return this.#samples
      .filter(({ atMs }) => atMs % width === 0 && atMs >= from && atMs <= until)
      .reverse();
  }
}
