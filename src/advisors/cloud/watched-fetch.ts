/**
 * Watched fetch: one request to a provider, and what came of it, beneath the provider's library.
 *
 * The library tells of a failure in its own words; here stands what the server really said. What
 * must stay true: no answer is read beyond its cap, no redirect is followed (a key would go with
 * it), and what is kept of an answer has no key in it.
 */
import { type Micros, micros, SECOND } from "../../core/domain/units.ts";
import type { ApiKey } from "./api-key.ts";

/** What the server said last; all absent: it said nothing. */
export interface Heard {
  status?: number;
  retryAfter?: Micros;
  /** The body of an answer that was none, without the key. */
  refusal?: string;
  /** Why nothing was heard: ECONNREFUSED, the certificate. */
  cause?: string;
  isTooLong?: boolean;
}

export type Fetch = typeof globalThis.fetch;

export const MOST_BYTES = 1_000_000;
const MOST_REFUSAL = 2_000;
/** Statuses whose answers have no body. */
const BODILESS = new Set([101, 204, 205, 304]);

export class TooLong extends Error {
  override readonly name = "TooLong";
}

/** @param key taken out of what is heard. */
export function watchedFetch(
  key: ApiKey | undefined,
  fetchAs: Fetch = globalThis.fetch,
): { readonly fetch: Fetch; readonly heard: Heard } {
  const heard: Heard = {};
  const fetch: Fetch = async (input, init) => {
    for (const name of Object.keys(heard)) delete heard[name as keyof Heard];
    let response: Response;
    try {
      response = await fetchAs(input, { ...init, redirect: "error" });
      const body = await readCapped(response);
      const { status, statusText, headers } = response;
      heard.status = status;
      if (!response.ok) {
        heard.refusal = (key?.redact(body) ?? body).slice(0, MOST_REFUSAL);
        const span = retryAfterOf(headers, body, Date.now());
        if (span !== undefined) heard.retryAfter = span;
      }
      const told = new Headers(headers);
      // The body is decoded by now.
      for (const name of ["content-encoding", "content-length", "transfer-encoding"]) {
        told.delete(name);
      }
      const bare = BODILESS.has(status) ? null : body;
      return new Response(bare, { status, statusText, headers: told });
    } catch (error) {
      if (error instanceof TooLong) heard.isTooLong = true;
      heard.cause = causeOf(error, key);
      throw error;
    }
  };
  return { fetch, heard };
}

async function readCapped(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop ends the connection.
    if (bytes > MOST_BYTES) throw new TooLong(`an answer of more than ${MOST_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @param nowMs the wall's clock: the header may name a date. */
export function retryAfterOf(headers: Headers, body: string, nowMs: number): Micros | undefined {
  const inMs = decimal(headers.get("retry-after-ms"));
  if (inMs !== undefined) return spanOf(inMs / 1000);
  const header = headers.get("retry-after");
  const seconds = decimal(header);
  if (seconds !== undefined) return spanOf(seconds);
  const at = header === null ? Number.NaN : Date.parse(header);
  if (Number.isFinite(at)) return spanOf((at - nowMs) / 1000);
  // Google tells it in the body: "retryDelay": "17s".
  const told = /"retryDelay"\s*:\s*"(\d{1,6}(?:\.\d{1,9})?)s"/.exec(body);
  return told === null ? undefined : spanOf(Number(told[1]));
}

const decimal = (text: string | null): number | undefined =>
  text !== null && /^\s*\d{1,12}(?:\.\d{1,9})?\s*$/.test(text) ? Number(text) : undefined;

const DAY_SECONDS = 86_400;
const spanOf = (seconds: number): Micros =>
  micros(Math.round(Math.min(DAY_SECONDS, Math.max(0, seconds)) * SECOND));

/** The system's code where there is one; the innermost words otherwise. */
export function causeOf(error: unknown, key: ApiKey | undefined): string {
  let inner: unknown = error;
  for (
    let depth = 0;
    depth < 5 && inner instanceof Error && inner.cause instanceof Error;
    depth++
  ) {
    inner = inner.cause;
  }
  const code = (inner as { readonly code?: unknown } | undefined)?.code;
  if (typeof code === "string" && code !== "") return code.slice(0, 60);
  const text = inner instanceof Error ? inner.message : "no answer";
  return (key?.redact(text) ?? text).slice(0, 200);
}
