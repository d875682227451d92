/**
 * Advice: what the advisor was asked, what it said, and how much of that was done.
 *
 * Its words come from outside and are text, never markup. Numbers that stand in what it was asked
 * are marked, and those that do not are marked otherwise: it may have made them up.
 */
import type { AdviceEntry, AdvisorView } from "../../../src/view/shapes.ts";
import { clock, number, share } from "../format.ts";
import { replica } from "../state/desk.ts";
import { addressOf } from "../state/route.ts";
import { Fact, Panel, Unknown } from "../widgets/figures.tsx";
import { SeriesChart } from "../widgets/series-chart.tsx";

export function AdvisorRoom({ name }: { name: string }) {
  if (name === "") return <AdvisedOrders />;
  const view = replica.order(name).value;
  if (!view) return <p class="room quiet">Waiting for {name}…</p>;
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
            <Panel name="advisor" title="How it does">
              <Advice advisor={view.advisor} isShort={false} />
            </Panel>
            <Panel name="latency" title="Latency" note="of each answer">
              <Latency entries={view.advisor.entries} />
            </Panel>
          </div>
          <Panel name="answers" title="Answers" note="newest first">
            <ol class="answers">
              {view.advisor.entries.toReversed().map((entry) => (
                <li key={entry.askedAt}>
                  <Entry entry={entry} />
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
      {isShort && last !== undefined && <Entry entry={last} />}
    </>
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

function Entry({ entry }: { entry: AdviceEntry }) {
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
            <strong>{answer.advice.action}</strong>, confidence {share(answer.advice.confidence, 0)}
            , urgency {answer.advice.urgency}
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
