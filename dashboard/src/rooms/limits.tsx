/**
 * Limits: the risk limits of one market's run; whoever is admin changes them, one by one.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, type LimitsNow, toldOf } from "../state/api.ts";
import { who } from "../state/desk.ts";
import { type Outcome, OutcomeLine } from "../widgets/dialog.tsx";
import { Panel } from "../widgets/figures.tsx";

export function Limits({ instrument }: { instrument: string }) {
  const limits = useSignal<LimitsNow["limits"]>({});
  const outcome = useSignal<Outcome | undefined>(undefined);
  const load = async (): Promise<void> => {
    const answer = await api.limits(instrument);
    if (answer.ok) limits.value = answer.value.limits;
    else outcome.value = { kind: "refused", refusal: answer.refusal };
  };
  useEffect(() => void load(), [instrument]);
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const [name, text] = [String(data.get("name")), String(data.get("value")).trim()];
    outcome.value = { kind: "asking" };
    const answer = await api.setLimits(instrument, { [name]: valueOf(text, limits.value[name]) });
    outcome.value = answer.ok
      ? { kind: "taken", text: toldOf(answer.value) }
      : { kind: "refused", refusal: answer.refusal };
    if (answer.ok) await load();
  };
  const names = Object.keys(limits.value);
  return (
    <Panel name="limits" title="Limits of this run">
      <dl class="facts">
        {names.map((name) => (
          <div class="fact" key={name}>
            <dt>{name}</dt>
            <dd>{written(limits.value[name])}</dd>
          </div>
        ))}
      </dl>
      {who.value?.role === "admin" && !who.value.isReadOnly && names.length > 0 && (
        <form class="tools" onSubmit={(event) => void onSubmit(event)} autocomplete="off">
          <select name="name" aria-label="Limit to change">
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <input name="value" aria-label="Its new value" placeholder="new value" required />
          <button type="submit">Change</button>
        </form>
      )}
      <OutcomeLine outcome={outcome.value} />
    </Panel>
  );
}

const written = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);

/** Exact decimals are text and stay text; all else is read as JSON where it is. */
function valueOf(text: string, before: unknown): unknown {
  if (typeof before === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
