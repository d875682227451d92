/**
 * Registry: what can be named after `--advisor`, and how it is opened.
 *
 * What must stay true: what is opened stands inside the guard; a fault is told before anything
 * starts, and costs nothing; and only what was named is loaded.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Advisor, AdvisorFault, Exchange } from "./advisor.ts";
import { ADVISOR_FORMS } from "./advisor-forms.ts";
import { type Environment, readKey } from "./cloud/api-key.ts";
import { CloudAdvisor, type LoadedSdk, type Prices } from "./cloud/cloud-advisor.ts";
import type { Provider } from "./cloud/provider.ts";
import { PROVIDERS } from "./cloud/providers.ts";
import { micros } from "../core/domain/units.ts";
import { GUARD_DEFAULTS, type GuardedAdvisor, guarded, type GuardTerms } from "./guarded.ts";
import { openRecorded } from "./recorded.ts";
import { openRecorder } from "./recorder.ts";
import { openScripted } from "./scripted.ts";
import { SILENT } from "./silent.ts";
import { type AdvisorTime, SYSTEM_TIME } from "./time.ts";
import { oneLine } from "./untrusted-text.ts";

export type AdvisorChoice =
  | {
      readonly kind: "cloud";
      readonly provider: Provider["name"];
      readonly model: string;
      /** Of `compatible` alone; the others' can be moved by the environment. */
      readonly baseUrl?: string;
    }
  | { readonly kind: "local"; readonly model: string }
  | { readonly kind: "recorded" | "scripted"; readonly path: string }
  | { readonly kind: "none" };

const MODEL = /^[\w.:/@+-]{1,200}$/;

export function parseAdvisor(text: string): Result<AdvisorChoice, AdvisorFault> {
  if (text === "none") return ok({ kind: "none" });
  const colon = text.indexOf(":");
  const kind = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  if (colon > 0 && rest !== "") {
    if (kind === "recorded" || kind === "scripted") return ok({ kind, path: rest });
    if (kind === "local") return ok({ kind, model: rest });
    if (kind === "compatible") return parseCompatible(rest);
    const provider = PROVIDERS.find(({ name }) => name === kind);
    if (provider !== undefined) return withModel({ kind: "cloud", provider: provider.name }, rest);
  }
  return refuse(`"${oneLine(text, 60)}" names no advisor: ${ADVISOR_FORMS}`);
}

function withModel(
  choice: Omit<Extract<AdvisorChoice, { kind: "cloud" }>, "model">,
  model: string,
): Result<AdvisorChoice, AdvisorFault> {
  if (MODEL.test(model)) return ok({ ...choice, model });
  return refuse(`"${oneLine(model, 60)}" is no name of a model`);
}

function parseCompatible(rest: string): Result<AdvisorChoice, AdvisorFault> {
  const hash = rest.indexOf("#");
  if (hash <= 0) return refuse("compatible needs URL#MODEL, as http://localhost:11434/v1#llama3.2");
  const baseUrl = parseBaseUrl(rest.slice(0, hash));
  if (!baseUrl.ok) return baseUrl;
  const choice = { kind: "cloud", provider: "compatible", baseUrl: baseUrl.value } as const;
  return withModel(choice, rest.slice(hash + 1));
}

function parseBaseUrl(text: string): Result<string, AdvisorFault> {
  const shown = oneLine(text, 100);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    return badUrl(`"${shown}" is no address: http://HOST:PORT/v1 or https://HOST/v1`);
  }
  // What stands in an address is shown and journaled: no secrets there.
  if (url.username !== "" || url.password !== "") {
    return badUrl("an address with a name and a password in it: set the key's variable instead");
  }
  if (url.search !== "") return badUrl(`"${shown}" has a query: name the server's root, as …/v1`);
  return ok(`${url.origin}${url.pathname.replace(/\/+$/, "")}`);
}

const refuse = (text: string): Result<never, AdvisorFault> => err({ code: "ADVISOR_NAME", text });
const badUrl = (text: string): Result<never, AdvisorFault> => err({ code: "ADVISOR_URL", text });

export interface OpenOptions {
  readonly environment: Environment;
  readonly signal?: AbortSignal;
  /** Real time; absent: this machine's. */
  readonly time?: AdvisorTime;
  /** Microseconds of the run's own time; absent: real time. See `guarded.ts`. */
  readonly runNow?: () => number;
  readonly guard?: Partial<GuardTerms>;
  /** Of cloud models: what a million tokens cost. Needed for a budget of money. */
  readonly prices?: Prices;
  /** Of one answer, thoughts included [4,000]. */
  readonly mostOutputTokens?: number;
  /** Appends every exchange to this file, for `recorded:` to play. */
  readonly recordTo?: string;
  /** What goes wrong with recording, in words. */
  readonly onFault?: (text: string) => void;
  readonly onLate?: (exchange: Exchange) => void;
}

/** Opened, checked and guarded. */
export async function openAdvisor(
  choice: AdvisorChoice,
  options: OpenOptions,
): Promise<Result<GuardedAdvisor, AdvisorFault>> {
  const { time = SYSTEM_TIME, signal = new AbortController().signal, guard = {} } = options;
  const budget = budgetFault(choice, options);
  if (budget !== undefined) return err(budget);
  const opened = await openBare(choice, options, time);
  if (!opened.ok) return opened;
  const checked = await opened.value.check(signal);
  if (!checked.ok) return closedWith(opened.value, checked.error);
  const { recordTo, onFault, onLate, runNow } = options;
  const recorder =
    recordTo === undefined
      ? undefined
      : await openRecorder(recordTo, onFault === undefined ? {} : { onFault });
  if (recorder !== undefined && !recorder.ok) return closedWith(opened.value, recorder.error);
  return ok(
    guarded(opened.value, {
      ...guard,
      ...termsOf(choice.kind, runNow !== undefined),
      time,
      ...(recorder === undefined ? {} : { recorder: recorder.value }),
      ...(runNow === undefined ? {} : { runNow }),
      ...(onLate === undefined ? {} : { onLate }),
    }),
  );
}

