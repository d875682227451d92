/**
 * Safety run: one order worked in the pit, advised or not, with the oracle of the conformance suite
 * and a watch on the envelope at every step.
 *
 * A generator: it hands out each question and goes on with the reply, so one loop serves advisors
 * that answer at once and those that have to be waited for. What must stay true: virtual time
 * depends on what was answered alone.
 */
import type { AdviceTerms } from "../../src/core/contracts/advice.ts";
import type { EngineEvent } from "../../src/core/domain/messages.ts";
import type { ParentOrder } from "../../src/core/domain/parent-order.ts";
import { lots, type Micros, micros } from "../../src/core/domain/units.ts";
import { Engine } from "../../src/core/engine.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type RiskLimits,
} from "../../src/core/execution/limits.ts";
import { isLive } from "../../src/core/execution/parent-state.ts";
import { cleanNews } from "../../src/feeds/raw-news.ts";
import { strategies } from "../../src/strategies/registry.ts";
import { tactics } from "../../src/strategies/tactics/registry.ts";
import { requireLaw } from "../../src/testing/law-broken.ts";
import { lineupOf } from "../../src/testing/lineup.ts";
import { Oracle } from "../../src/testing/oracle.ts";
import { refold } from "../../src/testing/refold.ts";
import { told } from "../../src/testing/session.ts";
import type { Step } from "../../src/testing/step.ts";
import { type ToldExecution, ToldVenue } from "../../src/testing/told-venue.ts";
import { watched } from "../../src/testing/watched.ts";
import type { AttackCase } from "../attacks/attack-cases.ts";
import { REGISTERED, TACTICS } from "../laws/registered.ts";
import type { Asked, Reply } from "./advisors.ts";
import { EnvelopeWatch } from "./envelope-watch.ts";
import {
  at,
  EPOCH_SECONDS,
  FEES,
  PIT_ID,
  PitVenue,
  WARM_SECONDS,
  type World,
  worldOf,
} from "./pit.ts";
import type { SafetyCase } from "./safety-case.ts";

export interface Arm {
  /** Absent: nobody is asked. */
  readonly advice?: AdviceTerms;
  /** Of the queue: the same luck for both of a pair. */
  readonly luck: number;
  /** Delivered as news, one after the other. */
  readonly attacks?: readonly AttackCase[];
  /** Folded again at the end, and compared. */
  readonly isRefolded?: boolean;
}

export interface Worked {
  readonly world: World;
  readonly steps: readonly Step[];
  readonly executions: readonly ToldExecution[];
  readonly phase: string;
  readonly filled: number;
  readonly isCanceledOnAdvice: boolean;
  readonly questions: number;
  readonly taken: number;
  /** What the envelope came to, shares of the order. */
  readonly moved: number;
  readonly crossed: number;
  readonly endedAtSecond: number;
}

const LINEUP = lineupOf(REGISTERED, TACTICS);
const MOST_STEPS = 20_000;
/** Behind the deadline: what is under way comes home. */
const GRACE_SECONDS = 20;

export const startOf = WARM_SECONDS;

const orderOf = (drawn: SafetyCase, advice: AdviceTerms | undefined): ParentOrder => ({
  id: "p1",
  instrument: PIT_ID,
  side: drawn.side,
  quantity: drawn.quantity,
  startAt: at(startOf),
  deadline: at(startOf + drawn.spanSeconds),
  strategy: drawn.strategy,
  urgency: drawn.urgency,
  maxSpreadToCross: 20,
  minOrder: lots(1),
  acceptInfeasible: true,
  constraints: drawn.constraints,
  ...(advice === undefined ? {} : { advice }),
});

const limitsOf = (drawn: SafetyCase): RiskLimits => ({
  ...DEFAULT_RISK_LIMITS,
  participation: drawn.participation,
  orderNotional: drawn.orderNotional,
  benchmarkDeviationBps: drawn.benchmarkDeviationBps,
  volatilityStopPerHour: 10,
  amendsPerMinute: drawn.fills === "ideal" ? 10_000 : DEFAULT_RISK_LIMITS.amendsPerMinute,
  ordersPerMinute: drawn.fills === "ideal" ? 10_000 : DEFAULT_RISK_LIMITS.ordersPerMinute,
});

