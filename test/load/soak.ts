/**
 * Soak: one long order, worked by the true live run on the true adapter and exchange, in virtual
 * time, its journal in files. Each hour the books are held against each other, and the heap is
 * measured; now and then the process is taken for dead and the run is gone on with.
 *
 * What must stay true: engine, exchange and journal never differ by a lot; and memory grows by what
 * an order leaves behind, not by time.
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { micros } from "../../src/core/domain/units.ts";
import { ok } from "../../src/core/domain/errors.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../src/core/market/columns.ts";
import type { Engine } from "../../src/core/engine.ts";
import { AnchoredClock } from "../../src/data/recorder/clock.ts";
import { VirtualTime } from "../../src/data/network/virtual-time.ts";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { fileStore } from "../../src/runtime/live/file-store.ts";
import type { LiveRun } from "../../src/runtime/live/live-run.ts";
import { openLiveRun, resumeLiveRun } from "../../src/runtime/live/open-run.ts";
import { stateText } from "../../src/runtime/live/recovery.ts";
import { pastOrigin } from "../../src/runtime/live/run-origin.ts";
import { replay } from "../../src/runtime/replay.ts";
import { bybitVenue } from "../../src/venues/bybit/bybit-venue.ts";
import { Credentials } from "../../src/venues/bybit/credentials.ts";
import { Chance } from "../simulate/chance.ts";
import { ACCESS, SimulatedExchange } from "../simulate/exchange.ts";
import { Faults } from "../simulate/faults.ts";
import { Life } from "../simulate/life.ts";
import { makeMarket, type SimulatedMarket } from "../simulate/market.ts";
import { HOST, Network } from "../simulate/network.ts";

export interface SoakTerms {
  readonly hours: number;
  readonly seed: number;
  /** Hours between two restarts; absent: none. */
  readonly restartEvery?: number;
  /** Hours between two looks. */
  readonly every?: number;
  readonly onLook?: (look: SoakLook) => void | Promise<void>;
}

export interface SoakLook {
  readonly hour: number;
  readonly orders: number;
  readonly fills: number;
  readonly filledLots: number;
  /** After a collection, where `--expose-gc` allows one. */
  readonly heapBytes: number;
  readonly journalBytes: number;
  readonly faults: readonly string[];
}

export interface SoakOutcome {
  readonly looks: readonly SoakLook[];
  readonly phase: string;
  readonly restarts: number;
  readonly events: number;
  readonly rows: number;
  readonly isIdentical: boolean;
  readonly faults: readonly string[];
}

const PARENT = "soak";
const PREFIX = `${PARENT}-`;
const LEVELS = 5;
const BLOCK_MESSAGES = 60;

/** A market without end, one message a second: a walk around a mid, trades on both sides. */
function endless(seed: number): SimulatedMarket {
  const { instrument } = makeMarket(7);
  const luck = new Chance(seed, "soak");
  const rows = new ColumnsBuilder(2048);
  function* blocks(): Generator<MarketBlock, void> {
    let bid = 2_000_000;
    const shown = [new Map<number, number>(), new Map<number, number>()] as const;
    for (let second = 0; ;) {
      rows.length = 0;
      for (let k = 0; k < BLOCK_MESSAGES; k++, second++) {
        const at = second * 1e9;
        if (second === 0) rows.push(at, at, Kind.CLEAR, 0, 0);
        const trade = luck.happens(0.5);
        rows.push(
          at,
          at,
          trade ? Kind.TRADE_BUY : Kind.TRADE_SELL,
          trade ? bid + 1 : bid,
          luck.whole(5, 60),
        );
        bid += luck.pick([-1, 0, 0, 1]);
        for (const side of [0, 1] as const) {
          const levels = shown[side];
          const away = side === 0 ? -1 : 1;
          const best = side === 0 ? bid : bid + 1;
          for (const price of Array.from(levels.keys())) {
            const distance = (price - best) * away;
            if (distance >= 0 && distance < LEVELS) continue;
            levels.delete(price);
            rows.push(at, at, side === 0 ? Kind.BID : Kind.ASK, price, 0);
          }
          for (let level = 0; level < LEVELS; level++) {
            const price = best + away * level;
            if (levels.has(price) && !luck.happens(0.1)) continue;
            const quantity = luck.whole(20, 200);
            levels.set(price, quantity);
            rows.push(at, at, side === 0 ? Kind.BID : Kind.ASK, price, quantity);
          }
        }
        rows.endMessage();
      }
      yield rows.view();
    }
  }
  return { instrument, blocks: blocks(), unit: 30, touches: [], trades: [] };
}

