/**
 * REST API: what is asked by HTTP, by Bybit's paths, and what it is answered.
 *
 * What must stay true: nothing is done for a request before its key, its time and its signature
 * over the very bytes that came have been checked, in Bybit's order and with Bybit's codes; and
 * every request is answered, whatever it is.
 */
import { randomBytes } from "node:crypto";
import type { Category, ExchangeCore, ExchangeFault } from "../exchange-types.ts";
import type { MarketDirectory } from "../market-view.ts";
import { type AccountContext, PROTECTION_SECONDS, replyTo } from "../protocol/account-answers.ts";
import type { RiskLimitOf } from "../protocol/account-message.ts";
import { type Answer, done, refused, restBody } from "../protocol/answer.ts";
import {
  fault,
  KEY_INVALID,
  MALFORMED,
  outsideWindow,
  PERMISSION_DENIED,
  ROUTE_NOT_FOUND,
  SERVER_ERROR,
  TOO_MANY_VISITS,
  wrongSignature,
} from "../protocol/faults.ts";
import { type Fields, isFields, queryFields } from "../protocol/fields.ts";
import { kindOfPath, type RateLimits, type RateStatus } from "../protocol/rate-limits.ts";
import { actOn, isTradingAction } from "../protocol/trading-actions.ts";
import { isInWindow, type Key, type Keys } from "./signature.ts";

const DEFAULT_WINDOW_MS = 5_000;

export interface RestServices {
  readonly core: ExchangeCore;
  readonly directory: MarketDirectory;
  readonly keys: Keys;
  readonly limitsOf: (account: number) => RateLimits;
  readonly riskLimitOf: RiskLimitOf;
  readonly nowMs: () => number;
  readonly tick: () => void;
  readonly log: (line: string) => void;
  readonly isAnswerLost: () => boolean;
}

/** As it came. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Undefined: longer than anything that is asked here. */
  readonly body: string | undefined;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** As it stood in the address, undecoded: that is what was signed. */
  readonly query: string;
  readonly body: string;
  readonly headers: ApiRequest["headers"];
}

interface Outcome {
  readonly answer: Answer;
  readonly status?: RateStatus | undefined;
  readonly httpStatus?: number;
}

const header = (request: Request, name: string): string => {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
};

export class RestApi {
  readonly #services: RestServices;
  readonly #protections: readonly { windowSeconds: number }[];
  readonly #openedAtMs: number;

  constructor(services: RestServices) {
    this.#services = services;
    this.#openedAtMs = services.nowMs();
    this.#protections = services.keys.identities.map(() => ({ windowSeconds: PROTECTION_SECONDS }));
  }

  /** Undefined: the answer is to be lost. What was asked is done all the same. */
  answer(request: ApiRequest): ApiReply | undefined {
    const outcome =
      request.body === undefined
        ? { answer: refused(MALFORMED), httpStatus: 413 }
        : this.#outcome(request, request.body);
    const isPrivate = !request.url.startsWith("/v5/market/");
    if (isPrivate && this.#services.isAnswerLost()) return undefined;
    return this.#reply(outcome);
  }

  #reply({ answer, status, httpStatus }: Outcome): ApiReply {
    const nowMs = this.#services.nowMs();
    return {
      status: httpStatus ?? 200,
      headers: {
        "Content-Type": "application/json; charset=utf-8",
        Timenow: String(nowMs),
        Traceid: randomBytes(16).toString("hex"),
        ...(status === undefined
          ? {}
          : {
              "X-Bapi-Limit": String(status.limit),
              "X-Bapi-Limit-Status": String(status.remaining),
              "X-Bapi-Limit-Reset-Timestamp": String(status.resetAtMs),
            }),
      },
      body: restBody(answer, nowMs),
    };
  }

