/**
 * Run tally: what a live run counts while it works, and what of it is told at its end.
 */
import type { EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import { executionOf } from "../../core/execution/execution-record.ts";
import { analyse } from "../../core/tca/report.ts";
import type { Alert, LiveResult, OrderResult } from "./live-terms.ts";

export class RunTally {
  readonly alerts: Alert[] = [];
  readonly #refusals = new Map<string, number>();

  note(output: EngineOutput): void {
    if (output.kind === "raise-alert") this.alerts.push(output);
    if (output.kind !== "order-refused" && output.kind !== "parent-refused") return;
    const { code } = output.refusal;
    this.#refusals.set(code, 1 + (this.#refusals.get(code) ?? 0));
  }

  /**
   * Of one parent order, by the engine as it stands in the end; and of all where there are several.
   *
   * @param isOfOne the others are not asked for.
   */
  result(
    engine: Engine,
    parentId: string,
    now: Micros,
    isOfOne = false,
  ): OrderResult & Pick<LiveResult, "orders" | "rows" | "alerts" | "refusals"> {
    const { parents } = engine;
    return {
      ...resultOf(engine, parentId, now),
      ...(parents.size > 1 && !isOfOne
        ? { orders: [...parents.keys()].map((id) => resultOf(engine, id, now)) }
        : {}),
      rows: engine.instruments[0]!.observer.position,
      alerts: this.alerts,
      refusals: [...this.#refusals].map(([code, count]) => ({ code, count })),
    };
  }
}

function resultOf(engine: Engine, parentId: string, now: Micros): OrderResult {
  const parent = engine.parents.get(parentId);
  const market = engine.instruments[0]!;
  const horizon = parent?.midAtEnd ?? market.observer.lastMid;
  const execution =
    parent === undefined || horizon === undefined
      ? undefined
      : executionOf(parent, market, now, horizon);
  return {
    parentId,
    phase: parent?.phase ?? "failed",
    reason: parent?.reason ?? "refused",
    report: execution === undefined ? null : analyse(execution),
  };
}