export async function soak(terms: SoakTerms): Promise<SoakOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "arrival-soak-"));
  try {
    return await new Soak(terms, folder).run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nothing = (): void => undefined;

class Soak {
  readonly #terms: SoakTerms;
  readonly #journal: string;
  readonly #folder: string;
  readonly #time = new VirtualTime();
  readonly #market: SimulatedMarket;
  readonly #exchange: SimulatedExchange;
  readonly #network: Network;
  readonly #looks: SoakLook[] = [];
  #life!: Life;
  #run!: LiveRun;
  #restarts = 0;
  #events = 0;

  constructor(terms: SoakTerms, folder: string) {
    this.#terms = terms;
    this.#folder = folder;
    this.#journal = join(folder, "soak.journal");
    this.#market = endless(terms.seed);
    const faults = new Faults(terms.seed, { faults: {}, faultSeconds: 0 });
    this.#exchange = new SimulatedExchange(this.#time, faults, this.#market, terms.seed);
    this.#network = new Network(this.#time, faults, this.#exchange, terms.seed);
  }

  async run(): Promise<SoakOutcome> {
    const { hours, every = 1, restartEvery } = this.#terms;
    await this.#begin();
    let hour = 0;
    let ended = this.#watchEnd();
    const began = this.#time.now;
    for (let look = every; !ended.is && hour < hours + 1; look += every) {
      await this.#until(began + look * 3600e9, () => ended.is);
      // What was decided at this very instant is on the disk a moment later.
      await this.#until(this.#time.now + 20e6, () => false);
      hour = look;
      await this.#look(hour);
      const isDue = restartEvery !== undefined && Math.abs(hour % restartEvery) < 1e-9;
      if (!isDue || ended.is) continue;
      await this.#restart();
      ended = this.#watchEnd();
    }
    const { phase, rows } = await this.#awaited(this.#run.finish());
    await this.#look(hour);
    const again = await replay(this.#journal);
    const isIdentical = again.ok && again.value.identical;
    const faults = this.#looks.flatMap((look) => look.faults);
    return {
      looks: this.#looks,
      phase,
      restarts: this.#restarts,
      events: this.#events,
      rows,
      isIdentical,
      faults: isIdentical
        ? faults
        : [...faults, again.ok ? "it replays otherwise" : again.error.text],
    };
  }

  #watchEnd(): { readonly is: boolean } {
    const ended = { is: false };
    void this.#run.ended.then(() => (ended.is = true));
    return ended;
  }

  async #begin(): Promise<void> {
    const { hours, seed } = this.#terms;
    const opening = openLiveRun({
      ...this.#common(),
      venue: this.#venue(),
      parentId: PARENT,
      request: {
        side: "buy",
        quantity: (hours * 8).toFixed(0),
        isNotional: false,
        over: micros(Math.round(hours * 3600e6)),
        constraints: { mayCrossSpread: true, residual: "leave" },
        acceptInfeasible: true,
        config: {
          ...DEFAULT_CONFIG,
          strategy: { name: "twap", parameters: { intervalSeconds: 20 } },
          limits: { ...DEFAULT_CONFIG.limits, participation: 0.3, positionNotional: 1e9 },
          execution: { ...DEFAULT_CONFIG.execution, maxParticipation: 0.3, minOrder: "0.00000001" },
        },
        seed,
      },
    });
    const opened = await this.#awaited(opening);
    if (!opened.ok) throw new Error(opened.error.text);
    this.#run = opened.value;
    const ready = await this.#awaited(this.#run.ready());
    if (!ready.ok) throw new Error(ready.error.text);
    const begun = this.#run.begin();
    if (!begun.ok) throw new Error(begun.error.text);
  }

  /** The run is left, orders resting, and gone on with by a new life. */
  async #restart(): Promise<void> {
    this.#run.interrupt("leave", "the soak");
    await this.#awaited(this.#run.finish());
    this.#life.kill();
    this.#restarts += 1;
    await this.#until(this.#time.now + 3e9, () => false);
    const resuming = resumeLiveRun({ ...this.#common(), venue: () => ok(this.#venue()) });
    const opened = await this.#awaited(resuming);
    if (!opened.ok) throw new Error(opened.error.text);
    this.#run = opened.value;
    this.#run.goOn();
    await this.#awaited(this.#run.recovered);
  }

  #common() {
    this.#life = new Life(this.#time);
    return {
      journal: this.#journal,
      store: fileStore(this.#journal),
      timers: this.#life,
      onStep: () => {
        this.#events += 1;
      },
    };
  }

  #venue() {
    const transport = this.#network.transport(this.#life, { sending: nothing, sent: nothing });
    const luck = new Chance(this.#terms.seed, `venue/${this.#restarts}`);
    return bybitVenue({
      hosts: {
        network: "local",
        rest: `http://${HOST}`,
        publicHost: `ws://${HOST}`,
        privateStream: `ws://${HOST}/v5/private`,
        tradeStream: `ws://${HOST}/v5/trade`,
      },
      credentials: new Credentials(ACCESS.apiKey, ACCESS.secret),
      category: "linear",
      symbol: this.#market.instrument.symbol,
      prefix: PREFIX,
      depth: 50,
      transport,
      clock: new AnchoredClock({
        monotonicNanos: () => BigInt(Math.round(this.#time.now)),
        wallNanos: () =>
          BigInt(this.#exchange.startAt) * 1000n + BigInt(Math.round(this.#time.now)),
      }),
      random: () => luck.next(),
    });
  }

  async #until(at: number, isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#time.step(at)) await turn();
  }

  async #awaited<Value>(promise: Promise<Value>): Promise<Value> {
    const state = { isDone: false };
    void promise.finally(() => (state.isDone = true));
    while (!state.isDone) {
      this.#time.step();
      await turn();
    }
    return promise;
  }

  async #look(hour: number): Promise<void> {
    const { engine } = this.#run;
    const parent = engine.parents.get(PARENT)!;
    globalThis.gc?.();
    const look: SoakLook = {
      hour,
      orders: parent.childCount,
      fills: parent.fills.length,
      filledLots: parent.filled,
      heapBytes: process.memoryUsage().heapUsed,
      journalBytes: statSync(this.#journal).size,
      faults: [...this.#drift(engine), ...this.#journalDrift(engine)],
    };
    this.#looks.push(look);
    await this.#terms.onLook?.(look);
  }

  /** Engine and exchange, order by order and execution by execution. */
  #drift(engine: Engine): string[] {
    const { truth } = this.#exchange;
    const parent = engine.parents.get(PARENT)!;
    const faults: string[] = [];
    let filled = 0;
    for (const [id, order] of truth.orders) {
      if (!id.startsWith(PREFIX)) continue;
      filled += order.cumulative;
      // What has filled within the last second may be on its way.
      const told = (truth.executions.get(id) ?? [])
        .filter(({ at }) => at <= this.#exchange.now - 1_000_000)
        .reduce((sum, { quantity }) => sum + quantity, 0);
      const has = parent.children.get(id as never)?.cumulative ?? 0;
      if (has >= told && has <= order.cumulative) continue;
      faults.push(`${id}: ${has} lots by the engine, ${told} to ${order.cumulative} there`);
    }
    if (parent.filled > filled) faults.push(`${parent.filled} lots filled, ${filled} there`);
    for (const [id, count] of truth.arrivals)
      if (count > 1) faults.push(`${id} came ${count} times`);
    return faults;
  }

  /** Journal and engine: a copy is folded, and must come to the same state. */
  #journalDrift(engine: Engine): string[] {
    const copies = mkdtempSync(join(tmpdir(), "arrival-soak-"));
    try {
      for (const name of readdirSync(this.#folder)) {
        copyFileSync(join(this.#folder, name), join(copies, name));
      }
      const resumed = fileStore(join(copies, "soak.journal")).resume();
      if (!resumed.ok) return [resumed.error.text];
      const past = pastOrigin(resumed.value, []);
      resumed.value.journal.close();
      if (!past.ok) return [past.error.text];
      const isSame = stateText(past.value.engine) === stateText(engine);
      return isSame ? [] : ["what the journal folds to is not what the engine has"];
    } finally {
      rmSync(copies, { recursive: true, force: true });
    }
  }
}