function engineOf(drawn: SafetyCase, world: World, known = strategies): Engine {
  return new Engine({
    execution: {
      ...DEFAULT_EXECUTION_CONFIG,
      maxParticipation: 1,
      maxSpreadToCrossBps: 1_000,
      minOrder: "0",
    },
    limits: limitsOf(drawn),
    strategies: known,
    tactics,
    seed: drawn.seed,
    markets: [{ header: world.header, positionLots: 0, fees: FEES }],
  });
}

/** @throws LawBroken, with the last steps in its text. */
export function* work(drawn: SafetyCase, arm: Arm): Generator<Asked, Worked, Reply> {
  const world = worldOf(drawn.world, drawn.fills);
  const steps: Step[] = [];
  try {
    const loop = new Loop(drawn, arm, world, steps);
    yield* loop.run();
    return loop.ended();
  } catch (error) {
    throw told(error, steps);
  }
}

class Loop {
  readonly #drawn: SafetyCase;
  readonly #arm: Arm;
  readonly #world: World;
  readonly #steps: Step[];
  readonly #venue: PitVenue;
  readonly #record = new ToldVenue();
  readonly #oracle: Oracle;
  readonly #engine: Engine;
  readonly #envelope: EnvelopeWatch | undefined;
  /** Operators, news and answers, in order of time. */
  readonly #scheduled: EngineEvent[] = [];
  readonly #asked: Asked[] = [];
  #questions = 0;
  #taken = 0;
  #attack: AttackCase | undefined;
  readonly #attackOf = new Map<EngineEvent, AttackCase>();
  #row = 0;
  #now: Micros = at(0);

  constructor(drawn: SafetyCase, arm: Arm, world: World, steps: Step[]) {
    this.#drawn = drawn;
    this.#arm = arm;
    this.#world = world;
    this.#steps = steps;
    this.#venue = new PitVenue(world, drawn.fills, arm.luck);
    this.#oracle = new Oracle(limitsOf(drawn), world, this.#record, LINEUP);
    const own = drawn.strategy.name;
    const envelope = arm.advice === undefined ? undefined : new EnvelopeWatch(arm.advice);
    const known = watched(
      strategies,
      (anchor) => {
        // What is followed on advice is no plan of the order.
        if (anchor.name === own) this.#oracle.anchored(anchor);
      },
      (anchor, target) => {
        if (anchor.name === own) envelope?.asked(anchor.plan, target);
      },
    );
    this.#engine = engineOf(drawn, world, known);
    this.#envelope = envelope;
    const parent = orderOf(drawn, arm.advice);
    this.#scheduled.push({ kind: "parent-submitted", time: at(startOf - 1), parent });
    (arm.attacks ?? []).forEach((attack, k) => this.#plan(attack, k));
  }

  #plan(attack: AttackCase, k: number): void {
    const { place } = attack;
    // The first is there before anybody is asked.
    const time = micros(at(startOf - 1 + 12 * k) + 500_000);
    // A field of an order never reaches a prompt; it is taken for read all the same.
    const raw =
      place.kind === "item"
        ? place.raw
        : ({ source: "wire.example", kind: "news", headline: "Nothing of note" } as const);
    const item = cleanNews(raw, time);
    if (item === undefined) throw new Error(`${attack.id}: nothing is left of it`);
    const event: EngineEvent = { kind: "news-received", time, instrument: PIT_ID, item };
    this.#attackOf.set(event, attack);
    this.#scheduled.push(event);
  }

