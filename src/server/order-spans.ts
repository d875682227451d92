/**
 * Order spans: from a decision to its child order to its fills, as one trace for each parent order.
 *
 * It folds what stands in the journal: `parent order` ▸ `decision` ▸ `child order` ▸ `fill`. What
 * must stay true: times are the engine's; what it holds is bounded by the orders at work.
 */
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { OrderReport } from "../core/domain/child-order.ts";
import type { Action, Decision } from "../core/domain/decision.ts";
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { isTerminal } from "../core/domain/parent-order.ts";
import type { Micros } from "../core/domain/units.ts";
import { parentIdOf } from "../core/execution/order-manager.ts";
import type { Step } from "./telemetry-terms.ts";

type PlacedOrder = Extract<EngineOutput, { readonly kind: "place-order" }>["order"];

/** A span that others stand under. */
interface Open {
  readonly span: Span;
  readonly under: Context;
}

interface Parent extends Open {
  /** Of the last decision. */
  decision: Context;
}

const CLOSING = new Set<OrderReport["kind"]>(["rejected", "canceled", "expired"]);

/** As OpenTelemetry writes instants: seconds, and nanoseconds beside. */
const at = (time: Micros): [number, number] => [Math.floor(time / 1e6), (time % 1e6) * 1_000];

export class OrderSpans {
  readonly #tracer: Tracer;
  readonly #parents = new Map<string, Parent>();
  #heardAt = 0 as Micros;
  readonly #children = new Map<string, Open & { open: number }>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  fold({ instrument, event, outputs }: Step): void {
    const { time } = event;
    this.#heardAt = time;
    if (event.kind === "parent-submitted") this.#parent(event.parent.id, time, submitted(event));
    if (event.kind === "order-reported") this.#reported(instrument, event);
    for (const output of outputs) this.#take(instrument, time, output);
  }

  #take(instrument: Instrument, time: Micros, output: EngineOutput): void {
    if (output.kind === "decision-made") this.#decided(output.decision);
    if (output.kind === "place-order") this.#placed(instrument, time, output.order);
    if (output.kind === "order-refused") {
      const { refusal, parentId } = output;
      this.#parent(parentId, time).span.addEvent("refused", { code: refusal.code }, at(time));
    }
    if (output.kind === "parent-refused") this.#end(output.parentId, time, output.refusal.code);
    if (output.kind === "parent-moved" && isTerminal(output.to)) {
      this.#end(output.parentId, time, undefined, output.to);
    }
  }

  /** One of a run before has its trace from where it is first heard of. */
  #parent(parentId: string, time: Micros, attributes: Attributes = {}): Parent {
    const known = this.#parents.get(parentId);
    if (known !== undefined) return known;
    const all = { "arrival.parent.id": parentId, ...attributes };
    const opened = this.#open("parent order", time, ROOT_CONTEXT, all);
    const parent = { ...opened, decision: opened.under };
    this.#parents.set(parentId, parent);
    return parent;
  }

  #decided({ parentId, number, time, action, source, confidence }: Decision): void {
    const parent = this.#parent(parentId, time);
    const { span, under } = this.#open("decision", time, parent.under, {
      "arrival.parent.id": parentId,
      "arrival.decision.number": number,
      "arrival.decision.action": action.kind satisfies Action["kind"],
      "arrival.decision.source": source,
      "arrival.decision.confidence": confidence,
    });
    span.end(at(time));
    parent.decision = under;
  }

  #placed(instrument: Instrument, time: Micros, order: PlacedOrder): void {
    const { clientOrderId, side, quantity, limitPrice, timeInForce } = order;
    const parent = this.#parent(parentIdOf(clientOrderId), time);
    const opened = this.#open("child order", time, parent.decision, {
      "arrival.parent.id": parentIdOf(clientOrderId),
      "arrival.order.id": clientOrderId,
      "arrival.order.side": side,
      "arrival.order.quantity": formatQuantity(instrument, quantity),
      "arrival.order.time_in_force": timeInForce.kind,
      ...(limitPrice === undefined
        ? {}
        : { "arrival.order.limit": formatPrice(instrument, limitPrice) }),
    });
    this.#children.set(clientOrderId, { ...opened, open: quantity });
  }

  #reported(
    instrument: Instrument,
    event: Extract<EngineEvent, { readonly kind: "order-reported" }>,
  ): void {
    const { clientOrderId, report, time } = event;
    const child = this.#children.get(clientOrderId);
    if (report.kind === "filled") return this.#filled(instrument, event, report.fill);
    if (child === undefined) return;
    child.span.addEvent(report.kind, "code" in report ? { code: report.code } : {}, at(time));
    if (report.kind === "amended") child.open = report.quantity;
    if (!CLOSING.has(report.kind)) return;
    if (report.kind === "rejected") child.span.setStatus({ code: SpanStatusCode.ERROR });
    this.#close(clientOrderId, time, report.kind);
  }

  #filled(
    instrument: Instrument,
    { clientOrderId, time }: Extract<EngineEvent, { readonly kind: "order-reported" }>,
    fill: Extract<OrderReport, { readonly kind: "filled" }>["fill"],
  ): void {
    const child = this.#children.get(clientOrderId);
    const parentId = parentIdOf(clientOrderId);
    // A fill may come behind the end of its order, and of the parent.
    const above = child?.under ?? this.#parents.get(parentId)?.under ?? ROOT_CONTEXT;
    const { span } = this.#open("fill", time, above, {
      "arrival.parent.id": parentId,
      "arrival.order.id": clientOrderId,
      "arrival.fill.quantity": formatQuantity(instrument, fill.quantity),
      "arrival.fill.price": formatPrice(instrument, fill.price),
      "arrival.fill.liquidity": fill.liquidity,
    });
    span.end(at(time));
    if (child === undefined) return;
    child.open -= fill.quantity;
    if (child.open <= 0) this.#close(clientOrderId, time, "filled");
  }

  #close(clientOrderId: string, time: Micros, how: string): void {
    const child = this.#children.get(clientOrderId);
    child?.span.setAttribute("arrival.order.end", how).end(at(time));
    this.#children.delete(clientOrderId);
  }

  #end(parentId: string, time: Micros, code?: string, phase?: string): void {
    const parent = this.#parents.get(parentId);
    if (parent === undefined) return;
    if (phase !== undefined) parent.span.setAttribute("arrival.parent.phase", phase);
    if (code !== undefined) {
      parent.span.setAttribute("arrival.refusal", code);
      parent.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    parent.span.end(at(time));
    this.#parents.delete(parentId);
  }

  /** What is at work goes on without a trace, which ends where it was heard of last. */
  close(): void {
    for (const id of this.#children.keys()) this.#close(id, this.#heardAt, "left");
    for (const id of this.#parents.keys()) this.#end(id, this.#heardAt);
  }

  #open(name: string, time: Micros, above: Context, attributes: Attributes): Open {
    const span = this.#tracer.startSpan(name, { startTime: at(time), attributes }, above);
    return { span, under: trace.setSpan(above, span) };
  }
}

function submitted({
  parent,
}: Extract<EngineEvent, { readonly kind: "parent-submitted" }>): Attributes {
  return {
    "arrival.instrument": parent.instrument,
    "arrival.parent.side": parent.side,
    "arrival.parent.strategy": parent.strategy.name,
  };
}
