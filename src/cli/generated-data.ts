/**
 * Generated data: what `--data generated` says of the market that is to be made.
 *
 * `generated`, or `generated:knob=value,knob=value`. What a knob names as a file (a scenario, a
 * profile that `data fit` wrote) goes into the journal whole. What must stay true: a knob that is
 * not given leaves the market as it was, to the byte.
 */
import { type GeneratedKnobs, parseKnobs } from "../runtime/generated-knobs.ts";
import { CommandError } from "./output.ts";

export type { GeneratedKnobs };

/**
 * The knobs of a generated market; undefined where `--data` names recordings.
 * @throws CommandError of an unknown knob, or one out of its range.
 */
export function generatedKnobs(data: readonly string[]): GeneratedKnobs | undefined {
  const generated = data.find((one) => /^generated(:|$)/.test(one));
  if (generated === undefined) return undefined;
  if (data.length > 1) {
    throw usage(generated, "a generated market stands alone, without recordings or another one");
  }
  if (generated === "generated") return {};
  const parsed = parseKnobs(generated.slice("generated:".length));
  if (parsed.ok) return parsed.value;
  const { code, text } = parsed.error;
  throw code === "USAGE" ? usage(generated, text) : new CommandError(code, text);
}

const usage = (data: string, text: string): CommandError =>
  new CommandError("USAGE", `--data ${data}: ${text}`);
