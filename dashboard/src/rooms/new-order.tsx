/**
 * New order: the form, what it would mean if it began now, and the button that sends it.
 *
 * What must stay true: the button works only for what was previewed: who changes a field has to
 * see its estimate first.
 */
import { useSignal } from "@preact/signals";
import { api, type OrderForm, type OrderPreview, type Refusal } from "../state/api.ts";
import { mayTrade, takesOrders, who } from "../state/desk.ts";
import { open } from "../state/route.ts";
import { type Outcome, OutcomeLine } from "../widgets/dialog.tsx";
import { Panel } from "../widgets/figures.tsx";
import { Checks, Costs } from "./estimate.tsx";
import { parametersOf } from "./order-controls.tsx";

const read = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
};

/** A field that was left empty is the configuration's. */
function formOf(data: FormData): OrderForm | string {
  const parameters = parametersOf(read(data, "parameters"));
  if (parameters === undefined) return 'Parameters are a JSON object, such as {"halfLife": "5m"}.';
  const text = (name: string): Record<string, string> => {
    const value = read(data, name);
    return value === "" ? {} : { [name]: value };
  };
  const [urgency, participation] = [read(data, "urgency"), read(data, "participation")];
  const [amount, advised] = [read(data, "amount"), read(data, "advised")];
  return {
    symbol: read(data, "symbol"),
    category: read(data, "category") as OrderForm["category"],
    side: read(data, "side") as OrderForm["side"],
    over: read(data, "over"),
    ...(read(data, "counted") === "money" ? { notional: amount } : { quantity: amount }),
    ...text("startIn"),
    ...text("strategy"),
    ...text("tactic"),
    ...text("limit"),
    ...text("iWould"),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(urgency !== "" && { urgency: Number(urgency) }),
    ...(participation !== "" && { maxParticipation: Number(participation) / 100 }),
    ...(read(data, "residual") !== "" && {
      residual: read(data, "residual") as NonNullable<OrderForm["residual"]>,
    }),
    ...(data.has("reduceOnly") && { reduceOnly: true }),
    ...(data.has("acceptInfeasible") && { acceptInfeasible: true }),
    ...(advised !== "" && { isAdvised: advised === "yes" }),
  };
}

interface Previewed {
  readonly form: OrderForm;
  readonly preview: OrderPreview;
}

function useOrdering() {
  const previewed = useSignal<Previewed | undefined>(undefined);
  const refusal = useSignal<Refusal | undefined>(undefined);
  const outcome = useSignal<Outcome | undefined>(undefined);
  const isAsking = useSignal(false);
  const change = (): void => {
    previewed.value = undefined;
    outcome.value = undefined;
    refusal.value = undefined;
  };
  const preview = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    change();
    const form = formOf(new FormData(event.currentTarget as HTMLFormElement));
    if (typeof form === "string") {
      refusal.value = { code: "PAGE_FORM", text: form };
      return;
    }
    isAsking.value = true;
    const answer = await api.preview(form);
    isAsking.value = false;
    previewed.value = answer.ok ? { form, preview: answer.value } : undefined;
    refusal.value = answer.ok ? undefined : answer.refusal;
  };
  const send = async ({ form }: Previewed): Promise<void> => {
    outcome.value = { kind: "asking" };
    const answer = await api.submit(form);
    if (!answer.ok) {
      outcome.value = { kind: "refused", refusal: answer.refusal };
      return;
    }
    // What was sent is not sent again by a second press.
    previewed.value = undefined;
    const { parentId, approval } = answer.value;
    outcome.value = {
      kind: "taken",
      text:
        approval === undefined
          ? `taken on as ${parentId}`
          : `waits for a second person: ${approval.text}`,
    };
    if (parentId !== undefined) open("order", parentId);
  };
  return { previewed, refusal, outcome, isAsking, change, preview, send };
}

export function NewOrder() {
  if (takesOrders()) return <OrderForm />;
  return (
    <div class="room room-new">
      <h1>New order</h1>
      <p>
        This run works one order and takes on no other. <code>arrival serve</code> hosts a desk of
        many.
      </p>
    </div>
  );
}

