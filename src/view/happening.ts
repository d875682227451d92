/**
 * Happening: one event or output in plain English, for whoever reads the timeline.
 *
 * What must stay true: quantities and prices are exact, and text from outside (a venue's words, a
 * headline, reasoning) is passed on as text, cut to a line.
 */
import type { OrderReport } from "../core/domain/child-order.ts";
import { unreachable } from "../core/domain/errors.ts";
import { formatHalfPrice, formatPrice, formatQuantity } from "../core/domain/instrument.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { parentIdOf } from "../core/execution/order-manager.ts";
import { quantityUnit } from "../core/tca/report.ts";
import type { TimelineEntry } from "./shapes.ts";
import { clockText, percentText, refusalText } from "./words.ts";

export type Happening = Pick<TimelineEntry, "kind" | "severity" | "parentId" | "text">;

const MOST_LETTERS = 500;
/** Whatever would end a line, or is not seen at all. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

export function happened(
  kind: string,
  parentId: string | null,
  text: string,
  severity: TimelineEntry["severity"] = "info",
): Happening {
  const cut = text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text;
  return { kind, severity, parentId, text: cut.toWellFormed().replaceAll(BREAKS, " ") };
}

const QUIET: ReadonlySet<EngineEvent["kind"]> = new Set([
  "timer-fired",
  "touch-moved",
  "market-told",
]);

/** Nothing that a person has to read: of these there is no happening. */
export function isQuietEvent(event: EngineEvent): boolean {
  if (QUIET.has(event.kind)) return true;
  if (event.kind !== "order-reported") return false;
  return event.report.kind === "accepted" || event.report.kind === "amended";
}

export function isQuietOutput(output: EngineOutput): boolean {
  if (output.kind === "decision-made" || output.kind === "markout-measured") return true;
  return output.kind === "data-health-changed" && output.from === "no-data";
}

/** Undefined: it is a quiet one. */
export function eventHappening(instrument: Instrument, event: EngineEvent): Happening | undefined {
  switch (event.kind) {
    case "parent-submitted":
      return happened(event.kind, event.parent.id, submittedText(instrument, event));
    case "parent-amended":
      return happened(
        event.kind,
        event.parentId,
        `${event.by} changed ${amendText(instrument, event)}`,
      );
    case "strategy-switched":
      return happened(event.kind, event.parentId, `${event.by} switched to ${event.strategy.name}`);
    case "parent-paused":
      return happened(
        event.kind,
        event.parentId,
        `${event.by} paused it: ${event.reason}`,
        "warning",
      );
    case "parent-resumed":
      return happened(event.kind, event.parentId, `${event.by} had it go on`);
    case "parent-canceled":
      return happened(
        event.kind,
        event.parentId,
        `${event.by} canceled it: ${event.reason}`,
        "warning",
      );
    case "order-reported":
      return reportHappening(instrument, event);
    case "advice-received":
      return event.answer.kind === "none"
        ? happened(
            event.kind,
            event.parentId,
            `no advice from ${event.advisor}: ${event.answer.text}`,
          )
        : happened(event.kind, event.parentId, adviceText(event));
    case "timer-fired":
    case "touch-moved":
      return undefined;
    default:
      return accountHappening(event);
  }
}

type AccountEvent = Exclude<
  EngineEvent,
  { readonly parentId: string } | { readonly kind: "parent-submitted" | "order-reported" }
>;

function accountHappening(event: AccountEvent): Happening | undefined {
  switch (event.kind) {
    case "limits-changed":
      return happened(event.kind, null, `${event.by} changed the limits of the account`, "warning");
    case "kill-switched":
      return happened(
        event.kind,
        null,
        `${event.by} stopped everything: ${event.reason}`,
        "critical",
      );
    case "session-resumed":
      return happened(event.kind, null, resumedText(event), "warning");
    case "position-told":
      return happened(event.kind, null, toldText(event));
    case "news-received":
      return happened(event.kind, null, `${event.item.source}: ${event.item.headline}`);
    case "market-ended":
      return happened(event.kind, null, "no more market data will come");
    default:
      return undefined;
  }
}

