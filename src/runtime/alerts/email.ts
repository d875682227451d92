/**
 * Email: alerts by a mail server of yours, through nodemailer.
 *
 * A server's words are not repeated: it may say back what it was told. What must stay true: but for
 * a server on this machine, nothing is said before the connection is encrypted.
 */
import type { SMTPTransportOptions } from "nodemailer/lib/smtp-transport";
import {
  type AlertChannel,
  type AlertMessage,
  causeOf,
  type Delivery,
  failed,
  titleOf,
} from "./alert-channel.ts";
import type { EmailConfig } from "./alert-config.ts";
import type { AlertSecret } from "./alert-secrets.ts";

export interface EmailOptions extends EmailConfig {
  readonly host: string;
  readonly from: string;
  readonly password: AlertSecret | undefined;
}

const WAIT_MS = 10_000;

export function email(options: EmailOptions): AlertChannel {
  return {
    name: "email",
    async send(message, signal): Promise<Delivery> {
      // Loaded when a mail is sent: most runs send none.
      const { createTransport } = await import("nodemailer");
      const transport = createTransport(transportOf(options));
      const cut = Promise.withResolvers<Delivery>();
      const onAbort = (): void => {
        transport.close();
        cut.resolve(failed("the mail server gave no answer in time", false));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      const sent = transport.sendMail(mailOf(options, message)).then(
        (): Delivery => ({ isSent: true }),
        (error: unknown) => failureOf(error),
      );
      try {
        return await Promise.race([sent, cut.promise]);
      } finally {
        signal.removeEventListener("abort", onAbort);
        transport.close();
      }
    },
  };
}

const transportOf = ({
  host,
  port,
  security,
  user,
  password,
}: EmailOptions): SMTPTransportOptions => ({
  host,
  port,
  secure: security === "tls",
  requireTLS: security === "starttls",
  ignoreTLS: security === "none",
  connectionTimeout: WAIT_MS,
  greetingTimeout: WAIT_MS,
  socketTimeout: WAIT_MS,
  disableFileAccess: true,
  disableUrlAccess: true,
  ...(user === null || password === undefined ? {} : { auth: { user, pass: password.reveal() } }),
});

const mailOf = ({ from, to }: EmailOptions, message: AlertMessage) => ({
  from,
  to: [...to],
  subject: titleOf(message),
  text: `${message.text}\n\n${message.time}\n`,
});

function failureOf(error: unknown): Delivery {
  const { responseCode } = error as { readonly responseCode?: unknown };
  const status = typeof responseCode === "number" ? responseCode : undefined;
  const cause = causeOf(error);
  const what = status === undefined ? cause : `${status}, ${cause}`;
  // By the protocol's first digit 5 is for good; a wrong password stays wrong as well.
  const isFinal = (status !== undefined && status >= 500) || cause === "EAUTH";
  return failed(`the mail was not taken (${what})`, isFinal);
}
