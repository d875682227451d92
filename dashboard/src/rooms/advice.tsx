/**
 * Advice: what the advisor was asked, what it said, and how much of that was done.
 *
 * Its words come from outside and are text, never markup. Numbers that stand in what it was asked
 * are marked, and those that do not are marked otherwise: it may have made them up.
 */
import { likewise, likewiseText } from "../../../src/view/reliability.ts";
import type { AdviceEntry, AdvisorView, Reliability } from "../../../src/view/shapes.ts";
import { clock, grouped, number, share, signed } from "../format.ts";
import { replica } from "../state/desk.ts";
import { addressOf } from "../state/route.ts";
import { Fact, Panel, Unknown } from "../widgets/figures.tsx";
import { SeriesChart } from "../widgets/series-chart.tsx";

export function AdvisorRoom({ name }: { name: string }) {
  if (name === "") return <AdvisedOrders />;
  const view = replica.order(name).value;
  if (!view) return <p class="room quiet">Waiting for {name}…</p>;
  const reliability = view.advisor === null ? null : reliabilityOf(view.advisor);
  return (
    <div class="room room-advisor">
      <h1>
        Advisor of <a href={addressOf("order", name)}>{name}</a>
      </h1>
      {view.advisor === null ? (
        <p>No advisor is asked about this order.</p>
      ) : (
        <>
          <div class="side-by-side">
            <div class="column">
              <Panel name="advisor" title="How it does">
                <Advice advisor={view.advisor} isShort={false} />
              </Panel>
              <Panel name="latency" title="Latency" note="of each answer">
                <Latency entries={view.advisor.entries} />
              </Panel>
            </div>
            <div class="column">
              <Panel name="worth" title="What it is worth" note="in bps of the order">
                <Worth advisor={view.advisor} />
              </Panel>
              <Panel name="budget" title="Budget" note="of this order, as far as answers told">
                <Budget advisor={view.advisor} />
              </Panel>
            </div>
          </div>
          <Panel name="answers" title="Answers" note="newest first">
            <ol class="answers">
              {view.advisor.entries.toReversed().map((entry) => (
                <li key={entry.askedAt}>
                  <Entry entry={entry} reliability={reliability} />
                </li>
              ))}
            </ol>
          </Panel>
        </>
      )}
    </div>
  );
}

