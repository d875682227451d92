/**
 * Alert channels: those that a config switches on, with their secrets.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Environment } from "../../venues/bybit/credentials.ts";
import type { AlertChannel } from "./alert-channel.ts";
import { type AlertsConfig, FROM_ENVIRONMENT } from "./alert-config.ts";
import {
  type AlertFault,
  AlertSecret,
  needSecret,
  readSecret,
  SECRET_NAMES,
} from "./alert-secrets.ts";
import { email } from "./email.ts";
import { telegram } from "./telegram.ts";
import { webhook } from "./webhook.ts";

type Opened = Result<AlertChannel | undefined, AlertFault>;

/** Empty where none is switched on. */
export function openChannels(
  config: AlertsConfig,
  environment: Environment,
): Result<readonly AlertChannel[], AlertFault> {
  const { channels, faults } = channelsThatOpen(config, environment);
  return faults[0] === undefined ? ok(channels) : err(faults[0]);
}

/** Those that can be had; for a run that has to go on without the others. */
export function channelsThatOpen(
  config: AlertsConfig,
  environment: Environment,
): { readonly channels: readonly AlertChannel[]; readonly faults: readonly AlertFault[] } {
  const channels: AlertChannel[] = [];
  const faults: AlertFault[] = [];
  for (const open of [openWebhook, openTelegram, openEmail]) {
    const opened = open(config, environment);
    if (!opened.ok) faults.push(opened.error);
    else if (opened.value !== undefined) channels.push(opened.value);
  }
  return { channels, faults };
}

function openWebhook({ webhook: { url } }: AlertsConfig, environment: Environment): Opened {
  if (url === null) return ok(undefined);
  const address =
    url === FROM_ENVIRONMENT
      ? needSecret(environment, SECRET_NAMES.webhookUrl, "the webhook's address")
      : ok(new AlertSecret(url));
  if (!address.ok) return address;
  if (!isWebUrl(address.value.reveal())) {
    const text = `${SECRET_NAMES.webhookUrl} is no http or https address`;
    return err({ code: "ALERT_SECRET", text });
  }
  const secret = readSecret(environment, SECRET_NAMES.webhookSecret);
  return secret.ok ? ok(webhook({ url: address.value, secret: secret.value })) : secret;
}

const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

function openTelegram({ telegram: { chat, server } }: AlertsConfig, environment: Environment) {
  if (chat === null) return ok(undefined);
  const token = needSecret(environment, SECRET_NAMES.telegramToken, "Telegram");
  return token.ok ? ok(telegram({ chat, server, token: token.value })) : token;
}

function openEmail({ email: settings }: AlertsConfig, environment: Environment): Opened {
  const { to, host, from, user } = settings;
  // The config's schema has seen to it that both are there.
  if (to.length === 0 || host === null || from === null) return ok(undefined);
  if (user === null) return ok(email({ ...settings, host, from, password: undefined }));
  const password = needSecret(environment, SECRET_NAMES.mailPassword, "the mail server's user");
  return password.ok ? ok(email({ ...settings, host, from, password: password.value })) : password;
}
