/**
 * Run screen: what a person sees of a live run while it works.
 *
 * Child orders, fills and alerts as notes, one line each, and on a terminal a bar under them with
 * what is done, what works, the time left and the cost so far.
 */
import { formatPrice, formatQuantity, type Instrument } from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import { analyse } from "../core/tca/report.ts";
import { formatDuration } from "../runtime/duration.ts";
import type { LiveRun } from "../runtime/live/live-run.ts";
import { refusalText } from "../view/words.ts";
import type { VenueNotice } from "../venues/venue.ts";
import { note, type Progress, progress } from "./output.ts";

const DRAW_MS = 250;
const COST_EVERY = 8;
/** Fills that are loaded for it behind a restart; of a longer run the cost is told in the end. */
const MOST_LOADED_FILLS = 5000;

export class RunScreen {
  readonly #run: LiveRun;
  readonly #instrument: Instrument;
  readonly #bar: Progress;
  readonly #from: Micros;
  #timer: NodeJS.Timeout | undefined;
  #draws = 0;
  #cost = "";

  constructor(run: LiveRun, from: Micros, over: Micros, isQuiet: boolean) {
    this.#run = run;
    this.#from = from;
    this.#instrument = run.session.header.instrument;
    this.#bar = progress(run.config.strategy.name, over, isQuiet);
    this.#timer = setInterval(() => this.#draw(), DRAW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#bar.stop();
  }

  #draw(): void {
    const { parent } = this.#run;
    const { now } = this.#run;
    if (parent === undefined) return this.#bar.update(0, "waiting for the start");
    if (this.#draws++ % COST_EVERY === 0) this.#cost = this.#costText();
    const { order, filled, live } = parent;
    const whole =
      order.quantity.kind === "lots"
        ? formatQuantity(this.#instrument, order.quantity.lots)
        : `${order.quantity.quote} ${this.#instrument.quote}`;
    const working = live.map(({ limitPrice }) =>
      limitPrice === undefined ? "at market" : `at ${formatPrice(this.#instrument, limitPrice)}`,
    );
    const left = micros(Math.max(0, Math.ceil((order.deadline - now) / 1e6)) * 1e6);
    const texts = [
      `${formatQuantity(this.#instrument, filled)} of ${whole}`,
      ...working.slice(0, 2),
      `${formatDuration(left)} left`,
      this.#cost,
    ];
    this.#bar.update(
      Math.max(0, now - this.#from),
      texts.filter((text) => text !== "").join(" · "),
    );
  }

  #costText(): string {
    const { parent, engine, now } = this.#run;
    const market = engine.instruments[0]!;
    const mid = market.observer.lastMid;
    if (parent === undefined || mid === undefined || parent.filled === 0) return "";
    const { history } = parent;
    // Orders are at work meanwhile: loading it all would hold them up.
    if (history.isArchived && history.done.fills > MOST_LOADED_FILLS) return "";
    const execution = executionOf(parent, market, now, mid);
    if (execution === undefined) return "";
    const { bps } = analyse(execution).shortfall.total;
    return bps === null ? "" : `${bps >= 0 ? "+" : ""}${bps.toFixed(2)} bps so far`;
  }
}

/** Tells what happened, a line each. */
export function noteStep(
  instrument: Instrument,
  event: EngineEvent,
  outputs: readonly EngineOutput[],
): void {
  const time = new Date(event.time / 1000).toISOString().slice(11, 23);
  if (event.kind === "order-reported") {
    const text = reportText(instrument, event);
    if (text !== undefined) say(`${time} ${event.clientOrderId} ${text}`);
  }
  for (const output of outputs) {
    const text = outputText(instrument, output);
    if (text !== undefined) say(`${time} ${text}`);
  }
}

export const noteNotice = ({ severity, text }: VenueNotice): void => {
  if (severity !== "info") say(`${severity}: ${text}`);
};

/** In place of the bar, which draws itself anew under it. */
const say = (text: string): void =>
  note(process.stderr.isTTY === true ? `\r\u001B[K${text}` : text);

function reportText(
  instrument: Instrument,
  { report }: Extract<EngineEvent, { kind: "order-reported" }>,
): string | undefined {
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
    case "timed-out":
      return "no answer: the venue is being asked what became of it";
    default:
      return undefined;
  }
}

function outputText(instrument: Instrument, output: EngineOutput): string | undefined {
  switch (output.kind) {
    case "place-order": {
      const { side, quantity, limitPrice, clientOrderId, timeInForce } = output.order;
      const price =
        limitPrice === undefined ? "at market" : `at ${formatPrice(instrument, limitPrice)}`;
      const how =
        timeInForce.kind === "good-till-canceled"
          ? timeInForce.postOnly
            ? "post-only"
            : "resting"
          : timeInForce.kind;
      return `${clientOrderId} ${side} ${formatQuantity(instrument, quantity)} ${price}, ${how}`;
    }
    case "raise-alert":
      return `${output.severity}: ${output.text}`;
    case "parent-refused":
      return `refused: ${refusalText(output.refusal)}`;
    case "data-health-changed":
      return output.from === "no-data" ? undefined : `market data ${output.from} → ${output.to}`;
    default:
      return undefined;
  }
}
