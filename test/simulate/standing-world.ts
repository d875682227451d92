/**
 * Standing world: a run on which several orders come and go, under the simulator's faults: its
 * process dies around any step of journal, disk and wire, and is started again.
 *
 * What must stay true: the exchange is right: of every order that was taken on the engine knows what
 * the exchange executed, each execution once; and nothing rests in the end.
 */
import { isTerminal } from "../../src/core/domain/parent-order.ts";
import { sign } from "../../src/core/domain/side.ts";
import { micros } from "../../src/core/domain/units.ts";
import type { Engine } from "../../src/core/engine.ts";
import { VirtualTime } from "../../src/data/network/virtual-time.ts";
import { JournalError } from "../../src/runtime/journal/journal.ts";
import type { LiveRun } from "../../src/runtime/live/live-run.ts";
import type { LiveFault, LiveRequest } from "../../src/runtime/live/live-terms.ts";
import { openStandingRun, resumeLiveRun } from "../../src/runtime/live/open-run.ts";
import { pastOrigin } from "../../src/runtime/live/run-origin.ts";
import { Replayer, resumesOf } from "../../src/runtime/replay.ts";
import { Chance } from "./chance.ts";
import { BOUNDARIES, type Boundary, Disk } from "./disk.ts";
import { FOREIGN, SimulatedExchange } from "./exchange.ts";
import { Faults } from "./faults.ts";
import { Life } from "./life.ts";
import { makeMarket } from "./market.ts";
import { Network } from "./network.ts";
import { configOf, lotsOf, planOf, quantityText, type RunPlan } from "./plan.ts";
import { PARENT, PREFIX, type ProgramParts, resumeOptions, venueOf } from "./program.ts";

export interface StandingOutcome {
  /** What did not hold. */
  readonly broken: readonly string[];
  readonly taken: number;
  readonly fills: number;
  readonly crashes: number;
  readonly refused: number;
}

const ORDERS = 4;
const LONGEST_SECONDS = 900;
const MOST_TURNS = 400_000;

type Dress = ProgramParts["dress"];

/** @param dress what is done to the venue: for a planted bug. */
export const runStanding = (
  seed: number,
  dress: Dress = (venue) => venue,
): Promise<StandingOutcome> => new StandingWorld(planOf(seed), dress).run();

class StandingWorld {
  readonly #plan: RunPlan;
  readonly #dress: Dress;
  readonly #time = new VirtualTime();
  readonly #faults: Faults;
  readonly #market: ReturnType<typeof makeMarket>;
  readonly #exchange: SimulatedExchange;
  readonly #network: Network;
  readonly #disk: Disk;
  readonly #luck: Chance;
  readonly #broken: string[] = [];
  /** Orders that were told to be taken on. */
  readonly #taken = new Set<string>();
  #refused = 0;
  #asked = 0;
  #life = new Life(this.#time);
  #run: LiveRun | undefined;
  #armed: { readonly boundary: Boundary; left: number } | undefined;
  #crashes = 0;
  /** Why it could not be opened last. */
  #fault = "";
  #processes = 0;
  #hasBegun = false;
  #isCalm = false;
  #isOver = false;

