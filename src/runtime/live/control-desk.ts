/**
 * Control desk: does what an operator asks of a run, and says what came of it.
 *
 * Whatever changes the run is an event like any other: journaled with who it was, stepped by the
 * engine, replayable. What must stay true: an answer "taken on" is given once the event is in the
 * journal, and a refusal carries the engine's own reason.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  formatPrice,
  formatQuantity,
  type GridFault,
  type Instrument,
  parsePrice,
  parseQuantity,
} from "../../core/domain/instrument.ts";
import { quoteUnits } from "../../core/domain/money.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type {
  ParentAmendment,
  ParentOrder,
  ParentQuantity,
  StrategyChoice,
} from "../../core/domain/parent-order.ts";
import { DAY, type Micros, micros } from "../../core/domain/units.ts";
import type { RiskLimits } from "../../core/execution/limits.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { configJson, formatConfigFaults, parseConfig } from "../config.ts";
import type { JsonObject } from "../config-settings.ts";
import { parseDuration } from "../duration.ts";
import type {
  AmendRequest,
  ControlAnswer,
  ControlFault,
  ControlRequest,
  ControlStatus,
} from "./control-protocol.ts";
import { refusalWords } from "../../view/words.ts";
import { liveLimits } from "./live-config.ts";
import type { LiveRun } from "./live-run.ts";

/** What of a live run is needed. */
export type ControlledRun = Pick<
  LiveRun,
  "config" | "ended" | "engine" | "kill" | "now" | "operate" | "parentId" | "record" | "session"
>;

type Make = (time: Micros, parentId: string) => EngineEvent;
/** An event of one order, to be carried out. */
interface Order {
  readonly command: string;
  readonly parentId: string;
  /** What it is then, in words. */
  readonly done: string;
}
type OrderRequest = Exclude<ControlRequest, { readonly command: "status" | "kill" | "limits" }>;
type Refused = ControlAnswer & { readonly ok: false };

/** No order is worked for longer. */
const LONGEST_SPAN = 366 * DAY;

export interface ControlDeskOptions {
  readonly journal: string;
  readonly venue: string;
  readonly turn: () => Promise<void>;
  /** Who else must know of a kill carries it out; absent: the run itself. */
  readonly kill?: (by: string, reason: string) => void;
}

export class ControlDesk {
  readonly #run: ControlledRun;
  readonly #journal: string;
  readonly #venue: string;
  /** A later turn of the loop, behind the journal's. */
  readonly #turn: () => Promise<void>;
  readonly #carryOut: (by: string, reason: string) => void;
  #hasEnded = false;

  constructor(run: ControlledRun, { journal, venue, turn, kill }: ControlDeskOptions) {
    this.#carryOut = kill ?? ((by, reason) => run.kill(by, reason));
    this.#run = run;
    this.#journal = journal;
    this.#venue = venue;
    this.#turn = turn;
    void run.ended.then(() => {
      this.#hasEnded = true;
    });
  }

  /** @param by as the journal names them. */
  async handle(request: ControlRequest, by = `${request.by} (ctl)`): Promise<ControlAnswer> {
    if (request.command === "kill") return this.#kill(by, request.reason ?? "no reason given");
    if (request.command === "limits") return this.#limits(by, request.set);
    const found = this.#parentOf(request);
    if (request.command === "status") {
      if (request.parent !== undefined && !found.ok) return { ok: false, ...found.error };
      // One that stands may have no order yet; another has one from its beginning.
      const isEmpty = this.#run.engine.parents.size === 0 && this.#hasBegun;
      const status = this.#status(found.ok && !isEmpty ? found.value : undefined);
      return { ok: true, command: "status", text: "at work", status };
    }
    return found.ok ? this.#handleOf(by, found.value, request) : { ok: false, ...found.error };
  }

  /** Takes an order on. @returns what came of it, once that is in the journal. */
  submit(by: string, make: (time: Micros) => ParentOrder): Promise<ControlAnswer> {
    const event: Make = (time) => ({ kind: "parent-submitted", time, parent: make(time), by });
    return this.#operate("submit", event, this.#run.parentId, () => "taken on");
  }

