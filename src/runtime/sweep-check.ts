/**
 * Sweep check: opens every market once before the first run, and says what could not be worked.
 *
 * A sweep runs for hours and unattended: what can be known beforehand is told beforehand, all of
 * it. What must stay true: what passes here fails later only for what a market holds inside.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, instrumentId, parseQuantity } from "../core/domain/instrument.ts";
import { affordableLots, quoteUnits } from "../core/domain/money.ts";
import { ticks } from "../core/domain/units.ts";
import type { BacktestFault } from "./backtest.ts";
import { refusedArms } from "./compare.ts";
import { openGenerated, type MarketFault } from "./market-source.ts";
import type { SweepArm } from "./sweep-grid.ts";
import { openShared, type SharedMarket, unshared } from "./sweep-market.ts";
import { type SweepMarket, type SweepRequest, sweepWindow } from "./sweep-request.ts";
import { placeWindow } from "./sweep-unit.ts";
import type { Placed } from "./window.ts";

type Asked = Pick<SweepRequest, "markets" | "arms" | "parents" | "seed">;

export interface CheckedMarkets {
  /** As asked for, with the hashes of their files. */
  readonly markets: readonly SweepMarket[];
  readonly instruments: readonly Instrument[];
  /** The first market, where it is a recording: it need not be read again. */
  readonly first: SharedMarket | undefined;
}

export interface SweepGridFault {
  readonly code: "SWEEP_GRID";
  /** One line per fault. */
  readonly text: string;
}

/** @param onProgress told which market is being read, and how much of it has been, 0 to 1 */
export async function checkMarkets(
  asked: Asked,
  onProgress: (market: number, done: number) => void = () => undefined,
): Promise<Result<CheckedMarkets, SweepGridFault | MarketFault | BacktestFault>> {
  const markets: SweepMarket[] = [];
  const instruments: Instrument[] = [];
  const faults = new Set<string>();
  let first: SharedMarket | undefined;
  for (const [index, market] of asked.markets.entries()) {
    let recorded: SharedMarket | undefined;
    if (market.kind === "recorded") {
      const opened = await openShared(market.files, (done) => onProgress(index, done));
      if (!opened.ok) return opened;
      recorded = opened.value;
      const { spec } = recorded;
      markets.push(spec.kind === "files" ? { ...market, files: spec } : market);
      if (index === 0) first = recorded;
    } else {
      markets.push(market);
    }
    const header =
      market.kind === "generated"
        ? openGenerated(sweepWindow(market, asked, 0)).header
        : recorded!.header;
    instruments.push(header.instrument);
    const whole = recorded === undefined ? undefined : unshared(recorded);
    const placed = placeWindow(asked, { market: index, window: 0 }, whole);
    if (!placed.ok) {
      return err({ ...placed.error, text: `${market.name}: ${placed.error.text}` });
    }
    for (const fault of armFaults(asked.arms, placed.value)) faults.add(fault);
  }
  if (faults.size > 0) return err({ code: "SWEEP_GRID", text: [...faults].join("\n") });
  return ok({ markets, instruments, first });
}

/** Sizes that are off the instrument's grid, and orders that an exchange would not take. */
function armFaults(arms: readonly SweepArm[], placed: Placed): readonly string[] {
  const { instrument } = placed.market.header;
  const byTerms = Map.groupBy(
    arms,
    ({ quantity, isNotional, over }) => `${quantity} ${isNotional} ${over}`,
  );
  return [...byTerms.values()].flatMap((alike) => {
    const { quantity, isNotional, over } = alike[0]!;
    const wrong = isNotional
      ? notionalFault(instrument, quantity, placed)
      : quantityFault(instrument, quantity);
    if (wrong !== undefined) return [wrong];
    const refused = refusedArms({ arms: alike, quantity, isNotional, over }, placed);
    return refused === undefined ? [] : [refused];
  });
}

function quantityFault(instrument: Instrument, quantity: string): string | undefined {
  const parsed = parseQuantity(instrument, quantity);
  if (parsed.ok && parsed.value > 0) return undefined;
  const why =
    parsed.ok || parsed.error.code !== "GRID_OFF_LOT"
      ? "is not a quantity of it"
      : `is not a multiple of its lot size ${parsed.error.lotSize}`;
  return `quantity ${quantity} of ${instrumentId(instrument)} ${why}`;
}

function notionalFault(
  instrument: Instrument,
  notional: string,
  placed: Placed,
): string | undefined {
  const price = ticks(Math.ceil(placed.horizon / 2));
  if (affordableLots(instrument, quoteUnits(instrument, notional), price) > 0) return undefined;
  return `notional ${notional} pays for no lot of ${instrumentId(instrument)}`;
}
