/** Report words: what the tables of bench/RESULTS.md mean, and what no table can say. */
import type { Work } from "./work.ts";

export function scriptInWords(work: Work, recording: string, loops: number): string {
  const seconds = (looks: number): string => `${(looks * work.lookNanos) / 1e9} s`;
  return `\
\`${recording}\`, ${loops} times one behind the other, ${work.rows} rows. Every
${ms(work.lookNanos)} of local time a look: best bid and ask and their sizes are read and added
up, and what was filled since the last look is noted. Every ${seconds(work.passiveEvery)} a
post-only order of ${work.passiveLots} lots joins the touch, and is canceled after
${seconds(work.passiveFor)} if it is still open. Every ${seconds(work.aggressiveEvery)} an
immediate-or-cancel order of ${work.aggressiveLots} lots takes, up to ${work.slackTicks} ticks
through the touch. Both kinds are on one side for ${seconds(work.sideEvery)}, then on the other.
An order takes ${ms(work.entryNanos)} to the exchange, its report ${ms(work.responseNanos)} back.
Queue: risk-averse, hftbacktest's \`RiskAdverseQueueModel\`. The script depends on nothing but the
time and the touch, so equal books give equal orders.

- **Arrival, the script**: the simulated venue and the observer of a backtest (two books, two
  clocks, both latencies, queue, fees, our own debts), driven by \`bench/peers/script.ts\`. No
  strategy interface, no risk gate, no journal: like for like with the strategy loops of the
  peers.
- **Arrival, whole engine**: the figure \`backtest-recorded\` of \`npm run bench\`, the same rows
  with a parent order at work all the time. It sends other orders and does more; it stands here to
  show what the whole costs, not as a race.
- **hftbacktest**: \`PartialFillExchange\`, \`ConstantLatency\`, its own strategy loop
  (\`elapse\`), in Rust with its own release profile (\`-C target-cpu=native\` gave nothing when
  tried), in Python compiled by numba. The vector depth spans 5 % either side of the first trade.
- **NautilusTrader**: \`BacktestEngine\` with \`queue_position\`, \`liquidity_consumption\` and a
  \`LatencyModel\`, a \`Strategy\` in Python on a timer, logging and risk engine off, levels fed
  message by message (\`OrderBookDeltas\`), which is several times as fast as one by one. The
  newer engine in Rust that the package also ships (\`nautilus_pyo3\`) is not in the table: to a
  strategy in Python its cache gives a copy of the whole book at every look, which made it slower
  still, and without any look and any order it stayed under 1 M events/s when tried by hand. A
  strategy in Rust upon it was not tried.`;
}

export const sharedNote = `\
**The machine was shared while this was measured**: runs of one engine lie far apart. Take the
ratios as rough, and look at processor time.`;

export const replayNote = `\
An event is a row of the recording: one level or one trade. Every engine takes each row twice, at
exchange time and at local time (NautilusTrader once: its venue and its strategy share one clock).
CPU is processor time of the replay, compiler and collector included: look there when the machine
was shared. Arrival, and the peers in Python, are warmed up or compiled on other rows first.`;

export const fileNote = `\
Load is from the file to what the replay reads: our event file (zstd, CRCs held); npz (deflate)
for hftbacktest; npz and then a Python object per level and trade for NautilusTrader. The whole
process has start, load, warm-up or compilation, replay and the writing of what was seen.`;

export const installNote = `\
Peers are installed by the script, in exact versions, outside the repository: see
\`bench/peers/requirements-*.txt\` and \`bench/peers/hftbacktest-rust/Cargo.lock\`.`;

export const unequal = `\
Alike = the same executions as seen at the looks, each with the same exchange time to the
microsecond, the same price and lots. hftbacktest answers a taking order once, with its last
price, so several executions between two looks are one here, for all. NautilusTrader's times are
those of receipt and can never be alike: there, read how many have the same lots.`;

export const differences = `\
What it comes from, read in their sources and checked row by row:

- **hftbacktest fills a resting order wholly when a trade goes through its price or the other side
  comes to it**, however few lots that trade or level has. Arrival gives no more than was there,
  and the rest as more comes. So hftbacktest is done earlier, and flatters large orders.
- **hftbacktest may take the same lots again and again**: its book does not know what it sold us.
  Arrival remembers what we took of a level until the level is gone. It matters to whoever takes
  often from a quiet level.
- **NautilusTrader has one clock.** Its venue sees the market when the strategy does, so the
  feed's delay is lost: an order meets a book that is older by that much. An order that is under
  way reaches the venue with the first market data after its latency, and behind it, so up to tens
  of milliseconds later than told; some that rest here are refused there as post-only, and one
  that took here finds its price gone.
- **NautilusTrader's queue falls by trades and by the deletion of the level alone**; a level that
  shrinks leaves it as it is. Ours (and hftbacktest's) is never longer than the level. So it fills
  fewer.

Found on the way, in the versions below: hftbacktest's \`PartialFillExchange\` keeps an order in
its book that a trade fills exactly to the last lot, and the next trade there ends the run with
\`InvalidOrderStatus\` (the scripts here order a quarter of a lot less, which rounds to the same);
in its Python package \`best_bid_qty\` of the vector depth gives the price.

Not compared: probabilistic queues, fees and balances, amendments, several instruments,
order-by-order feeds, more than one thread.`;

const ms = (nanos: number): string => `${nanos / 1e6} ms`;