function OrderForm() {
  const { previewed, refusal, outcome, isAsking, change, preview, send } = useOrdering();
  return (
    <div class="room room-new">
      <h1>New order</h1>
      {!mayTrade() && <p class="quiet">You may estimate; only a trader may send.</p>}
      <div class="two">
        <form
          class="panel order-form"
          aria-label="The order"
          autocomplete="off"
          onInput={change}
          onSubmit={(event) => void preview(event)}
        >
          <MainFields />
          <UsualFields />
          <MoreFields />
          <button type="submit" class="main" disabled={isAsking.value}>
            {isAsking.value ? "Estimating…" : "Estimate first"}
          </button>
        </form>
        <Panel name="preview" title="Before it is sent">
          {refusal.value !== undefined && (
            <p class="unwell" role="alert">
              ✕ {refusal.value.text} ({refusal.value.code})
            </p>
          )}
          {previewed.value === undefined ? (
            <p class="quiet">Fill in the form and ask for the estimate; it sends nothing.</p>
          ) : (
            <>
              <Checks preview={previewed.value.preview} />
              <Costs preview={previewed.value.preview} />
              <SendButton previewed={previewed.value} send={send} outcome={outcome.value} />
            </>
          )}
          <OutcomeLine outcome={outcome.value} />
        </Panel>
      </div>
    </div>
  );
}

function SendButton({
  previewed,
  send,
  outcome,
}: {
  readonly previewed: Previewed;
  readonly outcome: Outcome | undefined;
  send(previewed: Previewed): Promise<void>;
}) {
  const { preview, form } = previewed;
  const size = form.quantity ?? `${form.notional} of money in`;
  return (
    <div class="send">
      {preview.needsApproval && (
        <p>
          Above {who.value?.secondApproval ?? "the limit"} a second person has to agree before
          anything is sent.
        </p>
      )}
      <button
        type="button"
        class="main"
        data-send
        disabled={!preview.canSubmit || !mayTrade() || outcome?.kind === "asking"}
        onClick={() => void send(previewed)}
      >
        {preview.needsApproval ? "Propose: " : "Send: "}
        {form.side} {size} {form.symbol}
      </button>
      {!preview.canSubmit && <p class="unwell">It cannot be sent as it is: see what is not met.</p>}
    </div>
  );
}

function MainFields() {
  const counted = useSignal("units");
  return (
    <>
      <fieldset class="sides">
        <legend>Side</legend>
        <label>
          <input type="radio" name="side" value="buy" required defaultChecked /> ▲ buy
        </label>
        <label>
          <input type="radio" name="side" value="sell" required /> ▼ sell
        </label>
      </fieldset>
      <label>
        Symbol, as the venue writes it
        <input name="symbol" required placeholder="BTCUSDT" spellcheck={false} />
      </label>
      <label>
        Market
        <select name="category">
          <option value="linear">linear perpetual</option>
          <option value="inverse">inverse perpetual</option>
          <option value="spot">spot</option>
        </select>
      </label>
      <label>
        Counted in
        <select
          name="counted"
          value={counted.value}
          onChange={(event) => (counted.value = event.currentTarget.value)}
        >
          <option value="units">units of the instrument</option>
          <option value="money">money, in the quote coin</option>
        </select>
      </label>
      <label>
        {counted.value === "money" ? "Amount of money" : "Quantity"}
        <input name="amount" required inputMode="decimal" placeholder="1.5" />
      </label>
      <label>
        Over
        <input name="over" required placeholder="30m, 4h, 90s" />
      </label>
    </>
  );
}

function UsualFields() {
  return (
    <>
      <label>
        Strategy
        <input name="strategy" list="strategies" placeholder="as configured" />
      </label>
      <label>
        Urgency, 0 patient to 1 at once
        <input
          name="urgency"
          type="number"
          min={0}
          max={1}
          step={0.05}
          placeholder="as configured"
        />
      </label>
      <label>
        Limit price
        <input name="limit" inputMode="decimal" placeholder="none" />
      </label>
      <label>
        Participation at most, %
        <input
          name="participation"
          type="number"
          min={0.1}
          max={100}
          step={0.1}
          placeholder="none"
        />
      </label>
    </>
  );
}

function MoreFields() {
  return (
    <details>
      <summary>More</summary>
      <label>
        Start in
        <input name="startIn" placeholder="at once" />
      </label>
      <label>
        I would price: all at once there or better
        <input name="iWould" inputMode="decimal" placeholder="none" />
      </label>
      <label>
        Tactic
        <input name="tactic" placeholder="the strategy's own" />
      </label>
      <label>
        Parameters of the strategy, as JSON
        <textarea name="parameters" rows={2} spellcheck={false} />
      </label>
      <label>
        What is left at the end
        <select name="residual">
          <option value="">as configured</option>
          <option value="leave">is left</option>
          <option value="cross">is crossed for, inside every limit</option>
          <option value="cross-over-participation">
            is crossed for, over the participation too
          </option>
        </select>
      </label>
      <label>
        Ask an advisor
        <select name="advised">
          <option value="">as configured</option>
          <option value="yes">yes</option>
          <option value="no">no</option>
        </select>
      </label>
      <label class="tick">
        <input type="checkbox" name="reduceOnly" /> Reduce only
      </label>
      <label class="tick">
        <input type="checkbox" name="acceptInfeasible" /> Take it on although its limits may not let
        it finish
      </label>
    </details>
  );
}