/** Undefined lots: it cannot be told, or nobody else traded. */
function toldText({ foreignLots = 0 }: Extract<EngineEvent, { kind: "position-told" }>): string {
  if (foreignLots === 0) return "the venue told what the account holds";
  const did = foreignLots > 0 ? "bought" : "sold";
  return `others have ${did} ${Math.abs(foreignLots)} lots on the account`;
}

const resumedText = ({
  session,
  rowsLost,
}: Extract<EngineEvent, { kind: "session-resumed" }>): string =>
  `session ${session} goes on with the run` +
  (rowsLost > 0 ? `; ${rowsLost} rows of market data are lost` : "");

export function outputHappening(
  instrument: Instrument,
  output: EngineOutput,
): Happening | undefined {
  switch (output.kind) {
    case "place-order":
      return placedHappening(instrument, output);
    case "amend-order": {
      const { clientOrderId, limitPrice, quantity } = output.amend;
      const size = formatQuantity(instrument, quantity);
      const text = `${clientOrderId} moved to ${size} at ${formatPrice(instrument, limitPrice)}`;
      return happened(output.kind, parentIdOf(clientOrderId), text);
    }
    case "cancel-order": {
      const { clientOrderId } = output;
      return happened(output.kind, parentIdOf(clientOrderId), `${clientOrderId} is to be canceled`);
    }
    case "raise-alert":
      return happened(output.kind, null, `${output.code}: ${output.text}`, output.severity);
    case "ask-advisor": {
      const { parentId, cause } = output.question;
      return happened(output.kind, parentId, `advice is asked for: ${cause}`);
    }
    default:
      return factHappening(instrument, output);
  }
}

type Fact = Exclude<
  EngineOutput,
  { kind: "place-order" | "amend-order" | "cancel-order" | "raise-alert" | "ask-advisor" }
>;

function factHappening(instrument: Instrument, fact: Fact): Happening | undefined {
  switch (fact.kind) {
    case "order-refused":
      return happened(
        fact.kind,
        fact.parentId,
        `not sent: ${refusalText(fact.refusal)}`,
        "warning",
      );
    case "parent-refused":
      return happened(
        fact.kind,
        fact.parentId,
        `refused: ${refusalText(fact.refusal)}`,
        "critical",
      );
    case "parent-moved":
      return happened(fact.kind, fact.parentId, `${fact.to}: ${fact.reason}`, movedSeverity(fact));
    case "parent-arrived":
      return happened(
        fact.kind,
        fact.parentId,
        `arrived at ${formatHalfPrice(instrument, fact.arrivalPrice)}`,
      );
    case "data-health-changed": {
      if (fact.from === "no-data") return undefined;
      const severity = fact.to === "healthy" ? "info" : "warning";
      return happened(fact.kind, null, `market data ${fact.from} → ${fact.to}`, severity);
    }
    case "advice-taken": {
      const { weight, until, parentId } = fact;
      const text =
        weight === 0
          ? "the advice is only watched"
          : `${percentText(weight)} of the advice is followed until ${clockText(until)}`;
      return happened(fact.kind, parentId, text);
    }
    case "advice-dropped":
      return happened(fact.kind, fact.parentId, `the advice is not followed: ${fact.why}`);
    case "report-ignored": {
      const { clientOrderId, why } = fact;
      return happened(fact.kind, parentIdOf(clientOrderId), `${clientOrderId}: ${why}`, "warning");
    }
    case "decision-made":
    case "markout-measured":
      return undefined;
    default:
      return unreachable(fact);
  }
}

const movedSeverity = ({ to }: Extract<Fact, { kind: "parent-moved" }>) =>
  to === "failed" ? "critical" : to === "paused" || to === "expired" ? "warning" : "info";