  #outcome({ method, url, headers }: ApiRequest, body: string): Outcome {
    const [path = "", ...rest] = url.split("?");
    if (method !== "GET" && method !== "POST") return NOT_FOUND;
    const request = { method, path, query: rest.join("?"), body, headers } as const;
    try {
      this.#services.tick();
      return this.#route(request);
    } catch (error) {
      this.#services.log(
        `${method} ${path}: ${error instanceof Error ? (error.stack ?? error.message) : "fault"}`,
      );
      return { answer: refused(SERVER_ERROR) };
    }
  }

  #route(request: Request): Outcome {
    const { method, path } = request;
    if (method === "GET" && path.startsWith("/v5/market/")) return this.#market(request);
    const kind = kindOfPath(path);
    const isAction = method === "POST" && isTradingAction(kind);
    const reply = isAction ? undefined : replyTo(method, path);
    if (!isAction && reply === undefined) return NOT_FOUND;
    const signed = this.#signedBy(request);
    if ("retCode" in signed) return { answer: refused(signed) };
    if (method === "POST" && signed.identity.permission !== "trade") {
      return { answer: refused(PERMISSION_DENIED) };
    }
    const fields = fieldsOf(request);
    if (fields === undefined) return { answer: refused(MALFORMED) };
    if (reply === undefined) return this.#act(signed, kind, fields);
    return this.#limited(signed, kind, "linear", () => reply(this.#contextOf(signed), fields));
  }

  #market({ path, query }: Request): Outcome {
    const { directory } = this.#services;
    const result = directory.answer(path, new URLSearchParams(query));
    if (result.ok) return { answer: done(result.value) };
    return result.error.retCode === ROUTE_NOT_FOUND.retCode
      ? NOT_FOUND
      : { answer: refused(result.error) };
  }

  #act(key: Key, kind: string, fields: Fields): Outcome {
    const { core, limitsOf, nowMs } = this.#services;
    const limits = limitsOf(key.account);
    const { answer, category } = actOn(
      core,
      { account: key.account, limits },
      kind,
      fields,
      nowMs(),
    );
    return { answer, status: limits.status(kind, category, nowMs()) };
  }

  #limited(key: Key, kind: string, category: Category, run: () => Answer): Outcome {
    const limits = this.#services.limitsOf(key.account);
    const nowMs = this.#services.nowMs();
    const isLet = limits.take(kind, category, 1, nowMs) === 1;
    const answer = isLet ? run() : refused(TOO_MANY_VISITS);
    return { answer, status: limits.status(kind, category, nowMs) };
  }

  #contextOf({ account, identity }: Key): AccountContext {
    const { core, directory, riskLimitOf } = this.#services;
    const protection = this.#protections[account]!;
    const openedAtMs = this.#openedAtMs;
    return { core, directory, account, identity, riskLimitOf, protection, openedAtMs };
  }

  #signedBy(request: Request): Key | ExchangeFault {
    const apiKey = header(request, "x-bapi-api-key");
    const timestamp = header(request, "x-bapi-timestamp");
    const signature = header(request, "x-bapi-sign");
    const receiveWindow = header(request, "x-bapi-recv-window");
    if (apiKey === "" || timestamp === "" || signature === "") {
      return fault(10001, "empty value: apiTimestamp[] apiKey[] apiSignature[]");
    }
    if (!/^\d{1,15}$/.test(timestamp) || !/^\d{0,15}$/.test(receiveWindow)) return MALFORMED;
    const windowMs = receiveWindow === "" ? DEFAULT_WINDOW_MS : Number(receiveWindow);
    const sentMs = Number(timestamp);
    const nowMs = this.#services.nowMs();
    if (!isInWindow(sentMs, nowMs, windowMs)) return outsideWindow(sentMs, nowMs, windowMs);
    const key = this.#services.keys.find(apiKey);
    if (key === undefined) return KEY_INVALID;
    const payload = request.method === "GET" ? request.query : request.body;
    const signed = timestamp + apiKey + receiveWindow + payload;
    return key.isSigned(signed, signature) ? key : wrongSignature(signed);
  }
}

const NOT_FOUND: Outcome = { answer: refused(ROUTE_NOT_FOUND), httpStatus: 404 };

/** Undefined: the body is no JSON object. An empty one has no fields. */
function fieldsOf(request: Request): Fields | undefined {
  if (request.method === "GET") return queryFields(new URLSearchParams(request.query));
  if (request.body === "") return {};
  try {
    const parsed: unknown = JSON.parse(request.body);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