  async #handleOf(by: string, parentId: string, request: OrderRequest): Promise<ControlAnswer> {
    const told = (done: string): Order => ({ command: request.command, parentId, done });
    switch (request.command) {
      case "pause": {
        const reason = request.reason ?? "paused";
        const make: Make = (time) => ({ kind: "parent-paused", time, parentId, by, reason });
        return this.#operateOn(told("paused"), make);
      }
      case "resume":
        return this.#operateOn(told("resumed"), (time) => {
          return { kind: "parent-resumed", time, parentId, by };
        });
      case "cancel": {
        const reason = request.reason ?? "canceled";
        const make: Make = (time) => ({ kind: "parent-canceled", time, parentId, by, reason });
        return this.#operateOn(told("canceling"), make);
      }
      case "amend":
        return this.#amend(by, told("amended"), request);
      case "switch": {
        const strategy = choiceOf(request);
        return this.#operateOn(told(`now ${strategy.name}`), (time) => {
          return { kind: "strategy-switched", time, parentId, strategy, by };
        });
      }
    }
  }

  /** Which order is meant: the only one that the run has, or that is at work. */
  #parentOf({ parent }: { readonly parent?: string | undefined }): Result<string, ControlFault> {
    const { parentId, engine } = this.#run;
    const { parents } = engine;
    if (parent !== undefined) {
      if (parents.has(parent)) return ok(parent);
      return err({ code: "CONTROL_PARENT", text: `this run has no order ${cut(parent)}` });
    }
    if (parents.size <= 1) return ok([...parents.keys()][0] ?? parentId);
    const live = engine.instruments[0]!.live.map(({ order }) => order.id);
    if (live.length === 1) return ok(live[0]!);
    const which =
      live.length === 0 ? "none is at work" : `at work: ${live.slice(0, 20).join(", ")}`;
    const text = `this run has ${parents.size} orders, say which is meant (parent); ${which}`;
    return err({ code: "CONTROL_PARENT", text });
  }

  #operateOn({ command, parentId, done }: Order, make: Make): Promise<ControlAnswer> {
    return this.#operate(command, make, parentId, () => this.#phaseText(parentId, done));
  }

  async #operate(
    command: string,
    make: Make,
    parentId: string,
    text: () => string,
  ): Promise<ControlAnswer> {
    let time: Micros | undefined;
    const outputs = this.#run.operate((now, id) => {
      time = now;
      // As a replay reads it: even the order of keys is that of the journal.
      return JSON.parse(canonicalJson(make(now, id))) as EngineEvent;
    }, parentId);
    if (outputs === undefined) return ENDED;
    const refusal = refusalIn(outputs);
    const said = text();
    const { record } = this.#run;
    await this.#turn();
    // A journal that failed meanwhile has halted the run: nothing is told as done.
    if (this.#hasEnded && (await this.#run.ended).kind === "halted") return ENDED;
    if (refusal !== undefined) return { ok: false, ...refusal };
    return { ok: true, command, text: said, ...given({ time, record }) };
  }

  get #hasBegun(): boolean {
    const { record, engine } = this.#run;
    return record !== undefined || engine.parents.size > 0;
  }

  /** Not by way of the journal alone: it withdraws whatever state that is in. */
  #kill(by: string, reason: string): ControlAnswer {
    // Before it has begun nothing rests, and whoever begins it would go on all the same.
    if (this.#hasEnded || !this.#hasBegun) return ENDED;
    const { now, record: before } = this.#run;
    this.#carryOut(by, reason);
    const text = "killed: everything is being withdrawn, and the run ends";
    // A journal that could not take it has no record of it.
    const record = this.#run.record === before ? undefined : this.#run.record;
    return { ok: true, command: "kill", text, ...given({ time: now, record }) };
  }

  async #amend(by: string, order: Order, request: AmendRequest): Promise<ControlAnswer> {
    const { now } = this.#run;
    const made = amendmentOf(this.#run.session.header.instrument, request, now);
    if (!made.ok) return { ok: false, ...made.error };
    const amendment = made.value;
    const { parentId } = order;
    return this.#operateOn(order, (time) => {
      return { kind: "parent-amended", time, parentId, amendment, by };
    });
  }

  /** Names and values as in the config; what is not named stays as it is. */
  async #limits(by: string, set: JsonObject): Promise<ControlAnswer> {
    const { config, engine } = this.#run;
    if (Object.keys(set).length === 0) {
      return { ok: false, code: "CONTROL_REQUEST", text: "set: must name a limit" };
    }
    const limits = { ...this.#written(engine.limits), ...set };
    const parsed = parseConfig({ ...configJson(config), limits });
    if (!parsed.ok) {
      const text = formatConfigFaults(parsed.error).replaceAll("\n", "; ");
      return { ok: false, code: "CONTROL_LIMITS", text };
    }
    // `live.maxOrderValue` and `live.minOrderInterval` hold for the whole run.
    const held = liveLimits(parsed.value.limits, config.live);
    const make: Make = (time) => ({ kind: "limits-changed", time, limits: held, by });
    const text = limitsText(this.#written(parsed.value.limits), this.#written(held), set);
    return this.#operate("limits", make, this.#run.parentId, () => text);
  }

  /** As the config writes them. */
  #written(limits: RiskLimits): JsonObject {
    return configJson({ ...this.#run.config, limits })["limits"] as JsonObject;
  }

  /** What stands now; new terms wait for the last order under the old ones. */
  #phaseText(parentId: string, done: string): string {
    const parent = this.#run.engine.parents.get(parentId);
    if (parent === undefined) return done;
    const { phase, live, adjustment } = parent;
    const waits =
      adjustment === undefined ? "" : ", once the orders under the old terms have ended";
    const open = live.length === 0 ? "nothing rests" : `${live.length} child orders not ended`;
    return `${done}${waits}: the order is ${phase}, ${open}`;
  }

  /** Undefined: of the run as a whole. */
  #status(parentId: string | undefined): ControlStatus {
    const { session, engine, now } = this.#run;
    const { instrument } = session.header;
    const parent = parentId === undefined ? undefined : engine.parents.get(parentId);
    const market = engine.instruments[0]!;
    const order = parent?.order;
    const { limits } = engine;
    const { limitPrice, maxParticipation } = order?.constraints ?? {};
    const isOne = parentId !== undefined;
    const open = isOne ? (parent === undefined ? [] : [parent]) : market.live;
    return {
      parentId: parentId ?? this.#run.parentId,
      pid: process.pid,
      journal: this.#journal,
      venue: this.#venue,
      symbol: instrument.symbol,
      side: order?.side ?? "",
      phase: isOne ? (parent?.phase ?? "failed") : "standing",
      reason: isOne ? (parent?.operatorPause ?? parent?.reason ?? "") : atWork(market.live.length),
      quantity: order === undefined ? "" : quantityText(instrument, order.quantity),
      filled: parent === undefined ? "" : formatQuantity(instrument, parent.filled),
      ...(parent === undefined ? {} : { filledShare: filledShare(parent) }),
      working: open.reduce((sum, { live }) => sum + live.length, 0),
      market: market.observer.health(now, limits.staleAfter),
      strategy: order?.strategy.name ?? "",
      urgency: order?.urgency ?? 0,
      limit: limitPrice === undefined ? null : formatPrice(instrument, limitPrice),
      maxParticipation: maxParticipation ?? null,
      now: iso(now),
      startAt: iso(order?.startAt),
      deadline: iso(order?.deadline),
      killed: engine.isKilled,
      limits: this.#written(limits),
      ...(isOne ? {} : { orders: market.live.slice(-MOST_ORDERS).map(orderStatus) }),
    };
  }
}

