/**
 * Approvals: what waits for a second person: agree to exactly that, or refuse it.
 */
import { useSignal } from "@preact/signals";
import type { Approval } from "../../../src/view/stream.ts";
import { clock } from "../format.ts";
import { api, toldOf } from "../state/api.ts";
import { mayTrade, replica, who } from "../state/desk.ts";
import { type Outcome, OutcomeLine } from "../widgets/dialog.tsx";

export function Approvals() {
  const waiting = replica.approvals.value;
  const outcome = useSignal<Outcome | undefined>(undefined);
  const answer = async (id: string, how: "agree" | "refuse"): Promise<void> => {
    outcome.value = { kind: "asking" };
    const told = await api[how](id);
    outcome.value = told.ok
      ? { kind: "taken", text: toldOf(told.value) }
      : { kind: "refused", refusal: told.refusal };
  };
  return (
    <div class="room">
      <h1>Waiting for a second person</h1>
      {who.value?.secondApproval && (
        <p class="quiet">Orders above {who.value.secondApproval} in quote coin wait here.</p>
      )}
      {waiting.length === 0 && <p>Nothing waits.</p>}
      <ul class="approvals">
        {waiting.map((approval) => (
          <Waiting key={approval.id} approval={approval} answer={answer} />
        ))}
      </ul>
      <OutcomeLine outcome={outcome.value} />
    </div>
  );
}

function Waiting({
  approval,
  answer,
}: {
  readonly approval: Approval;
  answer(id: string, how: "agree" | "refuse"): Promise<void>;
}) {
  const { id, by, at, text, request, expiresAt } = approval;
  const isOwn = by === who.value?.user;
  return (
    <li class="panel">
      <p>
        <strong>{text}</strong>
      </p>
      <p class="quiet">
        asked by {by} at {clock(at)} UTC, lapses at {clock(expiresAt)} UTC
      </p>
      <pre>{JSON.stringify(request, null, 2)}</pre>
      <div class="controls">
        <button
          type="button"
          class="main"
          disabled={!mayTrade() || isOwn}
          onClick={() => void answer(id, "agree")}
        >
          Agree
        </button>
        <button type="button" disabled={!mayTrade()} onClick={() => void answer(id, "refuse")}>
          {isOwn ? "Withdraw" : "Refuse"}
        </button>
        {isOwn && <span class="quiet">Yours: somebody else has to agree.</span>}
      </div>
    </li>
  );
}
