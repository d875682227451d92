/**
 * API key: what a provider knows us by, from the environment alone.
 *
 * What must stay true: however one is printed, joined, serialised or inspected, the key is not in
 * the text; and whatever the other side sends back, the key is taken out before anybody sees it.
 */
import { inspect } from "node:util";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { AdvisorFault } from "../advisor.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Visible letters: what cannot stand in a header never leaves this file. */
const SYNTAX = /^[\x21-\x7e]{1,4000}$/;
/** A shorter one would take every other word out of a text. */
const LEAST_REDACTED = 6;

export class ApiKey {
  readonly #value: string;
  readonly #forms: readonly string[];

  constructor(value: string) {
    this.#value = value;
    const forms = [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString("base64").replace(/=+$/, ""),
      Buffer.from(value).toString("base64url"),
      Buffer.from(value).toString("hex"),
    ];
    this.#forms = [...new Set(forms)]
      .filter(({ length }) => length >= LEAST_REDACTED)
      .sort((a, b) => b.length - a.length);
  }

  /** For the one place that sends it. */
  reveal(): string {
    return this.#value;
  }

  /** Takes it out of any text. */
  redact(text: string): string {
    return this.#forms.reduce((clean, form) => clean.replaceAll(form, "[key]"), text);
  }

  toString(): string {
    return "ApiKey";
  }

  toJSON(): string {
    return "[key]";
  }

  [inspect.custom](): string {
    return "ApiKey";
  }
}

/** Undefined: it is not given. */
export function readKey(
  environment: Environment,
  name: string,
): Result<ApiKey | undefined, AdvisorFault> {
  const value = environment[name]?.trim();
  if (value === undefined || value === "") return ok(undefined);
  if (SYNTAX.test(value)) return ok(new ApiKey(value));
  const text = `${name} is no key: visible letters without blanks, at most 4000`;
  return err({ code: "ADVISOR_KEY", text });
}
