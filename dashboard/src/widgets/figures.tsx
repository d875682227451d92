/**
 * Figures: how one number stands on the page, with its unit and, for a cost, a word for its sign.
 */
import type { ComponentChildren } from "preact";
import type { DataHealth } from "../../../src/core/domain/decision.ts";
import { costWord, grouped, number, UNKNOWN } from "../format.ts";

export function Unknown() {
  return (
    <span class="unknown" title="not known" aria-label="not known">
      {UNKNOWN}
    </span>
  );
}

/** Exact decimal text. */
export function Exact({ text }: { text: string | null }) {
  return text === null ? <Unknown /> : <>{grouped(text)}</>;
}

/** Positive = paid. */
export function CostBps({ value, unit = true }: { value: number | null; unit?: boolean }) {
  if (value === null) return <Unknown />;
  const word = costWord(value);
  return (
    <span class={`cost ${word}`}>
      {number(Math.abs(value))}
      {unit && <span class="unit"> bps</span>} <span class="word">{word}</span>
    </span>
  );
}

/** Against a baseline: `worse` = we paid more. */
export function AgainstBps({ value }: { value: number | null }) {
  if (value === null) return <Unknown />;
  const word = { paid: "worse", gained: "better", even: "even" }[costWord(value)];
  return (
    <span class={`cost ${costWord(value)}`}>
      {number(Math.abs(value))} <span class="word">{word}</span>
    </span>
  );
}

const HEALTHS: Readonly<Record<DataHealth, { mark: string; word: string; isWell: boolean }>> = {
  healthy: { mark: "●", word: "healthy", isWell: true },
  "no-data": { mark: "○", word: "no data", isWell: false },
  stale: { mark: "◐", word: "stale", isWell: false },
  gapped: { mark: "◧", word: "gapped", isWell: false },
  crossed: { mark: "✕", word: "crossed", isWell: false },
  "one-sided": { mark: "◨", word: "one-sided", isWell: false },
};

export function Health({ health }: { health: DataHealth }) {
  const { mark, word, isWell } = HEALTHS[health];
  return (
    <span class={isWell ? "well" : "unwell"}>
      <span aria-hidden="true">{mark}</span> {word}
    </span>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Panel({
  title,
  note,
  name,
  children,
}: {
  title: string;
  note?: ComponentChildren;
  /** For the layout and for tests. */
  name: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel panel-${name}`} aria-label={title} data-panel={name}>
      <h2>
        {title}
        {note !== undefined && <span class="note"> {note}</span>}
      </h2>
      {children}
    </section>
  );
}

export function Progress({ share, label }: { share: number; label: string }) {
  return <progress class="progress" max={1} value={share} aria-label={label} />;
}
