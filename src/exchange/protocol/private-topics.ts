/**
 * Private topics: what can be heard of an account, and under which names.
 *
 * `order` brings every category, `order.linear` one; a message says the name it was asked for by.
 */
import type { Category } from "../exchange-types.ts";

export type EventKind = "order" | "execution" | "position" | "wallet";

export interface PrivateTopic {
  readonly name: string;
  /** `fast`: executions in their short form. `dcp`: brings nothing, arms disconnect protection. */
  readonly kind: EventKind | "fast" | "dcp";
  /** Undefined: all. */
  readonly category: Category | undefined;
}

const CATEGORIES: readonly Category[] = ["linear", "inverse", "spot"];

function named(name: string, kind: PrivateTopic["kind"], categories = CATEGORIES): PrivateTopic[] {
  const all: PrivateTopic = { name, kind, category: undefined };
  return [all, ...categories.map((category) => ({ name: `${name}.${category}`, kind, category }))];
}

const TOPICS = new Map(
  [
    ...named("order", "order"),
    ...named("execution", "execution"),
    ...named("execution.fast", "fast"),
    ...named("position", "position", ["linear", "inverse"]),
    ...named("wallet", "wallet", []),
    { name: "dcp.future", kind: "dcp" as const, category: undefined },
    { name: "dcp.spot", kind: "dcp" as const, category: undefined },
    { name: "dcp.option", kind: "dcp" as const, category: undefined },
  ].map((topic) => [topic.name, topic]),
);

export const privateTopic = (name: string): PrivateTopic | undefined => TOPICS.get(name);

export const isAbout = (
  topic: PrivateTopic,
  kind: EventKind,
  category: Category | undefined,
): boolean =>
  (topic.kind === kind || (topic.kind === "fast" && kind === "execution")) &&
  (topic.category === undefined || topic.category === category);
