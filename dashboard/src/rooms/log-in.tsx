/**
 * Log in: trades a token for the browser's session. The token is not kept by the page.
 */
import { useSignal } from "@preact/signals";
import { logIn } from "../state/desk.ts";
import type { Refusal } from "../state/api.ts";

export function LogIn() {
  const refusal = useSignal<Refusal | undefined>(undefined);
  const isAsking = useSignal(false);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = String(new FormData(form).get("token")).trim();
    isAsking.value = true;
    refusal.value = await logIn(token);
    isAsking.value = false;
    if (refusal.value !== undefined) form.reset();
  };
  return (
    <main class="log-in">
      <h1>Arrival</h1>
      <form class="panel" onSubmit={(event) => void onSubmit(event)}>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required autofocus />
        </label>
        <button type="submit" class="main" disabled={isAsking.value}>
          Log in
        </button>
        {refusal.value !== undefined && (
          <p class="unwell" role="alert">
            ✕ {refusal.value.text} ({refusal.value.code})
          </p>
        )}
        <p class="quiet">
          The server printed a token for each role when it was first started;{" "}
          <code>arrival serve --new-tokens</code> makes new ones.
        </p>
      </form>
    </main>
  );
}