  *run(): Generator<Asked, void, Reply> {
    const end = startOf + this.#drawn.spanSeconds + GRACE_SECONDS;
    for (let second = 0; second <= end; second++) {
      this.#venue.match(second);
      while (this.#turn(at(second + 1))) {
        for (const asked of this.#asked.splice(0)) this.#answer(asked, yield asked);
      }
      if (this.#isOver()) return;
    }
  }

  #isOver(): boolean {
    const parent = this.#engine.parents.get("p1");
    return parent !== undefined && !isLive(parent) && this.#venue.nextAt === Infinity;
  }

  /** The next event before `until`; false where there is none. */
  #turn(until: Micros): boolean {
    const engine = this.#engine;
    const next = Math.max(
      this.#now,
      Math.min(engine.wakeAt, this.#venue.nextAt, this.#scheduled[0]?.time ?? Infinity),
    );
    const isDue = next < until;
    const to = isDue ? next : until - 1;
    const { block } = this.#world;
    const nanos = (to - at(0)) * 1000;
    const { observer } = engine.instruments[0]!;
    this.#row = engine.observe(0, block, this.#row, block.length, nanos);
    if (observer.wokeUp) {
      this.#now = micros(Math.max(this.#now, observer.lastAt));
      this.#step({ kind: "touch-moved", time: this.#now, instrument: PIT_ID });
      return true;
    }
    if (!isDue) return false;
    this.#now = micros(next);
    this.#step(this.#dueEvent());
    return true;
  }

  #dueEvent(): EngineEvent {
    const time = this.#now;
    if (this.#venue.nextAt <= time) {
      const { clientOrderId, report } = this.#venue.take();
      this.#record.tell(clientOrderId, report, time);
      return { kind: "order-reported", time, clientOrderId, report };
    }
    const first = this.#scheduled[0];
    if (first === undefined || first.time > time) return { kind: "timer-fired", time };
    this.#scheduled.shift();
    this.#attack = this.#attackOf.get(first) ?? this.#attack;
    return first;
  }

  #step(event: EngineEvent): void {
    const [engine, oracle] = [this.#engine, this.#oracle];
    requireLaw("sleep", this.#steps.length < MOST_STEPS, `${MOST_STEPS} steps`);
    oracle.before(event, this.#row);
    const outputs = engine.step(event);
    this.#steps.push({ event, position: this.#row, outputs });
    oracle.plansBound(outputs, event);
    for (const output of outputs) {
      this.#envelope?.see(output, event.time, oracle);
      oracle.see(output, event);
      if (output.kind === "place-order") this.#venue.place(output.order, this.#now);
      else if (output.kind === "amend-order") this.#venue.amend(output.amend, this.#now);
      else if (output.kind === "cancel-order") this.#venue.cancel(output.clientOrderId, this.#now);
      else if (output.kind === "advice-taken") this.#taken += 1;
      else if (output.kind === "ask-advisor") this.#ask(output.question);
    }
    this.#envelope?.after(engine.parents.get("p1"));
    oracle.after(engine);
  }

  #ask(question: Asked["question"]): void {
    this.#questions += 1;
    const second = Math.floor(this.#now / 1e6) - EPOCH_SECONDS;
    const untilSecond = startOf + this.#drawn.spanSeconds;
    const number = this.#questions;
    this.#asked.push({ question, number, second, untilSecond, attack: this.#attack });
  }

  #answer({ question }: Asked, { answer, latency, advisor }: Reply): void {
    const time = micros(this.#now + latency);
    const { id: questionId, parentId } = question;
    const kind = "advice-received" as const;
    this.#scheduled.push({ kind, time, parentId, questionId, answer, advisor, latency });
    this.#scheduled.sort((a, b) => a.time - b.time);
  }

  ended(): Worked {
    this.#oracle.finish(this.#engine);
    const parent = this.#engine.parents.get("p1")!;
    if (this.#arm.isRefolded === true) {
      const again = engineOf(this.#drawn, this.#world);
      const rows = this.#drawn.seed % 2 === 0 ? "at-once" : "in-pieces";
      refold(again, this.#steps, this.#world.block, this.#row, rows);
    }
    const last = this.#envelope?.last ?? { moved: 0, crossed: 0 };
    return {
      world: this.#world,
      steps: this.#steps,
      executions: this.#record.executions,
      phase: parent.phase,
      filled: parent.filled,
      isCanceledOnAdvice: this.#envelope?.isCanceled ?? false,
      questions: this.#questions,
      taken: this.#taken,
      ...last,
      endedAtSecond: Math.floor(this.#now / 1e6) - EPOCH_SECONDS,
    };
  }
}
