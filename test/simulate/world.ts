/**
 * World: one simulated run: engine, live run, adapter, network, exchange and disk in virtual time.
 *
 * Faults first, then none, and all must come to an end within bounded time, with nothing lost and
 * nothing doubled. What must stay true: the same plan gives the same run to the letter; real time,
 * real chance and the network of this machine have no part in it.
 */
import type { EngineEvent } from "../../src/core/domain/messages.ts";
import type { ParentAmendment } from "../../src/core/domain/parent-order.ts";
import { lots, micros } from "../../src/core/domain/units.ts";
import { VirtualTime } from "../../src/data/network/virtual-time.ts";
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import { JournalError, type JournalRecord } from "../../src/runtime/journal/journal.ts";
import type { LiveRun } from "../../src/runtime/live/live-run.ts";
import { Replayer, resumesOf } from "../../src/runtime/replay.ts";
import { openLiveRun, resumeLiveRun } from "../../src/runtime/live/open-run.ts";
import { pastOrigin } from "../../src/runtime/live/run-origin.ts";
import type { LiveFault } from "../../src/runtime/live/live-terms.ts";
import { Chance } from "./chance.ts";
import { BOUNDARIES, type Boundary, Disk } from "./disk.ts";
import { SimulatedExchange } from "./exchange.ts";
import { Faults } from "./faults.ts";
import { checkEnd } from "./finals.ts";
import type { FaultName } from "./knobs.ts";
import { Life } from "./life.ts";
import { makeMarket } from "./market.ts";
import { Network } from "./network.ts";
import { configOf, type Deed, lotsOf, type RunPlan } from "./plan.ts";
import { NO_BUG, type PlantedBug } from "./planted-bug.ts";
import { newRunOptions, PARENT, PREFIX, type ProgramParts, resumeOptions } from "./program.ts";
import { Watch } from "./watch.ts";

export interface RunOutcome {
  /** What did not hold; undefined: all held. */
  readonly broken: string | undefined;
  /** Of the order, or why it could not be gone on with. */
  readonly end: string;
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly orders: number;
  readonly fills: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly virtualSeconds: number;
  /** Why processes ended that were not killed. */
  readonly exits: ReadonlyMap<string, number>;
  readonly records: readonly JournalRecord[];
}

/** All must have come to its end so long after the faults and the deadline. */
const CALM_SECONDS = 240;
const REPLAYED = 5;
/** Far more than the longest run takes. */
const MOST_TURNS = 60_000;
/** Records of one turn of the loop: more, and it would never come to an end. */
const MOST_IN_TURN = 2_000;
/** A run that has not even begun by then. */
const OPENING_SECONDS = 60;

export const runWorld = (plan: RunPlan, bug: PlantedBug = NO_BUG): Promise<RunOutcome> =>
  new World(plan, bug).run();

class World {
  readonly #plan: RunPlan;
  readonly #bug: PlantedBug;
  readonly #config: ArrivalConfig;
  readonly #time = new VirtualTime();
  readonly #faults: Faults;
  readonly #market: ReturnType<typeof makeMarket>;
  readonly #exchange: SimulatedExchange;
  readonly #network: Network;
  readonly #watch: Watch;
  readonly #disk: Disk;
  readonly #luck: Chance;
  #life: Life | undefined;
  #run: LiveRun | undefined;
  #wallOffset = 0;
  #armed: { readonly boundary: Boundary; left: number } | undefined;
  #fullUntil = 0;
  #processes = 0;
  #crashes = 0;
  #hasBegun = false;
  #end: string | undefined;
  /** Why processes ended that were not killed. */
  readonly #exits = new Map<string, number>();
  #until = OPENING_SECONDS * 1e9;
  #turns = 0;
  #inTurn = 0;
  #isKillLaid = false;