const MOST_ORDERS = 500;

const atWork = (orders: number): string =>
  orders === 1 ? "1 order is at work" : `${orders === 0 ? "no" : orders} orders are at work`;

const orderStatus = (parent: ParentState) => ({
  parentId: parent.order.id,
  side: parent.order.side,
  phase: parent.phase,
  quantity: quantityText(parent.instrument, parent.order.quantity),
  filled: formatQuantity(parent.instrument, parent.filled),
  filledShare: filledShare(parent),
  strategy: parent.order.strategy.name,
});

function filledShare({ order, instrument, filled, spent }: ParentState): number {
  const { quantity } = order;
  if (quantity.kind === "lots") return Math.min(1, filled / quantity.lots);
  return Math.min(1, Number(spent) / Number(quoteUnits(instrument, quantity.quote)));
}

const given = ({ time, record }: { time: number | undefined; record: number | undefined }) => ({
  ...(time === undefined ? {} : { time }),
  ...(record === undefined ? {} : { record }),
});

const iso = (at: Micros | undefined): string =>
  at === undefined ? "" : new Date(at / 1000).toISOString();

const ENDED: Refused = {
  ok: false,
  code: "CONTROL_ENDED",
  text: "the run has ended, or has not begun: nothing was done",
};

function refusalIn(outputs: readonly EngineOutput[]): ControlFault | undefined {
  const refused = outputs.find((output) => output.kind === "parent-refused");
  return refused === undefined
    ? undefined
    : { code: refused.refusal.code, text: refusalWords(refused.refusal) };
}

