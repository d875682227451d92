/**
 * Finals: what must hold once a run has come to its end.
 *
 * The engine's orders are held against the exchange's books, order by order and execution by
 * execution. What must stay true: the exchange is right.
 */
import { isTerminal } from "../../src/core/domain/parent-order.ts";
import { sign } from "../../src/core/domain/side.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { ParentState } from "../../src/core/execution/parent-state.ts";
import { FOREIGN, type SimulatedExchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import { PARENT, PREFIX } from "./program.ts";
import type { Watch } from "./watch.ts";

export function checkEnd(
  watch: Watch,
  engine: Engine,
  exchange: SimulatedExchange,
  faults: Faults,
): void {
  const parent = engine.parents.get(PARENT);
  watch.demand(parent !== undefined, "the engine knows no order");
  if (parent === undefined) return;
  const { phase, reason } = parent;
  watch.demand(isTerminal(phase), `the order is ${phase} in the end (${reason})`);
  const resting = exchange.truth.resting(PREFIX);
  watch.demand(resting.length === 0, `${resting.join(", ")} still rest at the exchange`);
  if (faults.counts.has("foreign-order")) {
    const isThere = exchange.truth.resting(FOREIGN).length === 1;
    watch.demand(isThere, "somebody else's order is gone");
  }
  checkOrders(watch, parent, exchange);
  checkPosition(watch, parent, exchange);
}

function checkOrders(watch: Watch, parent: ParentState, { truth }: SimulatedExchange): void {
  let filled = 0;
  for (const [id, order] of truth.orders) {
    if (!id.startsWith(PREFIX)) continue;
    filled += order.cumulative;
    const child = parent.children.get(id as never);
    watch.demand(child !== undefined, `the engine does not know ${id}`);
    watch.demand(
      child?.cumulative === order.cumulative,
      `${id}: the engine has ${child?.cumulative} lots filled, the exchange ${order.cumulative}`,
    );
  }
  watch.demand(
    parent.filled === filled,
    `the engine has ${parent.filled} lots filled, the exchange ${filled}`,
  );
  for (const [id, { phase, cumulative }] of parent.children) {
    watch.demand(phase === "closed", `${id} is ${phase} in the end`);
    const has = truth.filledOf(id);
    watch.demand(cumulative === has, `${id}: the engine has ${cumulative} lots, executions ${has}`);
  }
  for (const [id, count] of truth.arrivals) {
    watch.demand(count === 1, `${id} arrived ${count} times at the exchange`);
  }
  checkExecutions(watch, parent, truth.executions);
}

function checkExecutions(
  watch: Watch,
  parent: ParentState,
  executions: SimulatedExchange["truth"]["executions"],
): void {
  const known = new Map(parent.fills.map((executed) => [executed.fill.executionId, executed]));
  watch.demand(known.size === parent.fills.length, "an execution was counted twice");
  let count = 0;
  for (const [id, list] of executions) {
    if (!id.startsWith(PREFIX)) continue;
    for (const { executionId, price, quantity } of list) {
      count += 1;
      const executed = known.get(executionId);
      const { fill, clientOrderId } = executed ?? {};
      const isSame = fill?.price === price && fill.quantity === quantity && clientOrderId === id;
      watch.demand(
        isSame,
        `execution ${executionId} of ${id}: the exchange has ${quantity} at ${price}, ` +
          `the engine ${fill?.quantity} at ${fill?.price}`,
      );
    }
  }
  watch.demand(count === known.size, `${known.size} executions are known, there were ${count}`);
}

function checkPosition(watch: Watch, parent: ParentState, exchange: SimulatedExchange): void {
  const { instrument, core } = exchange;
  const [position] = core.positions(0, { category: "linear", symbol: instrument.symbol });
  const size = position?.side === undefined ? 0 : sign(position.side) * position.size;
  const expected = sign(parent.order.side) * parent.filled + exchange.truth.signedLots(FOREIGN);
  watch.demand(size === expected, `the account holds ${size} lots, by the fills ${expected}`);
}
