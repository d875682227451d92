/**
 * What if: what the rest of an order would be expected to cost at other urgencies, asked on demand.
 *
 * It is the estimate that a new order gets, for what is left over the time that is left.
 */
import { useSignal } from "@preact/signals";
import type { OrderView } from "../../../src/view/shapes.ts";
import { api, type OrderForm, type OrderPreview, type Refusal } from "../state/api.ts";
import { Panel } from "../widgets/figures.tsx";
import { Costs } from "./estimate.tsx";

const CATEGORY: Readonly<Record<string, OrderForm["category"]>> = {
  inverse: "inverse",
  spot: "spot",
};

/** Undefined: there is nothing left to ask for. */
function formOf({ row, remaining, secondsLeft, terms }: OrderView): OrderForm | undefined {
  const [left = "0"] = remaining.split(" ");
  if (!row.isLive || !(Number(left) > 0) || secondsLeft < 1) return undefined;
  const kind = row.instrument.split(":")[1] ?? "";
  return {
    symbol: row.symbol,
    category: CATEGORY[kind] ?? "linear",
    side: row.side,
    quantity: left,
    over: `${Math.ceil(secondsLeft)}s`,
    strategy: row.strategy,
    urgency: terms.urgency,
    acceptInfeasible: true,
    ...(terms.maxParticipation !== null && { maxParticipation: terms.maxParticipation }),
  };
}

export function WhatIf({ view }: { view: OrderView }) {
  const preview = useSignal<OrderPreview | undefined>(undefined);
  const refusal = useSignal<Refusal | undefined>(undefined);
  const form = formOf(view);
  if (form === undefined) return null;
  const ask = async (): Promise<void> => {
    const answer = await api.preview(form);
    preview.value = answer.ok ? answer.value : undefined;
    refusal.value = answer.ok ? undefined : answer.refusal;
  };
  return (
    <Panel name="what-if" title="What if" note="the rest at other urgencies; nothing is sent">
      <button type="button" onClick={() => void ask()}>
        Estimate the rest
      </button>
      {refusal.value !== undefined && (
        <p class="unwell" role="status">
          {refusal.value.text} ({refusal.value.code})
        </p>
      )}
      {preview.value !== undefined && <Costs preview={preview.value} />}
    </Panel>
  );
}
