/**
 * Model check: whether a service is there, knows us, and knows the model, before anything starts.
 *
 * The model is looked up, not asked: no token is used. What must stay true: it ends, and each way
 * to fail has its own code and says what to do.
 */
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import type { AdvisorFault } from "../advisor.ts";
import { pause } from "../time.ts";
import { oneLine } from "../untrusted-text.ts";
import type { CloudModel } from "./cloud-advisor.ts";
import { causeOf, watchedFetch } from "./watched-fetch.ts";

const PATIENCE = micros(10 * SECOND);
const MOST_WORDS = 200;
const MOST_NAMED = 5;

const LIST = z.object({ data: z.array(z.object({ id: z.string() })) });

type Looked =
  | { readonly kind: "answered"; readonly status: number; readonly text: string }
  | { readonly kind: "failed"; readonly cause: string };

export async function lookUpModel(
  at: Omit<CloudModel, "prices" | "mostOutputTokens">,
  signal: AbortSignal,
): Promise<Result<void, AdvisorFault>> {
  const stop = new AbortController();
  const looked = look(at, AbortSignal.any([signal, stop.signal]));
  const over = pause(at.time, PATIENCE, AbortSignal.any([signal, stop.signal]));
  const first = await Promise.race([looked, over]);
  stop.abort();
  if (first === undefined) return unreachable(at, "no answer within 10 s");
  if (first.kind === "failed") return unreachable(at, first.cause);
  return judged(at, first.status, first.text);
}

async function look(
  { provider, model, baseUrl, key }: Omit<CloudModel, "prices" | "mostOutputTokens">,
  signal: AbortSignal,
): Promise<Looked> {
  const { url, headers } = provider.lookUp({ model, baseUrl, key });
  const { fetch, heard } = watchedFetch(key);
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json", ...headers },
      signal,
    });
    const text = await response.text();
    return { kind: "answered", status: response.status, text: key?.redact(text) ?? text };
  } catch (error) {
    return { kind: "failed", cause: heard.cause ?? causeOf(error, key) };
  }
}

function judged(
  at: Omit<CloudModel, "prices" | "mostOutputTokens">,
  status: number,
  text: string,
): Result<void, AdvisorFault> {
  const { provider, model, baseUrl, key } = at;
  const words = oneLine(text, MOST_WORDS);
  if (status === 401 || status === 403 || /API_KEY_INVALID/.test(text)) {
    const known = key === undefined ? "no key was sent" : "the key is not accepted";
    const act = `set ${provider.keyName} to a key that may use ${model}`;
    return err({ code: "ADVISOR_KEY", text: `${baseUrl}: ${known} (${status}): ${act}` });
  }
  // Limits pass, and a run copes with them.
  if (status === 429 || status === 529) return ok(undefined);
  if (provider.isList === true && [404, 405, 501].includes(status)) return ok(undefined);
  if (status === 404) return noModel(at, words);
  if (status < 200 || status >= 300) return unreachable(at, `${status}: ${words}`);
  return provider.isList === true ? amongListed(at, text) : ok(undefined);
}

function amongListed(
  at: Omit<CloudModel, "prices" | "mostOutputTokens">,
  text: string,
): Result<void, AdvisorFault> {
  const { model } = at;
  const parsed = LIST.safeParse(parsedOrNull(text));
  if (!parsed.success) return unreachable(at, "it lists no models: is this the server's /v1?");
  const ids = parsed.data.data.map(({ id }) => id);
  // Ollama calls the newest of a name `name:latest`.
  if (ids.includes(model) || ids.includes(`${model}:latest`)) return ok(undefined);
  const named = ids.slice(0, MOST_NAMED).map((id) => oneLine(id, 60));
  const more = ids.length > MOST_NAMED ? ` and ${ids.length - MOST_NAMED} more` : "";
  return noModel(at, ids.length === 0 ? "it has none" : `it has ${named.join(", ")}${more}`);
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const noModel = (
  { baseUrl, model }: Pick<CloudModel, "baseUrl" | "model">,
  words: string,
): Result<never, AdvisorFault> =>
  err({ code: "ADVISOR_MODEL", text: `${baseUrl} knows no model ${model}: ${words}` });

const unreachable = (
  { baseUrl }: Pick<CloudModel, "baseUrl">,
  cause: string,
): Result<never, AdvisorFault> =>
  err({ code: "ADVISOR_UNREACHABLE", text: `${baseUrl} cannot be asked: ${cause}` });