  constructor(plan: RunPlan, dress: Dress) {
    const { seed, knobs } = plan;
    this.#plan = plan;
    this.#dress = dress;
    this.#luck = new Chance(seed, "standing");
    this.#faults = new Faults(seed, knobs);
    this.#market = makeMarket(seed);
    this.#exchange = new SimulatedExchange(this.#time, this.#faults, this.#market, seed);
    this.#network = new Network(this.#time, this.#faults, this.#exchange, seed);
    this.#disk = new Disk({
      boundary: (boundary) => this.#boundary(boundary),
      isFull: () => false,
      committed: () => undefined,
    });
  }

  async run(): Promise<StandingOutcome> {
    this.#start();
    for (let turn = 0; !this.#isOver && this.#broken.length === 0; turn++) {
      const isLate = turn > MOST_TURNS || !this.#time.step(LONGEST_SECONDS * 1e9);
      if (isLate) this.#demand(false, `no end: ${this.#openText()}`);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    this.#life.kill();
    const { fills } = this.#exchange.truth;
    const crashes = this.#crashes;
    return {
      broken: this.#broken,
      taken: this.#taken.size,
      fills,
      crashes,
      refused: this.#refused,
    };
  }

  #demand(holds: boolean, text: string): void {
    if (!holds) this.#broken.push(text);
  }

  #openText(): string {
    const parents = [...(this.#run?.engine.parents.values() ?? [])];
    if (parents.length === 0) return this.#fault;
    return parents.map(({ order, phase, reason }) => `${order.id} ${phase} (${reason})`).join("; ");
  }

  #start(): void {
    this.#processes += 1;
    const life = new Life(this.#time);
    this.#life = life;
    this.#run = undefined;
    void this.#process(life).catch((error: unknown) => {
      if (!life.isAlive) return;
      if (error instanceof JournalError) this.#die();
      else this.#demand(false, `thrown: ${error instanceof Error ? error.stack : String(error)}`);
    });
  }

  async #process(life: Life): Promise<void> {
    const parts = this.#parts(life);
    const opened =
      this.#disk.header === undefined
        ? await openStandingRun({
            ...resumeOptions(parts),
            venue: venueOf(parts),
            runId: PARENT,
            place: "simulated",
            config: parts.config,
            seed: this.#plan.seed,
          })
        : await resumeLiveRun({ ...resumeOptions(parts), isStanding: true });
    if (!opened.ok) return this.#again(opened.error);
    const run = opened.value;
    if (this.#disk.header === undefined) {
      const ready = await run.ready();
      const stands = ready.ok ? run.stand() : ready;
      if (!stands.ok) return this.#die();
    } else run.goOn();
    this.#run = run;
    this.#unleash();
    const { end } = await run.finish();
    if (!life.isAlive) return;
    if (end.kind === "halted") return this.#die();
    this.#time.after(20e9, () => this.#check(run.engine));
  }

  /** It could not be opened: somebody tries again, unless the exchange has another grid now. */
  #again({ code, text }: LiveFault): void {
    this.#fault = `${code}: ${text}`;
    if (code !== "RUN_RULES_CHANGED") return this.#die();
    this.#demand(this.#exchange.truth.resting(PREFIX).length === 0, "orders still rest");
    this.#isOver = true;
  }

  #parts(life: Life): ProgramParts {
    const transport = this.#network.transport(life, {
      sending: (path) => void (path.startsWith("/v5/order/") && this.#send("before-send")),
      sent: (path) => void (path.startsWith("/v5/order/") && this.#send("after-send")),
      asks: () => undefined,
    });
    const wall = BigInt(this.#exchange.startAt) * 1000n;
    return {
      plan: this.#plan,
      market: this.#market,
      transport,
      store: this.#disk.mount(),
      monotonicNanos: () => BigInt(Math.round(this.#time.now)),
      wallNanos: () => wall + BigInt(Math.round(this.#time.now)),
      config: configOf(this.#plan),
      number: this.#processes,
      dress: this.#dress,
    };
  }

  #unleash(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#faults.begin();
    this.#exchange.begin();
    this.#network.begin();
    for (let number = 0; number < ORDERS; number++) {
      this.#time.after(this.#luck.between(0.1, 40) * 1e9, () => this.#submit());
    }
    for (let number = 0; number < 4; number++) {
      this.#time.after(this.#luck.between(1, 60) * 1e9, () => this.#arm());
    }
    this.#time.after(61e9, () => {
      this.#faults.end();
      this.#isCalm = true;
      this.#armed = undefined;
      this.#look();
    });
  }

  /** As a desk does it: taken on is what is durable. */
  #submit(): void {
    const run = this.#run;
    const life = this.#life;
    if (run === undefined || !life.isAlive || run.engine.instruments[0]!.isRecovering) {
      return void this.#time.after(1e9, () => this.#submit());
    }
    this.#asked += 1;
    const id = `${PREFIX}${this.#asked}`;
    const order = run.order(this.#request(), id);
    if (!order.ok) return this.#demand(false, order.error.text);
    const outputs = run.operate((time) => ({
      kind: "parent-submitted",
      time,
      parent: order.value,
      by: "ann",
    }));
    if (outputs?.some(({ kind }) => kind === "parent-refused") === true) this.#refused += 1;
    else if (outputs !== undefined) {
      life.after(1, () => life.after(1, () => void this.#taken.add(id)));
    }
  }

  #request(): LiveRequest {
    const { order, seed } = this.#plan;
    return {
      side: order.side,
      quantity: quantityText(this.#market.instrument, lotsOf(order, this.#market)),
      isNotional: false,
      over: micros(this.#luck.whole(15, 60) * 1e6),
      constraints: { mayCrossSpread: order.mayCross, residual: order.residual },
      acceptInfeasible: true,
      config: configOf(this.#plan),
      seed,
    };
  }

  #arm(): void {
    if (this.#isCalm) return;
    this.#armed = { boundary: this.#luck.pick(BOUNDARIES), left: this.#luck.whole(0, 6) };
  }

  #boundary(boundary: Boundary): void {
    if (!this.#strikes(boundary)) return;
    this.#crash();
    throw new Error(`killed ${boundary}`);
  }

  /** Without a throw: whoever sends must not have to expect one. */
  #send(boundary: Boundary): void {
    if (this.#life.isAlive && this.#strikes(boundary)) this.#crash();
  }

  #strikes(boundary: Boundary): boolean {
    const armed = this.#armed;
    if (armed?.boundary !== boundary) return false;
    armed.left -= 1;
    return armed.left < 0;
  }

  #crash(): void {
    this.#armed = undefined;
    this.#crashes += 1;
    this.#life.kill();
    this.#time.after(this.#luck.between(0.05, 8) * 1e9, () => this.#start());
  }

  #die(): void {
    const life = this.#life;
    this.#time.after(0, () => {
      if (!life.isAlive) return;
      life.kill();
      this.#time.after(this.#luck.between(0.5, 5) * 1e9, () => this.#start());
    });
  }

  /** All orders have come to their ends: then the run is told to. */
  #look(): void {
    const run = this.#run;
    const isDone =
      this.#life.isAlive &&
      this.#asked >= ORDERS &&
      run !== undefined &&
      run.engine.instruments[0]!.live.length === 0 &&
      !run.engine.instruments[0]!.isRecovering;
    if (isDone) run.standDown();
    else this.#time.after(1e9, () => this.#look());
  }

  #check(engine: Engine): void {
    const { truth, core, instrument } = this.#exchange;
    for (const id of this.#taken) this.#demand(engine.parents.has(id), `${id} is lost`);
    let signed = truth.signedLots(FOREIGN);
    const told = new Map<string, number>();
    for (const { order, phase, filled, fills } of engine.parents.values()) {
      this.#demand(isTerminal(phase), `${order.id} is ${phase} in the end`);
      signed += sign(order.side) * filled;
      for (const { fill } of fills) {
        this.#demand(!told.has(fill.executionId), `${fill.executionId} was counted twice`);
        told.set(fill.executionId, fill.quantity);
      }
    }
    for (const [id, list] of truth.executions) {
      if (!id.startsWith(PREFIX)) continue;
      for (const { executionId, quantity } of list) {
        this.#demand(told.get(executionId) === quantity, `${executionId} of ${id} is not known`);
        told.delete(executionId);
      }
    }
    this.#demand(told.size === 0, `${told.size} executions never were`);
    for (const [id, count] of truth.arrivals) this.#demand(count === 1, `${id} arrived ${count}x`);
    this.#demand(truth.resting(PREFIX).length === 0, "orders still rest");
    const [position] = core.positions(0, { category: "linear", symbol: instrument.symbol });
    const size = position?.side === undefined ? 0 : sign(position.side) * position.size;
    this.#demand(size === signed, `the account holds ${size}, by the fills ${signed}`);
    this.#checkReplay();
    this.#isOver = true;
  }

  #checkReplay(): void {
    const resumed = this.#disk.mount().resume();
    if (!resumed.ok) return this.#demand(false, "no journal to replay");
    const past = pastOrigin(resumed.value, []);
    if (!past.ok) return this.#demand(false, past.error.text);
    const { records, sessions } = this.#disk;
    const market = { isCut: true, blocks: [], sessions };
    const replayer = new Replayer(past.value.probe(), market, false, resumesOf(records));
    const { difference } = replayer.compare(records, records.length);
    this.#demand(difference === undefined, `differs at record ${difference?.sequence}`);
  }
}