/** Nothing that hangs on how much real time a run takes. */
const TIMELESS: Partial<GuardTerms> = {
  freshFor: micros(0),
  breaker: { ...GUARD_DEFAULTS.breaker, failures: Number.POSITIVE_INFINITY },
  onRateLimit: "ignore",
};

const UNLIMITED = {
  calls: Number.POSITIVE_INFINITY,
  tokens: Number.POSITIVE_INFINITY,
  usd: Number.POSITIVE_INFINITY,
};

/**
 * What the guard leaves to the advisor itself. Of a recording: what was cached, refused or left
 * alone stands in it, and is not judged anew. Of a script: a run by it is the same each time.
 */
function termsOf(kind: AdvisorChoice["kind"], hasRunTime: boolean): Partial<GuardTerms> {
  if (kind === "recorded") return { ...TIMELESS, budget: UNLIMITED };
  if (kind !== "scripted") return {};
  return hasRunTime ? { onRateLimit: "ignore" } : TIMELESS;
}

async function closedWith(
  advisor: Advisor,
  fault: AdvisorFault,
): Promise<Result<never, AdvisorFault>> {
  await advisor.close();
  return err(fault);
}

function budgetFault(choice: AdvisorChoice, options: OpenOptions): AdvisorFault | undefined {
  const usd = options.guard?.budget?.usd ?? Number.POSITIVE_INFINITY;
  if (choice.kind !== "cloud" || usd === Number.POSITIVE_INFINITY) return undefined;
  if (options.prices !== undefined) return undefined;
  const text = "a budget in money needs the model's prices per million tokens, in and out";
  return { code: "ADVISOR_PRICES", text };
}

function openBare(
  choice: AdvisorChoice,
  options: OpenOptions,
  time: AdvisorTime,
): Promise<Result<Advisor, AdvisorFault>> {
  switch (choice.kind) {
    case "none":
      return Promise.resolve(ok(SILENT));
    case "recorded":
      return openRecorded(choice.path);
    case "scripted":
      return openScripted(choice.path);
    case "local":
      return openLocalModel(choice.model, options, time);
    case "cloud":
      return openCloud(choice, options, time);
  }
}

async function openLocalModel(
  model: string,
  { environment, guard }: OpenOptions,
  time: AdvisorTime,
): Promise<Result<Advisor, AdvisorFault>> {
  const { openLocal } = await import("./local/local-advisor.ts");
  const { timeout } = guard ?? {};
  const patience = timeout === undefined ? {} : { timeoutMs: timeout / 1000 };
  return openLocal(model, { environment, time, ...patience });
}

const MOST_OUTPUT_TOKENS = 4_000;

async function openCloud(
  choice: Extract<AdvisorChoice, { kind: "cloud" }>,
  { environment, prices, mostOutputTokens = MOST_OUTPUT_TOKENS }: OpenOptions,
  time: AdvisorTime,
): Promise<Result<Advisor, AdvisorFault>> {
  const provider = PROVIDERS.find(({ name }) => name === choice.provider)!;
  const baseUrl = baseUrlOf(choice, provider, environment);
  if (!baseUrl.ok) return baseUrl;
  const key = readKey(environment, provider.keyName);
  if (!key.ok) return key;
  if (key.value === undefined && provider.needsKey) {
    const text = `${provider.name}:${choice.model} needs a key: set ${provider.keyName}`;
    return err({ code: "ADVISOR_KEY", text });
  }
  if (key.value !== undefined && !isPrivate(baseUrl.value)) {
    const act = `use https, or unset ${provider.keyName}`;
    return badUrl(`${baseUrl.value}: a key would go over the network in clear text: ${act}`);
  }
  const sdk = await loadSdk(provider);
  if (!sdk.ok) return sdk;
  const { model } = choice;
  const at = { provider, model, baseUrl: baseUrl.value, key: key.value, time };
  return ok(new CloudAdvisor({ ...at, prices, mostOutputTokens }, sdk.value));
}

/** `ARRIVAL_ANTHROPIC_URL` and its like: for a proxy. */
function baseUrlOf(
  choice: Extract<AdvisorChoice, { kind: "cloud" }>,
  provider: Provider,
  environment: Environment,
): Result<string, AdvisorFault> {
  const own = choice.baseUrl ?? provider.baseUrl;
  if (provider.baseUrl === undefined) return ok(own!);
  const moved = environment[`ARRIVAL_${provider.name.toUpperCase()}_URL`]?.trim();
  return moved === undefined || moved === "" ? ok(own!) : parseBaseUrl(moved);
}

/** Encrypted, or never leaves this machine. */
function isPrivate(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "https:" || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

async function loadSdk(provider: Provider): Promise<Result<LoadedSdk, AdvisorFault>> {
  try {
    const [ai, makeModel] = await Promise.all([import("ai"), provider.open()]);
    // Its warnings would go to the terminal, among our own lines.
    globalThis.AI_SDK_LOG_WARNINGS = false;
    return ok({ ai, makeModel });
  } catch (error) {
    const { packageName } = provider;
    const needs = `${provider.name} needs the packages ai and ${packageName}`;
    const isAbsent = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const why = isAbsent ? "" : `, and they cannot be loaded (${oneLine(String(error), 120)})`;
    const text = `${needs}${why}: npm install ai ${packageName}`;
    return err({ code: "ADVISOR_PACKAGE", text });
  }
}
