/**
 * Estimate: what an order is expected to cost, by urgency, and the frontier it lies on.
 */
import type { OrderPreview } from "../state/api.ts";
import { grouped, number, span } from "../format.ts";
import { CostBps, Unknown } from "../widgets/figures.tsx";
import { SeriesChart } from "../widgets/series-chart.tsx";

export function Costs({ preview }: { preview: OrderPreview }) {
  const { costs, frontier, adviceBoundBps } = preview;
  return (
    <div class="estimate">
      {costs.length > 0 && (
        <table class="plain">
          <caption>Expected cost by urgency</caption>
          <thead>
            <tr>
              <th scope="col">strategy</th>
              <th scope="col" class="figure">
                urgency
              </th>
              <th scope="col" class="figure">
                expected, bps
              </th>
              <th scope="col" class="figure">
                one sigma, ± bps
              </th>
              <th scope="col" class="figure">
                takes
              </th>
            </tr>
          </thead>
          <tbody>
            {costs.map(({ strategy, urgency, isOwn, costBps, riskBps, seconds }) => (
              <tr key={`${strategy} ${urgency}`} class={isOwn ? "own" : ""}>
                <th scope="row">
                  {strategy}
                  {isOwn && " (as asked)"}
                </th>
                <td class="figure">{number(urgency)}</td>
                <td class="figure">
                  <CostBps value={costBps} unit={false} />
                </td>
                <td class="figure">{riskBps === null ? <Unknown /> : number(riskBps)}</td>
                <td class="figure">{span(seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {frontier.length > 1 && <Frontier preview={preview} />}
      {adviceBoundBps !== null && (
        <p>
          Advice may cost at most {number(adviceBoundBps[0])} bps against the plan at one sigma,{" "}
          {number(adviceBoundBps[1])} at three.
        </p>
      )}
    </div>
  );
}

/** Expected cost over risk: patient to the right, urgent to the left. */
function Frontier({ preview }: { preview: OrderPreview }) {
  const points = preview.frontier.toSorted((a, b) => a.riskBps - b.riskBps);
  const own = preview.costs.find(({ isOwn }) => isOwn);
  const marked = nearest(points, own?.riskBps ?? null);
  return (
    <SeriesChart
      label="Expected cost against risk, from urgent to patient"
      unit="expected cost, bps (+ paid)"
      isTime={false}
      xUnit="risk, one sigma, bps"
      height={190}
      xs={points.map(({ riskBps }) => riskBps)}
      lines={[
        { label: "frontier, bps", colour: "plan", values: points.map(({ costBps }) => costBps) },
        ...(marked === undefined || own === undefined || own.costBps === null
          ? []
          : [
              {
                label: "as asked, bps",
                colour: "own" as const,
                shape: "dots" as const,
                values: points.map((_, place) => (place === marked ? own.costBps : null)),
              },
            ]),
      ]}
    />
  );
}

function nearest(points: OrderPreview["frontier"], risk: number | null): number | undefined {
  if (risk === null) return undefined;
  let best: number | undefined;
  for (const [place, { riskBps }] of points.entries())
    if (best === undefined || Math.abs(riskBps - risk) < Math.abs(points[best]!.riskBps - risk))
      best = place;
  return best;
}

function Check({ name, met, isRequired, text }: OrderPreview["checks"][number]) {
  const [mark, word, look] =
    met === true
      ? ["✓", "", "met"]
      : met === null
        ? ["?", "(cannot be told) ", "warned"]
        : isRequired
          ? ["✕", "(not met) ", "unmet"]
          : ["⚠", "(look) ", "warned"];
  return (
    <li class={look}>
      <span aria-hidden="true">{mark}</span> <strong>{name}</strong> {word}
      {text}
    </li>
  );
}

export function Checks({ preview }: { preview: OrderPreview }) {
  return (
    <ul class="checks" aria-label="To know before it is sent">
      {preview.checks.map(({ name, met, isRequired, text }) => (
        <Check key={name} name={name} met={met} isRequired={isRequired} text={text} />
      ))}
      <li class="worst">
        <strong>worst case</strong> {preview.worstCase.text}
        {preview.worstCase.cash !== null && ` (${grouped(preview.worstCase.cash)} in quote coin)`}
      </li>
      {preview.notional !== null && (
        <li>
          <strong>worth</strong> {grouped(preview.notional)} in quote coin at the mid
        </li>
      )}
    </ul>
  );
}
