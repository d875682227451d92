/**
 * Request guard: what each request must pass before anything of it is read.
 *
 * In this order: a name of the server, an address of bearable length, who it is, whether that is
 * enough, and for whatever changes something the page's own origin. What must stay true: it holds
 * for every route, by the table and not by the route's own care.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Access, User } from "./access.ts";
import type { Addresses } from "./addresses.ts";
import { Attempts } from "./attempts.ts";
import { isEnough, type RouteNeed } from "./route-table.ts";
import { refusal, type Refusal } from "./server-terms.ts";
import type { Sessions } from "./sessions.ts";

const LONGEST_URL = 2_048;

export interface Caller {
  readonly user: User | undefined;
  /** Of the session that its cookie names. */
  readonly session: string | undefined;
  /** Milliseconds since 1970; null: it does not end. */
  readonly endsAt: number | null;
}

const NOBODY: Caller = { user: undefined, session: undefined, endsAt: null };

export interface GuardOptions {
  readonly access: Access;
  readonly sessions: Sessions;
  readonly addresses: Addresses;
  readonly cookie: string;
  readonly isReadOnly: boolean;
  readonly now: () => number;
}

export class RequestGuard {
  readonly #options: GuardOptions;
  readonly #attempts: Attempts;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options.now);
  }

  /** @param need undefined: there is no such route. */
  admit(request: FastifyRequest, need: RouteNeed | undefined): Result<Caller, Refusal> {
    const { host } = request.headers;
    if (!this.#options.addresses.knows(host)) {
      const text = "the server is not called so: see --name";
      return err(refusal(421, "SERVER_HOST", text));
    }
    if (request.url.length > LONGEST_URL) {
      return err(refusal(414, "SERVER_REQUEST", `an address has ${LONGEST_URL} letters at most`));
    }
    const foreign = this.#foreign(request, need);
    if (foreign !== undefined) return err(foreign);
    // Whoever logs in is nobody yet, whatever cookie is left over.
    if (need === undefined || need.need === "anyone") return ok(NOBODY);
    const caller = this.#identify(request);
    if (!caller.ok) return caller;
    const { user, session } = caller.value;
    if (user === undefined) {
      return err(refusal(401, "SERVER_LOG_IN", "log in first: a token, or a session's cookie"));
    }
    if (!isEnough(user.role, need.need)) {
      const text = `that is for a ${need.need}, and ${user.name} is a ${user.role}`;
      return err(refusal(403, "SERVER_ROLE", text));
    }
    if (session !== undefined && isTelling(need) && request.headers.origin === undefined) {
      return err(refusal(403, "SERVER_ORIGIN", "a request with a cookie needs the page's origin"));
    }
    if (need.changes && this.#options.isReadOnly) {
      return err(refusal(403, "SERVER_READ_ONLY", "this server only looks on"));
    }
    return caller;
  }

  /** Who has this token; wrong ones are counted against the address. */
  tokenOf(address: string, token: string): Result<User, Refusal> {
    const wait = this.#attempts.waitOf(address);
    if (wait > 0) {
      const text = `too many wrong tokens: again in ${wait} s`;
      return err(refusal(429, "SERVER_ATTEMPTS", text));
    }
    const user = this.#options.access.find(token);
    if (user !== undefined) return ok(user);
    this.#attempts.failed(address);
    return err(refusal(401, "SERVER_TOKEN", "nobody has this token"));
  }

  #identify(request: FastifyRequest): Result<Caller, Refusal> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer ([\w-]{1,200})$/.exec(authorization)?.[1] ?? "";
      const user = this.tokenOf(request.ip, token);
      return user.ok ? ok({ user: user.value, session: undefined, endsAt: null }) : user;
    }
    const id = request.cookies[this.#options.cookie];
    const session = id === undefined ? undefined : this.#options.sessions.find(id);
    if (session === undefined) return ok(NOBODY);
    return ok({ user: session.user, session: session.key, endsAt: session.endsAt });
  }

  /** A page of somebody else's. Reading is guarded by the browser: we allow no other origin. */
  #foreign(request: FastifyRequest, need: RouteNeed | undefined): Refusal | undefined {
    const { origin, host } = request.headers;
    const isStream = request.headers.upgrade !== undefined;
    if (need !== undefined && !isTelling(need) && !isStream) return undefined;
    const isOwn = origin === undefined || this.#options.addresses.isOwn(origin, host);
    const site = request.headers["sec-fetch-site"];
    if (isOwn && (site === undefined || site === "same-origin" || site === "none")) {
      return undefined;
    }
    return refusal(403, "SERVER_ORIGIN", "that is for the server's own page");
  }
}

/** Whether it does more than to read. The stream counts: a cookie must not open it for others. */
const isTelling = (need: RouteNeed): boolean =>
  need.method !== "GET" || need.url.endsWith("/stream");

export function refuse(reply: FastifyReply, { status, code, text }: Refusal): FastifyReply {
  return reply.code(status).type("application/json; charset=utf-8").send({ code, text });
}
