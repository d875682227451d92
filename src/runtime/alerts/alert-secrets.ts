/**
 * Alert secrets: tokens, passwords and signing keys of the channels, from the environment alone.
 *
 * Each may be given as a variable, or by NAME_FILE as a file that nobody else can read. What must
 * stay true: however one is printed, joined or serialised, what it holds is not in the text.
 */
import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Environment, readValue } from "../../venues/bybit/credentials.ts";

export const SECRET_NAMES = {
  webhookUrl: "ARRIVAL_ALERT_WEBHOOK_URL",
  webhookSecret: "ARRIVAL_ALERT_WEBHOOK_SECRET",
  telegramToken: "ARRIVAL_ALERT_TELEGRAM_TOKEN",
  mailPassword: "ARRIVAL_ALERT_SMTP_PASSWORD",
} as const;

export interface AlertFault {
  readonly code: "ALERT_SECRET";
  readonly text: string;
}

export class AlertSecret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** For the one place that sends it. */
  reveal(): string {
    return this.#value;
  }

  /** HMAC-SHA256 in hex. */
  sign(text: string): string {
    return createHmac("sha256", this.#value).update(text).digest("hex");
  }

  /** Takes it out of any text. */
  redact(text: string): string {
    const forms = [
      this.#value,
      encodeURIComponent(this.#value),
      JSON.stringify(this.#value).slice(1, -1),
      Buffer.from(this.#value).toString("base64").replace(/=+$/, ""),
      Buffer.from(this.#value).toString("hex"),
    ];
    return forms.reduce((clean, form) => clean.replaceAll(form, "[secret]"), text);
  }

  toString(): string {
    return "AlertSecret";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "AlertSecret";
  }
}

/** Visible letters: what cannot stand in a header or an address never leaves this file. */
const SYNTAX = /^[\x21-\x7e]{6,2000}$/;

/** Undefined: it is not given. */
export function readSecret(
  environment: Environment,
  name: string,
): Result<AlertSecret | undefined, AlertFault> {
  const read = readValue(environment, name);
  if (!read.ok) return refuse(read.error.text);
  if (read.value === undefined) return ok(undefined);
  if (SYNTAX.test(read.value)) return ok(new AlertSecret(read.value));
  return refuse(`${name} is none: 6 to 2000 visible letters, without blanks`);
}

/** @returns a fault where it is not given. */
export function needSecret(
  environment: Environment,
  name: string,
  what: string,
): Result<AlertSecret, AlertFault> {
  const read = readSecret(environment, name);
  if (!read.ok) return read;
  if (read.value !== undefined) return ok(read.value);
  return refuse(`${what} is switched on, but ${name} (or ${name}_FILE) is not set`);
}

const refuse = (text: string) => err({ code: "ALERT_SECRET", text } as const);
