/**
 * API client: asks a running server, with a token, as another program would.
 *
 * What must stay true: the token goes to that server and nowhere else: a redirection is not
 * followed; and what comes back is read up to a bound.
 */
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { API } from "./route-table.ts";
import type { ServerFault } from "./server-terms.ts";

const PATIENCE_MS = 30_000;
const MOST_BYTES = 64 << 20;
const FAULT = z.object({ code: z.string(), text: z.string() });

export type AskApi = (
  method: "GET" | "POST",
  path: string,
  body?: unknown,
) => Promise<Result<unknown, ServerFault>>;

/** @param server its address, such as `http://127.0.0.1:8770`. */
export function apiClient(server: string, token: string): AskApi {
  return async (method, path, body) => {
    try {
      const response = await fetch(new URL(`${API}${path}`, server), {
        method,
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await boundedText(response);
      const value = JSON.parse(text) as unknown;
      if (response.ok) return ok(value);
      const fault = FAULT.safeParse(value);
      return err(fault.success ? fault.data : unreachable(`it answered ${response.status}`));
    } catch (error) {
      return err(unreachable(reasonOf(error)));
    }
  };
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MOST_BYTES) throw new Error("its answer is too long");
  }
  return text + decoder.decode();
}

const unreachable = (text: string): ServerFault => ({ code: "SERVER_UNREACHABLE", text });

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ?? error.message;
}
