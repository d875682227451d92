/**
 * Webhook: alerts as JSON, posted to an address of yours.
 *
 * With a signing key each carries `x-arrival-signature: t=SECONDS,v1=HEX`, where HEX is the
 * HMAC-SHA256 of `SECONDS.BODY`: who receives it can tell that it is ours, and not an old one.
 */
import { PROGRAM } from "../program.ts";
import {
  type AlertChannel,
  type AlertMessage,
  causeOf,
  type Delivery,
  failed,
  isPassing,
  post,
} from "./alert-channel.ts";
import type { AlertSecret } from "./alert-secrets.ts";

export interface WebhookOptions {
  readonly url: AlertSecret;
  readonly secret: AlertSecret | undefined;
}

export function webhook({ url, secret }: WebhookOptions): AlertChannel {
  return {
    name: "webhook",
    async send(message, signal): Promise<Delivery> {
      const body = JSON.stringify(bodyOf(message));
      const seconds = Math.floor(Date.parse(message.time) / 1000);
      const headers = {
        "content-type": "application/json",
        "user-agent": PROGRAM.replace(" ", "/"),
        ...(secret === undefined
          ? {}
          : { "x-arrival-signature": `t=${seconds},v1=${secret.sign(`${seconds}.${body}`)}` }),
      };
      try {
        const { status, retryAfterMs } = await post(url.reveal(), headers, body, signal);
        if (status >= 200 && status < 300) return { isSent: true };
        return failed(`the webhook answered ${status}`, !isPassing(status), retryAfterMs);
      } catch (error) {
        return failed(`the webhook cannot be reached (${causeOf(error)})`, false);
      }
    },
  };
}

/** `text` first: chat rooms that take webhooks show it. */
const bodyOf = ({ severity, kind, code, text, run, time }: AlertMessage) => ({
  text: `[${severity}] ${run.parentId} ${run.symbol}: ${text}`,
  severity,
  kind,
  code,
  message: text,
  run,
  time,
});