function placedHappening(
  instrument: Instrument,
  { order, kind }: Extract<EngineOutput, { kind: "place-order" }>,
): Happening {
  const { side, quantity, limitPrice, clientOrderId, timeInForce } = order;
  const price =
    limitPrice === undefined ? "at market" : `at ${formatPrice(instrument, limitPrice)}`;
  const isResting = timeInForce.kind === "good-till-canceled";
  const how = !isResting ? timeInForce.kind : timeInForce.postOnly ? "post-only" : "resting";
  const text = `${clientOrderId} ${side} ${formatQuantity(instrument, quantity)} ${price}, ${how}`;
  return happened(kind, parentIdOf(clientOrderId), text);
}

function reportHappening(
  instrument: Instrument,
  { clientOrderId, report }: Extract<EngineEvent, { kind: "order-reported" }>,
): Happening | undefined {
  const text = reportText(instrument, report);
  if (text === undefined) return undefined;
  const isFault = report.kind.endsWith("rejected") || report.kind === "timed-out";
  const severity = isFault ? "warning" : "info";
  return happened(report.kind, parentIdOf(clientOrderId), `${clientOrderId} ${text}`, severity);
}

function reportText(instrument: Instrument, report: OrderReport): string | undefined {
  switch (report.kind) {
    case "filled": {
      const { quantity, price, liquidity } = report.fill;
      const size = formatQuantity(instrument, quantity);
      return `filled ${size} at ${formatPrice(instrument, price)} as ${liquidity}`;
    }
    case "rejected":
    case "amend-rejected":
    case "cancel-rejected":
      return `${report.kind}: ${report.text} [${report.code}]`;
    case "canceled":
    case "expired":
      return report.text === "" ? report.kind : `${report.kind}: ${report.text}`;
    case "timed-out":
      return "no answer: the venue is being asked what became of it";
    case "accepted":
    case "amended":
      return undefined;
    default:
      return unreachable(report);
  }
}

const submittedText = (
  instrument: Instrument,
  { parent, by }: Extract<EngineEvent, { kind: "parent-submitted" }>,
): string => (by === undefined ? "" : `${by}: `) + orderText(instrument, parent);

function orderText(instrument: Instrument, order: ParentOrder): string {
  const { quantity, side, strategy, startAt, deadline } = order;
  const size =
    quantity.kind === "lots"
      ? `${formatQuantity(instrument, quantity.lots)} ${quantityUnit(instrument)}`
      : `${quantity.quote} ${instrument.quote}`;
  const span = `${clockText(startAt)} to ${clockText(deadline)}`;
  return `${side} ${size} in ${instrument.symbol} by ${strategy.name}, ${span}`;
}

function amendText(
  instrument: Instrument,
  { amendment }: Extract<EngineEvent, { kind: "parent-amended" }>,
): string {
  const { quantity, deadline, urgency, limitPrice, maxParticipation } = amendment;
  const size =
    quantity?.kind === "lots" ? formatQuantity(instrument, quantity.lots) : quantity?.quote;
  const texts = [
    ...(size === undefined ? [] : [`quantity to ${size}`]),
    ...(deadline === undefined ? [] : [`deadline to ${clockText(deadline)}`]),
    ...(urgency === undefined ? [] : [`urgency to ${urgency}`]),
    ...(limitPrice === undefined
      ? []
      : [
          limitPrice === null ? "limit to none" : `limit to ${formatPrice(instrument, limitPrice)}`,
        ]),
    ...(maxParticipation === undefined
      ? []
      : [`participation to ${maxParticipation === null ? "none" : percentText(maxParticipation)}`]),
  ];
  return texts.length === 0 ? "nothing" : texts.join(", ");
}

function adviceText({
  advisor,
  answer,
}: Extract<EngineEvent, { kind: "advice-received" }>): string {
  if (answer.kind === "none") return `${advisor}: ${answer.text}`;
  const { action, confidence, reasoning } = answer.advice;
  return `${advisor}: ${action} (${percentText(confidence)} sure) ${reasoning}`;
}
