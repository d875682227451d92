/**
 * Order controls: pause, resume, amend, switch and cancel one order, each with what came of it.
 *
 * A request is sent once; what it led to is what the server answers, and what the stream shows.
 */
import { type Signal, useSignal } from "@preact/signals";
import type { OrderView } from "../../../src/view/shapes.ts";
import { api, type OrderCommand, toldOf } from "../state/api.ts";
import { mayTrade } from "../state/desk.ts";
import { Dialog, type Outcome, OutcomeLine } from "../widgets/dialog.tsx";

type Asked = "amend" | "switch" | "cancel" | undefined;

export function OrderControls({ view }: { view: OrderView }) {
  const { row } = view;
  const outcome = useSignal<Outcome | undefined>(undefined);
  const asked = useSignal<Asked>(undefined);
  const tell = async (command: OrderCommand): Promise<void> => {
    outcome.value = { kind: "asking" };
    const answer = await api.command(row.parentId, command);
    outcome.value = answer.ok
      ? { kind: "taken", text: toldOf(answer.value) }
      : { kind: "refused", refusal: answer.refusal };
    if (answer.ok) asked.value = undefined;
  };
  if (!row.isLive) return null;
  const isClosed = !mayTrade();
  const isPaused = row.phase === "paused";
  const close = (): void => void (asked.value = undefined);
  return (
    <div class="controls" role="group" aria-label="Steer this order">
      <button
        type="button"
        disabled={isClosed || isPaused}
        onClick={() => void tell({ command: "pause", reason: "by hand, on the page" })}
      >
        Pause
      </button>
      <button
        type="button"
        disabled={isClosed || !isPaused}
        onClick={() => void tell({ command: "resume" })}
      >
        Resume
      </button>
      <button type="button" disabled={isClosed} onClick={() => (asked.value = "amend")}>
        Amend…
      </button>
      <button type="button" disabled={isClosed} onClick={() => (asked.value = "switch")}>
        Switch strategy…
      </button>
      <button
        type="button"
        class="danger"
        disabled={isClosed}
        onClick={() => (asked.value = "cancel")}
      >
        Cancel…
      </button>
      {isClosed && <span class="quiet">You may look on; a trader may steer.</span>}
      <OutcomeLine outcome={outcome.value} />
      {asked.value === "amend" && (
        <AmendDialog view={view} tell={tell} outcome={outcome} onClose={close} />
      )}
      {asked.value === "switch" && (
        <SwitchDialog view={view} tell={tell} outcome={outcome} onClose={close} />
      )}
      {asked.value === "cancel" && (
        <CancelDialog view={view} tell={tell} outcome={outcome} onClose={close} />
      )}
    </div>
  );
}

interface DialogProps {
  readonly view: OrderView;
  readonly outcome: Signal<Outcome | undefined>;
  tell(command: OrderCommand): Promise<void>;
  onClose(): void;
}

const textOf = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
};

/** Only what was filled in is another; "none" takes a limit away. */
function amendmentOf(data: FormData, isMoney: boolean): OrderCommand {
  const [quantity, over, urgency] = ["quantity", "over", "urgency"].map((each) =>
    textOf(data, each),
  );
  const [limit, participation] = [textOf(data, "limit"), textOf(data, "participation")];
  return {
    command: "amend",
    ...(quantity !== "" && (isMoney ? { notional: quantity! } : { quantity: quantity! })),
    ...(over !== "" && { over: over! }),
    ...(urgency !== "" && { urgency: Number(urgency) }),
    ...(limit !== "" && { limit: limit === "none" ? null : limit }),
    ...(participation !== "" && {
      maxParticipation: participation === "none" ? null : Number(participation) / 100,
    }),
  };
}

