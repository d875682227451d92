/**
 * Telegram: alerts as messages of a bot, by the Bot API's `sendMessage`.
 *
 * The bot's token is part of each request's address, so no address is ever told.
 */
import { z } from "zod";
import {
  type AlertChannel,
  causeOf,
  type Delivery,
  failed,
  isPassing,
  post,
  titleOf,
} from "./alert-channel.ts";
import type { AlertSecret } from "./alert-secrets.ts";

export interface TelegramOptions {
  readonly server: string;
  readonly chat: string;
  readonly token: AlertSecret;
}

/** Letters: what a message may have. */
const MOST_LETTERS = 4_096;
const HEADERS = { "content-type": "application/json" };
const ANSWER = z.object({
  ok: z.boolean(),
  description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().nonnegative().optional() }).optional(),
});

export function telegram({ server, chat, token }: TelegramOptions): AlertChannel {
  return {
    name: "telegram",
    async send(message, signal): Promise<Delivery> {
      const body = JSON.stringify({
        chat_id: chat,
        text: `${titleOf(message)}\n${message.text}`.slice(0, MOST_LETTERS),
        disable_notification: message.severity === "info",
      });
      try {
        const url = `${server}/bot${token.reveal()}/sendMessage`;
        const { status, body: told, retryAfterMs } = await post(url, HEADERS, body, signal);
        const answer = answerIn(told);
        if (status === 200 && answer?.ok === true) return { isSent: true };
        const why = token.redact((answer?.description ?? "").slice(0, 200));
        const wait = answer?.parameters?.retry_after;
        return failed(
          `Telegram answered ${status}${why === "" ? "" : ` (${why})`}`,
          !isPassing(status),
          wait === undefined ? retryAfterMs : wait * 1000,
        );
      } catch (error) {
        return failed(`Telegram cannot be reached (${causeOf(error)})`, false);
      }
    },
  };
}

function answerIn(text: string): z.infer<typeof ANSWER> | undefined {
  try {
    return ANSWER.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
