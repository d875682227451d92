/**
 * Models page: one order under several models of impact, side by side.
 *
 * What must stay true: every row is of the same schedule in the same market, so that rows differ by
 * the model alone.
 */
import { formatHalfPrice, formatQuantity, instrumentId } from "../core/domain/instrument.ts";
import { type Bps, micros } from "../core/domain/units.ts";
import { formatDuration } from "../runtime/duration.ts";
import { type Estimate, isCosted } from "../runtime/estimate.ts";
import { unitOf } from "../runtime/feasibility.ts";
import { type Cell, dim, Page, plain } from "./text-page.ts";

const WIDTH = 110;

/** @param all of one order, at least one. */
export function modelsPage(all: readonly Estimate[], colour: boolean): string {
  const page = new Page(colour, WIDTH);
  heading(page, all[0]!);
  page.heading("Impact by model, bps; + is paid");
  const head = "model,temporary,permanent,impact,95 % by its parameters,most of it,all in".split(
    ",",
  );
  const aligns = ["left", ...head.slice(1).map(() => "right" as const)] as const;
  page.table([head.map((text) => dim(text)), ...all.map(row)], aligns);
  page.line("all in: with spread and fees. 95 % is of the mean of many such orders.", "dim");
  spread(page, all);
  page.heading("What each would do");
  page.table(
    all.map((one) => [plain(nameOf(one)), plain(verdict(one))]),
    ["left", "left"],
  );
  page.heading("What each says, and what this order asks of it that it does not know");
  for (const { terms, modelCaveats } of all) {
    page.line(`${terms.model.name}: ${terms.model.summary}`);
    for (const caveat of modelCaveats) page.line(`- ${caveat}`, "dim");
  }
  return page.text();
}

const nameOf = ({ terms }: Estimate): string => terms.model.name;

function heading(page: Page, { order, facts, quantity, notional, asked }: Estimate): void {
  const { instrument } = facts;
  const over = formatDuration(micros(order.deadline - order.startAt));
  const verb = order.side === "buy" ? "Buy" : "Sell";
  const worth = notional.toLocaleString("en-US", { maximumFractionDigits: 0 });
  page.line(
    `${verb} ${formatQuantity(instrument, quantity)} ${unitOf(instrument)} over ${over}: ` +
      `${instrumentId(instrument)}, mid ${formatHalfPrice(instrument, facts.mid)}, ` +
      `${worth} ${instrument.quote}`,
    "bold",
  );
  page.line(
    isCosted(asked)
      ? `The slices of ${asked.strategy} at urgency ${asked.urgency}, under each model.`
      : `Traded evenly, under each model: ${asked.reason}.`,
  );
}

function row({ byModel, asked }: Estimate): Cell[] {
  const own = byModel[0]!;
  const { lowBps, highBps } = own.interval;
  const most = isCosted(asked) ? (asked.band.sources[0]?.name ?? "all is given") : "";
  return [
    plain(own.model),
    plain(bps(own.temporaryBps)),
    plain(bps(own.permanentBps)),
    plain(bps(own.impactBps)),
    plain(`${bps(lowBps)} … ${bps(highBps)}`),
    dim(most),
    plain(isCosted(asked) ? bps(asked.expectedBps) : ""),
  ];
}

/** How far the models lie from each other: more than any of them doubts itself, usually. */
function spread(page: Page, all: readonly Estimate[]): void {
  const impacts = all.map(({ byModel }) => byModel[0]!.impactBps);
  const [least, most] = [Math.min(...impacts), Math.max(...impacts)];
  if (all.length < 2) return;
  page.line(
    `They lie between ${bps(least)} and ${bps(most)} bps. No one of them is the truth: fit the ` +
      "one you mean to trust on your own orders (arrival calibrate).",
  );
}

function verdict({ refusal, recommendation, checks }: Estimate): string {
  if (refusal !== undefined) return `may not be used to choose a schedule: ${refusal}`;
  if (recommendation === undefined) {
    const failed = checks.filter(({ met }) => met === false).map(({ name }) => name);
    return `none: the limits say no${failed.length > 0 ? ` (${failed.join(", ")})` : ""}`;
  }
  const { choice } = recommendation;
  return (
    `${choice.strategy} at urgency ${choice.urgency}: ${bps(choice.expectedBps)} expected, ` +
    `${choice.band.priceBps.toFixed(2)} of price risk`
  );
}

const bps = (value: Bps): string => `${value >= 0 ? "+" : ""}${value.toFixed(2)}`;