function AmendDialog({ view, outcome, tell, onClose }: DialogProps) {
  const { terms, row } = view;
  const isMoney = typeof view.report?.quantity.notional === "string";
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void tell(amendmentOf(new FormData(form), isMoney));
  };
  return (
    <Dialog title={`Amend ${row.parentId}`} onClose={onClose}>
      <form onSubmit={onSubmit} autocomplete="off">
        <p class="quiet">What is left empty stays as it is. “none” takes a limit away.</p>
        <label>
          Quantity, all of the order (now {row.quantity})
          <input name="quantity" inputMode="decimal" />
        </label>
        <label>
          Over, from now on, such as 30m
          <input name="over" />
        </label>
        <label>
          Urgency, 0 patient to 1 at once (now {terms.urgency})
          <input name="urgency" inputMode="decimal" />
        </label>
        <label>
          Limit price (now {terms.limitPrice ?? "none"})
          <input name="limit" />
        </label>
        <label>
          Participation at most, % (now{" "}
          {terms.maxParticipation === null ? "none" : terms.maxParticipation * 100})
          <input name="participation" />
        </label>
        <DialogEnd yes="Amend" outcome={outcome.value} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function SwitchDialog({ view, outcome, tell, onClose }: DialogProps) {
  const parameters = useSignal("");
  const problem = useSignal("");
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const tactic = textOf(data, "tactic");
    const parsed = parametersOf(parameters.value);
    if (parsed === undefined) {
      problem.value = 'Parameters are a JSON object, such as {"halfLife": "5m"}.';
      return;
    }
    problem.value = "";
    void tell({
      command: "switch",
      strategy: textOf(data, "strategy"),
      ...(Object.keys(parsed).length > 0 && { parameters: parsed }),
      ...(tactic !== "" && { tactic: { name: tactic } }),
    });
  };
  return (
    <Dialog title={`Switch the strategy of ${view.row.parentId}`} onClose={onClose}>
      <form onSubmit={onSubmit} autocomplete="off">
        <label>
          Strategy (now {view.row.strategy})
          <input name="strategy" list="strategies" required />
        </label>
        <label>
          Tactic, empty: the strategy's own
          <input name="tactic" />
        </label>
        <label>
          Parameters as JSON, empty: its own
          <textarea
            rows={3}
            value={parameters.value}
            onInput={(event) => (parameters.value = event.currentTarget.value)}
          />
        </label>
        {problem.value !== "" && <p class="unwell">{problem.value}</p>}
        <DialogEnd yes="Switch" outcome={outcome.value} onClose={onClose} />
      </form>
    </Dialog>
  );
}

export function parametersOf(text: string): Record<string, never> | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, never>)
      : undefined;
  } catch {
    return undefined;
  }
}

function CancelDialog({ view, outcome, tell, onClose }: DialogProps) {
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const reason = textOf(new FormData(event.currentTarget as HTMLFormElement), "reason");
    void tell({ command: "cancel", ...(reason !== "" && { reason }) });
  };
  return (
    <Dialog title={`Cancel ${view.row.parentId}?`} onClose={onClose}>
      <form onSubmit={onSubmit} autocomplete="off">
        <p>
          What rests is withdrawn and nothing more is sent. {view.row.filled} stay executed,{" "}
          {view.remaining} will not be done.
        </p>
        <label>
          Why, for the journal
          <input name="reason" maxLength={500} />
        </label>
        <DialogEnd yes="Cancel the order" outcome={outcome.value} onClose={onClose} isDanger />
      </form>
    </Dialog>
  );
}

function DialogEnd({
  yes,
  outcome,
  onClose,
  isDanger = false,
}: {
  readonly yes: string;
  readonly outcome: Outcome | undefined;
  readonly isDanger?: boolean;
  onClose(): void;
}) {
  return (
    <>
      {outcome?.kind === "refused" && <OutcomeLine outcome={outcome} />}
      <div class="dialog-end">
        <button type="button" onClick={onClose}>
          Leave it
        </button>
        <button
          type="submit"
          class={isDanger ? "danger" : "main"}
          disabled={outcome?.kind === "asking"}
        >
          {yes}
        </button>
      </div>
    </>
  );
}
