/**
 * Alert channel: one way out for alerts, and what becomes of a message on it.
 *
 * What must stay true: `send` never throws, ends when its signal says so, and what it tells of a
 * failure has no secret in it, whatever the other side has answered.
 */
import type { AlertKind, Severity } from "./alert.ts";

/** Which run it is. */
export interface RunLabel {
  readonly parentId: string;
  readonly symbol: string;
  readonly venue: string;
}

export interface AlertMessage {
  readonly severity: Severity;
  readonly kind: AlertKind;
  readonly code: string;
  readonly text: string;
  readonly run: RunLabel;
  /** ISO 8601, by this machine's clock. */
  readonly time: string;
}

export type Delivery =
  | { readonly isSent: true }
  | {
      readonly isSent: false;
      readonly text: string;
      /** It would fail again. */
      readonly isFinal: boolean;
      /** What the other side asks for. */
      readonly retryAfterMs?: number | undefined;
    };

export interface AlertChannel {
  readonly name: string;
  send(message: AlertMessage, signal: AbortSignal): Promise<Delivery>;
}

export const titleOf = ({ severity, code, run }: AlertMessage): string =>
  `[${severity}] ${code}: ${run.parentId} ${run.symbol} on ${run.venue}`;

export const failed = (text: string, isFinal: boolean, retryAfterMs?: number): Delivery => ({
  isSent: false,
  text,
  isFinal,
  retryAfterMs,
});

/** Of an answer only so much is looked at. */
const MOST_BYTES = 4_096;

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
}

/** @throws what `fetch` throws; `causeOf` makes words of it. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answered> {
  const answer = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  const wait = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return {
    status: answer.status,
    body: await startOf(answer),
    retryAfterMs: wait >= 0 ? wait * 1000 : undefined,
  };
}

async function startOf({ body }: Response): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < MOST_BYTES) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    chunks.push(value);
    length += value.length;
  }
  await reader.cancel().catch(() => undefined);
  return Buffer.concat(chunks).toString("utf8", 0, MOST_BYTES);
}

/** Too many, too early, or a trouble of their own: the same message may be taken later. */
export const isPassing = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/** The code of what went wrong: its text may hold the address, and that a secret. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return "no answer in time";
  if (error.name === "AbortError") return "cut off";
  const cause: unknown = error.cause ?? error;
  const code: unknown = (cause as { readonly code?: unknown }).code;
  return typeof code === "string" ? code : error.name;
}
