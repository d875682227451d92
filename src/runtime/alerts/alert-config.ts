/**
 * Alert config: which alerts are sent out of a run, and where to.
 *
 * The whole config is journaled, so no secret has a place here: tokens, passwords and signing keys
 * come from the environment (`alert-secrets.ts`). What must stay true: an address that could hold a
 * secret is refused.
 */
import { z } from "zod";
import { numberWhere, oneOf, setting, type Shape } from "../config-settings.ts";
import { ALERT_KINDS, type AlertKind, SEVERITIES, type Severity } from "./alert.ts";

/** An address that is taken from the environment, where it is a secret itself. */
export const FROM_ENVIRONMENT = "environment";

export interface WebhookConfig {
  /** Absolute, or `environment`. Null: off. */
  readonly url: string | null;
}

export interface TelegramConfig {
  /** The chat that the bot writes to. Null: off. */
  readonly chat: string | null;
  readonly server: string;
}

export const MAIL_SECURITY = ["tls", "starttls", "none"] as const;

export interface EmailConfig {
  /** Empty: off. */
  readonly to: readonly string[];
  readonly from: string | null;
  readonly host: string | null;
  readonly port: number;
  /** `tls` from the first byte, `starttls` asked for and insisted on, `none` on loopback only. */
  readonly security: (typeof MAIL_SECURITY)[number];
  /** Null: the server asks for no password. */
  readonly user: string | null;
}

export interface AlertsConfig {
  readonly minimum: Severity;
  /** Empty: all. */
  readonly kinds: readonly AlertKind[];
  /** More are held back and summed up in one message. */
  readonly perMinute: number;
  readonly webhook: WebhookConfig;
  readonly telegram: TelegramConfig;
  readonly email: EmailConfig;
}

export const DEFAULT_ALERTS: AlertsConfig = Object.freeze<AlertsConfig>({
  minimum: "warning",
  kinds: [],
  perMinute: 10,
  webhook: { url: null },
  telegram: { chat: null, server: "https://api.telegram.org" },
  email: { to: [], from: null, host: null, port: 587, security: "starttls", user: null },
});

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);
const MOST_LETTERS = 2_000;
const MOST_RECIPIENTS = 20;

/** Https, or http to this machine; without user, password, query or fragment. */
export function isPublicUrl(text: unknown): text is string {
  if (typeof text !== "string" || text.length > MOST_LETTERS || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const isSafe = protocol === "https:" || (protocol === "http:" && LOOPBACK.has(hostname));
  return isSafe && `${username}${password}${search}${hash}` === "";
}

const URL_RULE =
  "an https address without user, password or query (one that is a secret itself is written " +
  `"${FROM_ENVIRONMENT}")`;

const webhookUrl = () =>
  setting(`null, or ${URL_RULE}`, (raw) =>
    raw === null || raw === FROM_ENVIRONMENT || isPublicUrl(raw) ? raw : undefined,
  );
const server = () =>
  setting("an https address", (raw) => (isPublicUrl(raw) ? raw.replace(/\/+$/, "") : undefined));
const chat = () =>
  setting('null, or a chat: its number, or "@name"', (raw): string | null | undefined => {
    if (raw === null) return null;
    const text = typeof raw === "number" ? String(raw) : raw;
    return typeof text === "string" && /^(?:-?\d{1,20}|@\w{3,40})$/.test(text) ? text : undefined;
  });

/** One plain address: what a header could be broken with is not in it. */
const ADDRESS = /^[^\s<>@",;:\\()[\]]{1,64}@[A-Za-z0-9.-]{1,255}$/;
const isAddress = (raw: unknown): raw is string => typeof raw === "string" && ADDRESS.test(raw);

const address = () =>
  setting("null, or an e-mail address", (raw) =>
    raw === null || isAddress(raw) ? raw : undefined,
  );
const addresses = () =>
  setting("a list of e-mail addresses", (raw): readonly string[] | undefined => {
    const list: unknown[] = Array.isArray(raw) ? raw : typeof raw === "string" ? [raw] : [null];
    return list.length <= MOST_RECIPIENTS && list.every(isAddress) ? list : undefined;
  });
const host = () =>
  setting("null, or a host name", (raw) =>
    raw === null || (typeof raw === "string" && /^[A-Za-z0-9.:-]{1,255}$/.test(raw))
      ? raw
      : undefined,
  );
const user = () =>
  setting("null, or a user name", (raw) =>
    raw === null || (typeof raw === "string" && /^[\x21-\x7e]{1,255}$/.test(raw)) ? raw : undefined,
  );
const kinds = () =>
  setting(`a list of ${ALERT_KINDS.join(", ")}`, (raw): readonly AlertKind[] | undefined => {
    if (!Array.isArray(raw)) return undefined;
    const known = ALERT_KINDS.filter((kind) => raw.includes(kind));
    return known.length === raw.length ? known : undefined;
  });
const whole = (least: number, most: number) =>
  numberWhere(
    `a whole number in [${least}, ${most}]`,
    (value) => Number.isInteger(value) && value >= least && value <= most,
  );

const EMAIL = z
  .strictObject({
    to: addresses(),
    from: address(),
    host: host(),
    port: whole(1, 65_535),
    security: oneOf(...MAIL_SECURITY),
    user: user(),
  } satisfies Shape<EmailConfig>)
  .superRefine((email, context) => {
    const missing = (["from", "host"] as const).filter((key) => email[key] === null);
    for (const key of email.to.length > 0 ? missing : []) {
      context.addIssue({ code: "custom", path: [key], message: "is needed where `to` is given" });
    }
    if (email.security === "none" && email.host !== null && !LOOPBACK.has(email.host)) {
      const message = "none is for a mail server on this machine: elsewhere tls or starttls";
      context.addIssue({ code: "custom", path: ["security"], message });
    }
  });

export const ALERTS_SCHEMA = z.strictObject({
  minimum: oneOf(...SEVERITIES),
  kinds: kinds(),
  perMinute: whole(1, 1_000),
  webhook: z.strictObject({ url: webhookUrl() } satisfies Shape<WebhookConfig>),
  telegram: z.strictObject({ chat: chat(), server: server() } satisfies Shape<TelegramConfig>),
  email: EMAIL,
} satisfies Shape<AlertsConfig>);