function choiceOf({
  strategy,
  parameters = {},
  tactic,
}: ControlRequest & { readonly command: "switch" }): StrategyChoice {
  const choice = { name: strategy, parameters };
  if (tactic === undefined) return choice;
  return { ...choice, tactic: { name: tactic.name, parameters: tactic.parameters ?? {} } };
}

const cut = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}...` : text);

function amendmentOf(
  instrument: Instrument,
  request: AmendRequest,
  now: Micros,
): Result<ParentAmendment, ControlFault> {
  const quantity = quantityOf(instrument, request);
  if (!quantity.ok) return quantity;
  const deadline = deadlineOf(request, now);
  if (!deadline.ok) return deadline;
  const limit = limitOf(instrument, request);
  if (!limit.ok) return limit;
  const { urgency, maxParticipation } = request;
  const amendment: ParentAmendment = {
    ...(quantity.value === undefined ? {} : { quantity: quantity.value }),
    ...(deadline.value === undefined ? {} : { deadline: deadline.value }),
    ...(urgency === undefined ? {} : { urgency }),
    ...(limit.value === undefined ? {} : { limitPrice: limit.value }),
    ...(maxParticipation === undefined ? {} : { maxParticipation }),
  };
  if (Object.keys(amendment).length > 0) return ok(amendment);
  return refuse("say what is to change: quantity, deadline, urgency, limit, maxParticipation");
}

const refuse = (text: string) => err({ code: "CONTROL_REQUEST", text });

function quantityOf(
  instrument: Instrument,
  { quantity, notional }: AmendRequest,
): Result<ParentQuantity | undefined, ControlFault> {
  if (quantity !== undefined && notional !== undefined) {
    return refuse("either quantity or notional");
  }
  if (notional !== undefined) return ok({ kind: "notional", quote: notional });
  if (quantity === undefined) return ok(undefined);
  const parsed = parseQuantity(instrument, quantity);
  return parsed.ok ? ok({ kind: "lots", lots: parsed.value }) : offGrid("quantity", parsed.error);
}

function limitOf(
  instrument: Instrument,
  { limit }: AmendRequest,
): Result<ParentAmendment["limitPrice"], ControlFault> {
  if (limit === undefined || limit === null) return ok(limit);
  const parsed = parsePrice(instrument, limit);
  return parsed.ok ? parsed : offGrid("limit", parsed.error);
}

function offGrid(what: string, grid: GridFault) {
  const why =
    grid.code === "GRID_OFF_LOT"
      ? `is no multiple of the lot ${grid.lotSize}`
      : grid.code === "GRID_OFF_TICK"
        ? `is no multiple of the tick ${grid.tickSize}`
        : "is nothing that can be traded";
  return refuse(`${what}: ${grid.text} ${why}`);
}

function deadlineOf(
  { deadline, over }: AmendRequest,
  now: Micros,
): Result<Micros | undefined, ControlFault> {
  if (deadline !== undefined && over !== undefined) return refuse("either deadline or over");
  if (deadline === undefined && over === undefined) return ok(undefined);
  let span = Date.parse(deadline ?? "") * 1000 - now;
  if (over !== undefined) {
    const parsed = parseDuration(over);
    span = parsed.ok ? parsed.value : Number.NaN;
  }
  if (!(Math.abs(span) <= LONGEST_SPAN)) return refuse("the deadline is more than a year away");
  return ok(micros(Math.round(now + span)));
}

const quantityText = (instrument: Instrument, quantity: ParentQuantity): string =>
  quantity.kind === "lots"
    ? `${formatQuantity(instrument, quantity.lots)} ${instrument.base}`
    : `${quantity.quote} ${instrument.quote}`;

/** Says where something stricter holds than what was asked for. Both as the config writes them. */
function limitsText(asked: JsonObject, held: JsonObject, set: JsonObject): string {
  return Object.keys(set)
    .map((key) => {
      const [wanted, value] = [asked[key], held[key]];
      const why = value === wanted ? "" : ": the run's own live settings are stricter";
      return `${key} is ${String(value)}${why}`;
    })
    .join(", ");
}