function AdvisedOrders() {
  void replica.rowsVersion.value;
  const advised = replica.allRows().filter(({ isAdvised }) => isAdvised);
  return (
    <div class="room">
      <h1>Advisor</h1>
      {advised.length === 0 ? (
        <p>No order here asks an advisor.</p>
      ) : (
        <ul class="links">
          {advised.map(({ parentId, symbol, strategy }) => (
            <li key={parentId}>
              <a href={addressOf("advisor", parentId)}>
                {parentId} {symbol} {strategy}
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Advice({ advisor, isShort }: { advisor: AdvisorView; isShort: boolean }) {
  const { envelope, latencyMs, entries } = advisor;
  const last = entries.findLast(({ answeredAt }) => answeredAt !== null);
  return (
    <>
      <dl class="facts">
        <Fact name="followed now">{advisor.isFollowed ? "yes" : "no"}</Fact>
        <Fact name="regime">{advisor.regime ?? <Unknown />}</Fact>
        <Fact name="calls">
          {advisor.asked} asked, {advisor.answered} answered, {advisor.followed} followed
        </Fact>
        <Fact name="value added, bps">
          <SoFar advisor={advisor} />
        </Fact>
        <Fact name="fallback rate">{share(advisor.fallbackRate)}</Fact>
        <Fact name="latency, ms">
          {latencyMs === null ? (
            <Unknown />
          ) : (
            `${number(latencyMs.p50, 0)} median, ${number(latencyMs.p95, 0)} at 95 %`
          )}
        </Fact>
        <Fact name="influence, at most">
          {Object.entries(advisor.influence)
            .map(([regime, most]) => `${regime} ${share(most, 0)}`)
            .join(", ")}
        </Fact>
        {!isShort && (
          <>
            <Fact name="where that is from">{advisor.influenceSource}</Fact>
            <Fact name="how sure it says it is">
              {advisor.confidence === null ? (
                <Unknown />
              ) : (
                `${share(advisor.confidence, 0)} on average of ${advisor.advised}`
              )}
            </Fact>
            <Fact name="every number found">
              {advisor.advised === 0 ? <Unknown /> : `${advisor.grounded} of ${advisor.advised}`}
            </Fact>
            <Fact name="cut by a limit">{advisor.clamped}</Fact>
          </>
        )}
        {envelope !== null && (
          <>
            <Fact name="corridor">± {share(envelope.corridor)}</Fact>
            <Fact name="variation used">
              {share(envelope.variationUsed)} of {share(envelope.variation)}
            </Fact>
            <Fact name="crossing used">
              {share(envelope.crossingUsed)} of {share(envelope.crossing)}
            </Fact>
            <Fact name="may cost at most, bps">
              {envelope.boundBps === null ? (
                <Unknown />
              ) : (
                `${number(envelope.boundBps[0])} at one sigma, ${number(envelope.boundBps[1])} at three`
              )}
            </Fact>
          </>
        )}
      </dl>
      {isShort && last !== undefined && <Entry entry={last} reliability={reliabilityOf(advisor)} />}
    </>
  );
}

const reliabilityOf = ({ worth }: AdvisorView): Reliability | null =>
  worth.measured?.reliability ?? null;

/** Of this order alone; luck is told beside it, because one order is mostly that. */
function SoFar({ advisor: { worth } }: { advisor: AdvisorView }) {
  const { soFar } = worth;
  if (soFar === null) return <>not known yet: nothing was followed</>;
  const { savedBps, luckBps, bets } = soFar;
  const word = Math.abs(savedBps) < 0.005 ? "even" : savedBps > 0 ? "saved" : "lost";
  const times = bets === 1 ? "once" : `${bets} times`;
  return (
    <>
      {number(Math.abs(savedBps))} {word}, followed {times}; luck alone: ± {number(luckBps)}
    </>
  );
}

function Worth({ advisor }: { advisor: AdvisorView }) {
  const { measured } = advisor.worth;
  return (
    <>
      <dl class="facts">
        <Fact name="this order, bps">
          <SoFar advisor={advisor} />
        </Fact>
      </dl>
      {measured === null ? (
        <p class="quiet">
          Of orders before: not known yet. No table of paired orders is behind the weights;{" "}
          <code>arrival evaluate influence</code> learns one.
        </p>
      ) : (
        <table class="plain" data-measured>
          <caption>
            Orders before, each against its twin without advice; intervals hold together at{" "}
            {share(measured.confidence, 0)}
          </caption>
          <thead>
            <tr>
              <th scope="col">regime</th>
              <th scope="col" class="figure">
                orders
              </th>
              <th scope="col" class="figure">
                saved, bps
              </th>
              <th scope="col" class="figure">
                interval
              </th>
            </tr>
          </thead>
          <tbody>
            {measured.regimes.map(({ regime, orders, savedBps }) => (
              <tr key={regime}>
                <td>{regime}</td>
                <td class="figure">{orders}</td>
                <td class="figure">{savedBps === null ? <Unknown /> : signed(savedBps.mean)}</td>
                <td class="figure">
                  {savedBps === null
                    ? "too few to tell"
                    : `${signed(savedBps.low)} to ${signed(savedBps.high)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Trust reliability={reliabilityOf(advisor)} />
    </>
  );
}

/** How often it was right, by how sure it said it was. */
function Trust({ reliability }: { reliability: Reliability | null }) {
  if (reliability === null) {
    return (
      <p class="quiet">
        How often it is right when it says how sure it is: not known yet.{" "}
        <code>arrival evaluate advisor</code> holds its confidence against rollouts.
      </p>
    );
  }
  const { decisions, right, bins } = reliability;
  return (
    <table class="plain" data-reliability>
      <caption>
        How sure it said it was, and how often it was right: {share(right, 0)} of {decisions}{" "}
        decisions, by rollouts
      </caption>
      <thead>
        <tr>
          <th scope="col" class="figure">
            told, on average
          </th>
          <th scope="col" class="figure">
            right
          </th>
          <th scope="col" class="figure">
            decisions
          </th>
        </tr>
      </thead>
      <tbody>
        {bins.map((bin) => (
          <tr key={bin.from}>
            <td class="figure">{share(bin.confidence, 0)}</td>
            <td class="figure">{share(bin.right, 0)}</td>
            <td class="figure">{bin.decisions}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function left(spent: number | null, most: number | null, digits: number): string {
  if (spent === null)
    return most === null ? "not told, no limit" : `not told, of ${grouped(String(most))}`;
  const told = (value: number): string => grouped(value.toFixed(digits));
  if (most === null) return `${told(spent)} spent, no limit`;
  return `${told(Math.max(0, most - spent))} left of ${told(most)}`;
}

function Budget({ advisor: { budget } }: { advisor: AdvisorView }) {
  const { questions, tokens, usd } = budget;
  return (
    <dl class="facts">
      <Fact name="questions">{left(questions.spent, questions.most, 0)}</Fact>
      <Fact name="tokens">{left(tokens.spent, tokens.most, 0)}</Fact>
      <Fact name="US dollars">{left(usd.spent, usd.most, 4)}</Fact>
    </dl>
  );
}

function Latency({ entries }: { entries: readonly AdviceEntry[] }) {
  const told = entries.filter(({ latencyMs }) => latencyMs !== null);
  if (told.length === 0) return <p class="quiet">No answer yet.</p>;
  return (
    <SeriesChart
      label="Latency of each answer"
      unit="ms"
      xs={told.map(({ askedAt }) => askedAt / 1e6)}
      lines={[
        {
          label: "ms",
          colour: "plan",
          shape: "bars",
          digits: 0,
          values: told.map(({ latencyMs }) => latencyMs),
        },
      ]}
    />
  );
}

function Confidence({
  confidence,
  reliability,
}: {
  confidence: number;
  reliability: Reliability | null;
}) {
  const bin = reliability === null ? undefined : likewise(reliability, confidence);
  return (
    <>
      confidence {share(confidence, 0)} (
      {bin === undefined ? "how reliable that is, nobody has measured" : likewiseText(bin)})
    </>
  );
}

function Entry({ entry, reliability }: { entry: AdviceEntry; reliability: Reliability | null }) {
  const { answer, askedAt, cause, advisor, latencyMs, weight, dropped, clamps } = entry;
  return (
    <article class="advice">
      <p class="advice-head">
        <time>{clock(askedAt)} UTC</time> asked because of {cause}
        {advisor !== null && ` · ${advisor}`}
        {latencyMs !== null && ` · ${number(latencyMs, 0)} ms`}
      </p>
      {answer === null && <p class="quiet">No answer yet.</p>}
      {answer?.kind === "none" && (
        <p>
          No advice ({answer.reason}): {answer.text}. The classical plan carries on.
        </p>
      )}
      {answer?.kind === "advice" && (
        <>
          <p>
            <strong>{answer.advice.action}</strong>,{" "}
            <Confidence confidence={answer.advice.confidence} reliability={reliability} />, urgency{" "}
            {answer.advice.urgency}
            {answer.source === "cache" && ", from the cache"}
            {" · "}
            {weight === null ? "not done" : `${share(weight, 0)} of it done`}
          </p>
          <blockquote>
            <Reasoning entry={entry} />
          </blockquote>
          <p class="quiet">Risk, in its words: {answer.advice.risk}</p>
        </>
      )}
      {dropped !== null && <p class="unwell">Dropped: {dropped}</p>}
      {clamps.map(({ what, asked, allowed, why }) => (
        <p key={what} class="clamp">
          {what}: asked {asked}, allowed {allowed}, {why}
        </p>
      ))}
    </article>
  );
}

function Reasoning({ entry }: { entry: AdviceEntry }) {
  if (entry.grounded.length === 0)
    return <>{entry.answer?.kind === "advice" ? entry.answer.advice.reasoning : ""}</>;
  return (
    <>
      {entry.grounded.map(({ text, mark }, place) =>
        mark === "text" ? (
          text
        ) : (
          <mark
            // The pieces of one text never change their places.
            key={place}
            class={mark === "found" ? "found" : "made-up"}
            title={
              mark === "found"
                ? "This number stands in the question."
                : "This number does not stand in the question."
            }
          >
            {text}
            {mark === "not" && <sup>?</sup>}
          </mark>
        ),
      )}
    </>
  );
}
