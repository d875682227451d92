/**
 * Kill switch: stops everything, always in sight, and never by a slip: it asks for a word.
 */
import { signal, useSignal } from "@preact/signals";
import { api, type Killed } from "./state/api.ts";
import { mayTrade, replica } from "./state/desk.ts";
import { Dialog, type Outcome, OutcomeLine } from "./widgets/dialog.tsx";

const WORD = "KILL";

const isOpen = signal(false);
/** As by its button; whoever may not kill is shown nothing. */
export const askToKill = (): void => void (isOpen.value ||= mayTrade());

export function KillSwitch() {
  const isKilled = replica.runs.value.some((run) => run.isKilled);
  return (
    <>
      <button type="button" class="kill" data-kill disabled={!mayTrade()} onClick={askToKill}>
        {isKilled ? "KILLED" : "KILL"}
        <span class="unseen"> all orders</span>
      </button>
      {isOpen.value && <KillDialog onClose={() => (isOpen.value = false)} />}
    </>
  );
}

function KillDialog({ onClose }: { onClose(): void }) {
  const typed = useSignal("");
  const outcome = useSignal<Outcome | undefined>(undefined);
  const runs = useSignal<Killed["runs"]>([]);
  const isDone = outcome.value !== undefined && outcome.value.kind !== "refused";
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const reason = String(
      new FormData(event.currentTarget as HTMLFormElement).get("reason"),
    ).trim();
    if (typed.value !== WORD) return;
    outcome.value = { kind: "asking" };
    const answer = await api.kill(reason === "" ? "kill switch of the page" : reason);
    if (answer.ok) runs.value = answer.value.runs;
    outcome.value = answer.ok
      ? {
          kind: "taken",
          text: `told to ${answer.value.runs.length === 1 ? "one run" : `${answer.value.runs.length} runs`}`,
        }
      : { kind: "refused", refusal: answer.refusal };
  };
  return (
    <Dialog title="Stop everything?" onClose={onClose}>
      <form onSubmit={(event) => void onSubmit(event)} autocomplete="off">
        <p>
          All runs of this desk stop: what rests is withdrawn, nothing more is sent, and none goes
          on until its kill file is taken away by hand.
        </p>
        <label>
          Type {WORD}
          <input
            name="word"
            autofocus
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        <label>
          Why, for the journal
          <input name="reason" maxLength={500} />
        </label>
        <OutcomeLine outcome={outcome.value} />
        <ul>
          {runs.value.map(({ ok, text }, place) => (
            <li key={place} class={ok ? "" : "unwell"}>
              {ok ? "✓" : "✕"} {text}
            </li>
          ))}
        </ul>
        <div class="dialog-end">
          <button type="button" onClick={onClose}>
            {outcome.value?.kind === "taken" ? "Close" : "Leave it"}
          </button>
          <button type="submit" class="danger" disabled={typed.value !== WORD || isDone}>
            Stop everything
          </button>
        </div>
      </form>
    </Dialog>
  );
}
