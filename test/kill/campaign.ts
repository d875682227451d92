/**
 * Campaign: many kill runs beside each other, each on an account of its own, until so many
 * processes have been killed.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { startExchange } from "../../src/runtime/local-exchange.ts";
import { type KillOutcome, killRun } from "./kill-run.ts";

export interface CampaignTerms {
  readonly kills: number;
  readonly seed: number;
  /** At once. */
  readonly lanes: number;
  readonly folder: string;
  readonly stopMs?: number;
  /** Share of kills after which the market's rows are gone as well [0.1]. */
  readonly lossShare?: number;
  /** Of each order. */
  readonly seconds?: number;
  readonly lifeMs?: readonly [least: number, most: number];
  readonly onOutcome?: (outcome: KillOutcome, killed: number) => void;
}

const STRATEGIES = ["twap", "is", "chase", "peg", "iceberg"];
/** Of one order: then it is let end. */
const MOST_KILLS = 8;
const MOST_ORDERS = 500;

export async function campaign(terms: CampaignTerms): Promise<readonly KillOutcome[]> {
  const { seed, folder, stopMs, onOutcome, seconds = 20, lifeMs = [400, 7000] } = terms;
  const orders = Math.min(MOST_ORDERS, terms.kills + terms.lanes);
  const exchange = await startExchange({
    symbols: [`linear:BTCUSDT=generated:seed=${seed}`],
    accounts: orders,
    seed,
  });
  const outcomes: KillOutcome[] = [];
  let killed = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (killed < terms.kills && next < orders) {
      const number = next++;
      const stream = streamOf(`order ${number}`);
      let draws = 0;
      const random = (): number => uniformAt(seed, stream, draws++);
      const outcome = await killRun({
        exchange,
        account: exchange.accounts[number]!,
        folder,
        name: `order-${number}`,
        side: number % 2 === 0 ? "buy" : "sell",
        quantity: (0.1 + 0.05 * Math.floor(random() * 8)).toFixed(3),
        seconds,
        // Whoever is stopped must be at work then.
        strategy: stopMs === undefined ? STRATEGIES[number % STRATEGIES.length]! : "twap",
        random,
        mostKills: stopMs === undefined ? Math.min(MOST_KILLS, terms.kills - killed) : 1,
        lifeMs,
        lossShare: terms.lossShare ?? 0.1,
        ...(stopMs === undefined ? {} : { stopMs }),
      });
      killed += outcome.kills;
      outcomes.push(outcome);
      onOutcome?.(outcome, killed);
    }
  };
  try {
    await Promise.all(Array.from({ length: terms.lanes }, lane));
  } finally {
    await exchange.close();
  }
  return outcomes;
}