  constructor(plan: RunPlan, bug: PlantedBug) {
    const { seed, knobs, order } = plan;
    this.#plan = plan;
    this.#bug = bug;
    this.#luck = new Chance(seed, "world");
    this.#faults = new Faults(seed, knobs);
    this.#market = makeMarket(seed);
    this.#exchange = new SimulatedExchange(this.#time, this.#faults, this.#market, seed);
    this.#network = new Network(this.#time, this.#faults, this.#exchange, seed);
    const asked = lotsOf(order, this.#market);
    this.#config = configOf(plan);
    this.#watch = new Watch(this.#time, this.#exchange.truth, this.#market, this.#config, asked);
    this.#disk = new Disk({
      boundary: (boundary) => this.#boundary(boundary),
      isFull: () => this.#time.now < this.#fullUntil && this.#faults.isActive,
      committed: (record) => this.#watch.committed(record),
    });
  }

  async run(): Promise<RunOutcome> {
    this.#start();
    while (this.#end === undefined && this.#watch.broken === undefined) {
      this.#turns += 1;
      this.#inTurn = 0;
      this.#watch.demand(this.#turns < MOST_TURNS, "busy for ever");
      if (!this.#time.step(this.#until)) {
        this.#watch.demand(false, this.#lateText());
        break;
      }
      await settled();
    }
    this.#life?.kill();
    for (let k = 0; k < this.#exchange.truth.fundings; k++) this.#faults.count("funding");
    return {
      broken: this.#watch.broken,
      end: this.#end ?? "broken",
      faults: this.#faults.counts,
      orders: this.#watch.orders,
      fills: this.#exchange.truth.fills,
      crashes: this.#crashes,
      restarts: this.#processes - 1,
      virtualSeconds: this.#time.now / 1e9,
      exits: this.#exits,
      records: this.#disk.records,
    };
  }

  #lateText(): string {
    const parent = this.#run?.parent;
    const children = (parent?.live ?? []).map(
      (child) => `${child.terms.clientOrderId} ${child.phase}`,
    );
    const is =
      parent === undefined ? "it has not begun" : `it is ${parent.phase}: ${parent.reason}`;
    return `no end after ${this.#time.now / 1e9} s: ${is}; open: ${children.join(", ") || "none"}`;
  }

  /** A process begins: the first, or another after a crash. */
  #start(): void {
    this.#processes += 1;
    const life = new Life(this.#time);
    this.#life = life;
    this.#run = undefined;
    const monotonicNanos = (): bigint => BigInt(Math.round(this.#time.now));
    const transport = this.#network.transport(life, {
      sending: (path, text) => this.#sending(path, text),
      sent: (path) => this.#sent(path),
      asks: (kind) => this.#watch.asks(kind),
    });
    const wallNanos = (): bigint =>
      BigInt(this.#exchange.startAt) * 1000n +
      BigInt(Math.round(this.#time.now + this.#wallOffset));
    const parts: ProgramParts = {
      plan: this.#plan,
      market: this.#market,
      transport: this.#bug.transport?.(transport, this.#market) ?? transport,
      store: this.#bug.store?.(this.#disk.mount()) ?? this.#disk.mount(),
      monotonicNanos: this.#bug.isByWall === true ? wallNanos : monotonicNanos,
      wallNanos,
      config: this.#bug.config?.(this.#config) ?? this.#config,
      number: this.#processes,
      dress: (venue) => this.#bug.venue?.(venue) ?? venue,
    };
    const work = this.#disk.header === undefined ? this.#begin(parts) : this.#resume(parts);
    void work.catch((error: unknown) => {
      if (!life.isAlive) return;
      // A full disk ends the process, wherever it is met.
      if (error instanceof JournalError) this.#restart(error.message);
      else this.#watch.demand(false, `thrown: ${textOf(error)}`);
    });
  }

  async #begin(parts: ProgramParts): Promise<void> {
    const life = this.#life!;
    const opened = await openLiveRun({ ...newRunOptions(parts), ...this.#listening() });
    if (!opened.ok) return this.#again(opened.error);
    const run = opened.value;
    this.#run = run;
    const ready = await run.ready();
    if (!ready.ok) {
      await run.discard();
      return this.#again(ready.error);
    }
    this.#unleash();
    const begun = run.begin();
    if (!begun.ok) return this.#again(begun.error);
    return this.#attend(run, life);
  }

  async #resume(parts: ProgramParts): Promise<void> {
    const life = this.#life!;
    const { hasNewRules } = this.#exchange;
    const opened = await resumeLiveRun({ ...resumeOptions(parts), ...this.#listening() });
    if (!opened.ok) return this.#again(opened.error);
    this.#watch.demand(!hasNewRules, "went on by a grid that the exchange no longer has");
    const run = opened.value;
    this.#run = run;
    run.goOn();
    if (this.#isKillLaid) {
      this.#isKillLaid = false;
      void run.kill("kill file", "laid while nobody was there");
    }
    return this.#attend(run, life);
  }

  #listening() {
    return {
      onStep: (event: EngineEvent, outputs: Parameters<Watch["stepped"]>[1]) =>
        this.#watch.stepped(event, outputs, this.#run?.engine),
    };
  }

  async #attend(run: LiveRun, life: Life): Promise<void> {
    const { end, phase } = await run.finish();
    if (!life.isAlive) return;
    if (end.kind === "halted") return this.#restart("halted");
    if (end.kind === "over" && end.unwithdrawn !== undefined) return this.#restart("unwithdrawn");
    // What was on its way to the exchange when the run ended gets there.
    this.#time.after(20e9, () => {
      checkEnd(this.#watch, run.engine, this.#exchange, this.#faults);
      this.#checkReplay();
      this.#end = phase;
    });
  }

  /** It could not be opened: somebody tries again. */
  #again({ code, text }: LiveFault): void {
    if (code === "RUN_ENDED") return this.#ended();
    if (code === "RUN_RULES_CHANGED") {
      const resting = this.#exchange.truth.resting(PREFIX);
      this.#watch.demand(resting.length === 0, `${text}; ${resting.join(", ")} still rest`);
      this.#end = code;
      return;
    }
    this.#restart(`${code}: ${text}`);
  }

  /** It had ended before its process did: what the journal tells is looked at. */
  #ended(): void {
    const resumed = this.#disk.mount().resume();
    const past = resumed.ok ? pastOrigin(resumed.value, []) : undefined;
    this.#watch.demand(past?.ok === true, "the journal cannot be folded");
    if (past?.ok === true) checkEnd(this.#watch, past.value.engine, this.#exchange, this.#faults);
    this.#end = "ended before";
  }

  /** A new engine decides the same from the same journal: of one run in so many. */
  #checkReplay(): void {
    if (this.#plan.seed % REPLAYED !== 0) return;
    const resumed = this.#disk.mount().resume();
    const past = resumed.ok ? pastOrigin(resumed.value, []) : undefined;
    if (!resumed.ok || past?.ok !== true) return this.#watch.demand(false, "no journal to replay");
    const { records } = this.#disk;
    const market = { isCut: true, blocks: [], sessions: this.#disk.sessions };
    const replayer = new Replayer(past.value.probe(), market, false, resumesOf(records));
    const { difference } = replayer.compare(records, records.length);
    const { sequence, journaled, recomputed } = difference ?? {};
    const text = `record ${sequence}: ${journaled} in the journal, ${recomputed} when replayed`;
    this.#watch.demand(difference === undefined, text);
  }

  /** The process ends by itself, and is started again. */
  #restart(why: string): void {
    this.#exits.set(why, 1 + (this.#exits.get(why) ?? 0));
    const life = this.#life!;
    this.#time.after(0, () => {
      life.kill();
      this.#watch.died();
      this.#time.after(this.#luck.between(0.5, 5) * 1e9, () => this.#start());
    });
  }

  /** Faults and operators begin with the order, and end before it must have come to its end. */
  #unleash(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { knobs, order, operators } = this.#plan;
    this.#faults.begin();
    this.#exchange.begin();
    this.#network.begin();
    this.#haunt("crash", () => this.#arm());
    this.#haunt("disk-full", () => {
      this.#fullUntil = this.#time.now + this.#faults.luck("disk-full").between(0.1, 10) * 1e9;
    });
    this.#haunt("wall-jump", () => {
      const luck = this.#faults.luck("wall-jump");
      this.#wallOffset += (luck.happens(0.5) ? 1 : -1) * luck.between(0.3, 90) * 1e9;
    });
    this.#haunt("stall", () => {
      const luck = this.#faults.luck("stall");
      this.#life?.stop(luck.pick([0.2, 2, 15]) * luck.between(0.5, 2) * 1e9);
    });
    for (const { at, deed } of operators) this.#time.after(at * 1e9, () => this.#perform(deed));
    this.#time.after(knobs.faultSeconds * 1e9, () => this.#faults.end());
    const last = operators.reduce((sum, { deed }) => sum + secondsOf(deed), order.seconds);
    this.#until = this.#time.now + (Math.max(knobs.faultSeconds, last) + CALM_SECONDS) * 1e9;
  }

  #haunt(name: FaultName, strike: () => void): void {
    const wait = this.#faults.pause(name);
    if (wait === undefined) return;
    this.#time.after(wait, () => {
      if (!this.#faults.isActive) return;
      this.#faults.count(name);
      strike();
      this.#haunt(name, strike);
    });
  }

  /** It will end at one of the next steps of its journal; where it takes none, soon anyhow. */
  #arm(): void {
    const luck = this.#faults.luck("crash");
    this.#armed = { boundary: luck.pick(BOUNDARIES), left: luck.whole(0, 6) };
    const life = this.#life;
    this.#time.after(3e9, () => {
      if (this.#armed !== undefined && life === this.#life) this.#crash();
    });
  }

  #boundary(boundary: Boundary): void {
    if (boundary === "before-append") this.#inTurn += 1;
    if (this.#inTurn > MOST_IN_TURN) {
      this.#watch.demand(false, `${this.#inTurn} records in one turn of the loop`);
      this.#life?.kill();
      throw new Error("busy for ever");
    }
    const armed = this.#armed;
    if (armed?.boundary !== boundary) return;
    armed.left -= 1;
    if (armed.left >= 0) return;
    this.#crash();
    throw new Error(`killed ${boundary}`);
  }

  #crash(): void {
    this.#armed = undefined;
    const life = this.#life;
    if (life?.isAlive !== true) return;
    this.#crashes += 1;
    life.kill();
    this.#watch.died();
    const luck = this.#faults.luck("rows-lost");
    const isLost = this.#faults.strikes("rows-lost");
    if (isLost) this.#disk.loseRows(luck.whole(1, 40));
    if (this.#faults.strikes("killed-away")) this.#isKillLaid = true;
    const away = this.#luck.pick([0.05, 1, 10]) * this.#luck.between(0.5, 2);
    const isLong = this.#faults.strikes("long-away");
    const longer = isLong ? this.#faults.luck("long-away").between(60, 300) : 0;
    this.#until += longer * 1e9;
    this.#time.after((away + longer) * 1e9, () => this.#start());
  }

  #sending(path: string, text: string): void {
    if (!isOfOrder(path, text)) return;
    this.#send("before-send");
    if (this.#life?.isAlive !== true || !isNewOrder(path, text)) return;
    const id = /"orderLinkId":"([^"]*)"/.exec(text)?.[1];
    if (id !== undefined) this.#watch.left(id);
  }

  #sent(path: string): void {
    if (path === "/v5/trade" || path.startsWith("/v5/order/")) this.#send("after-send");
  }

  /** Without a throw: whoever sends must not have to expect one. */
  #send(boundary: "before-send" | "after-send"): void {
    const armed = this.#armed;
    if (armed?.boundary !== boundary) return;
    armed.left -= 1;
    if (armed.left < 0) this.#crash();
  }

  #perform(deed: Deed): void {
    const run = this.#run;
    if (run?.parent === undefined || this.#life?.isAlive !== true) return;
    this.#faults.count("operators");
    const by = "operator";
    const parentId = PARENT;
    switch (deed.kind) {
      case "pause":
        return void run.operate((time) => {
          return { kind: "parent-paused", time, parentId, by, reason: "simulated" };
        });
      case "resume":
        return void run.operate((time) => ({
          kind: "parent-resumed",
          time,
          parentId,
          by,
        }));
      case "kill":
        return void run.kill(by, "simulated");
      case "cancel":
        return void run.interrupt("cancel", by);
      case "amend-quantity": {
        const asked = Math.ceil((lotsOf(this.#plan.order, this.#market) * deed.share) / 100);
        const quantity = { kind: "lots", lots: lots(asked) } as const;
        return this.#amend(run, { quantity });
      }
      case "amend-deadline":
        return this.#amend(run, { deadline: micros(run.now + deed.seconds * 1e6) });
      case "switch":
        return void run.operate((time) => ({
          kind: "strategy-switched",
          time,
          parentId,
          strategy: deed.strategy,
          by,
        }));
      default:
        deed satisfies never;
    }
  }

  #amend(run: LiveRun, amendment: ParentAmendment): void {
    run.operate((time) => ({
      kind: "parent-amended",
      time,
      parentId: PARENT,
      amendment,
      by: "operator",
    }));
  }
}

const secondsOf = (deed: Deed): number => (deed.kind === "amend-deadline" ? deed.seconds : 0);

const isOfOrder = (path: string, text: string): boolean =>
  path === "/v5/trade" ? text.includes('"op":"order.') : path.startsWith("/v5/order/");

const isNewOrder = (path: string, text: string): boolean =>
  path === "/v5/order/create" || text.includes('"op":"order.create"');

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** All promises that can go on have gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
