/**
 * Server app: the frame that all routes stand in: schemas, limits, headers, faults, the log.
 *
 * What must stay true: no route is there that the table does not name; what goes wrong is told as
 * a code and words, never as a trace; and neither a token nor a cookie gets into the log.
 */
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import websocket from "@fastify/websocket";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  isResponseSerializationError,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { invariant } from "../core/domain/errors.ts";
import { PROGRAM_VERSION } from "../runtime/program.ts";
import { isShallow } from "./order-requests.ts";
import { type Caller, refuse, type RequestGuard } from "./request-guard.ts";
import { type RouteName, type RouteNeed, ROUTES } from "./route-table.ts";
import { BODY_BYTES, refusal, type Refusal, type ServerOptions } from "./server-terms.ts";
import { MESSAGE_BYTES } from "./stream-messages.ts";

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyContextConfig {
    need?: RouteNeed;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

const REQUEST_MS = 15_000;
const IDLE_MS = 10_000;
const MOST_CONNECTIONS = 1_024;
const HEADER_BYTES = 16_384;
/** Of one address: many people may share one. */
const ADDRESS_PER_MINUTE = 6_000;
const USER_PER_MINUTE = 1_200;
const LOG_INS_PER_MINUTE = 20;
const MINUTE_MS = 60_000;

/** Where a route stands and what it needs: the beginning of each. */
export const at = <Name extends RouteName>(name: Name) => {
  const { method, url } = ROUTES[name];
  const need: RouteNeed = ROUTES[name];
  return { method, url, config: { need } };
};

export async function makeApp(options: ServerOptions, guard: RequestGuard): Promise<App> {
  const app = frame(options);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest("caller");
  app.addHook("onRoute", ({ config, method, url }) => {
    const known: readonly RouteNeed[] = Object.values(ROUTES);
    const isKnown = config?.need !== undefined && known.includes(config.need);
    invariant(isKnown, `a route that no table names: ${String(method)} ${url}`);
  });
  await app.register(cookie);
  const limits = await addLimits(app);
  app.addHook("onRequest", async (request, reply) => {
    if (!(await limits.ofAddress(request))) return refuse(reply, TOO_MANY);
    const admitted = guard.admit(request, request.routeOptions.config.need);
    if (!admitted.ok) return refuse(reply, admitted.error);
    request.caller = admitted.value;
    if (admitted.value.user === undefined || (await limits.ofUser(request))) return undefined;
    return refuse(reply, TOO_MANY);
  });
  await addHeaders(app, options.tls !== undefined || options.isBehindTls === true);
  await app.register(websocket, {
    options: { maxPayload: MESSAGE_BYTES, perMessageDeflate: false },
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Arrival", version: PROGRAM_VERSION },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    transform: (input) => {
      const { summary, need } = input.route.config?.need ?? {};
      const told = jsonSchemaTransform(input);
      const open = need === "anyone" ? { security: [] } : {};
      return { ...told, schema: { ...told.schema, ...(summary && { summary }), ...open } };
    },
    transformObject: jsonSchemaTransformObject,
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const told = refusalOf(error);
    if (told.status >= 500) request.log.error({ err: error }, "a request failed");
    return refuse(reply, told);
  });
  app.setNotFoundHandler((_, reply) =>
    refuse(reply, refusal(404, "SERVER_NOT_FOUND", "there is nothing at this address")),
  );
  app.addHook("preValidation", async ({ body }, reply) => {
    if (isShallow(body)) return undefined;
    return refuse(reply, refusal(400, "SERVER_REQUEST", "the body is nested too deeply"));
  });
  addLog(app);
  return app;
}

function frame({ tls, log }: ServerOptions): App {
  const app = Fastify({
    logger:
      log === undefined
        ? false
        : {
            level: "info",
            stream: { write: (line: string) => log.write(line) },
            redact: ["req.headers", "res.headers", "token", "cookie", "authorization"],
            serializers: { req: ({ method, ip }: FastifyRequest) => ({ method, ip }) },
          },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    connectionTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    onProtoPoisoning: "error",
    onConstructorPoisoning: "error",
    ...(tls === undefined
      ? { http: { maxHeaderSize: HEADER_BYTES } }
      : { https: { ...tls, maxHeaderSize: HEADER_BYTES, minVersion: "TLSv1.2" } }),
  } as Parameters<typeof Fastify>[0]) as unknown as App;
  app.server.maxConnections = MOST_CONNECTIONS;
  // Bodies of any other kind are refused: a form of another site could send them unasked.
  app.removeContentTypeParser("text/plain");
  return app;
}

/** By address before anything is read, and by who it is. */
async function addLimits(app: App): Promise<Limits> {
  await app.register(rateLimit, { global: false });
  const most = (max: number, keyGenerator: (request: FastifyRequest) => string) => {
    const count = app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
    return async (request: FastifyRequest): Promise<boolean> => {
      const counted = await count(request);
      return counted.isAllowed || !counted.isExceeded;
    };
  };
  const ofAddress = most(ADDRESS_PER_MINUTE, ({ ip }) => ip);
  const ofLogIn = most(LOG_INS_PER_MINUTE, ({ ip }) => ip);
  return {
    ofUser: most(USER_PER_MINUTE, ({ caller }) => caller.user?.name ?? "nobody"),
    ofAddress: async (request) =>
      (await ofAddress(request)) && (!isLogIn(request) || (await ofLogIn(request))),
  };
}

const isLogIn = (request: FastifyRequest): boolean =>
  request.routeOptions.config.need === ROUTES.logIn;

interface Limits {
  /** Whether it may go on. */
  readonly ofAddress: (request: FastifyRequest) => Promise<boolean>;
  readonly ofUser: (request: FastifyRequest) => Promise<boolean>;
}

async function addHeaders(app: App, isSecure: boolean): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        fontSrc: ["'self'"],
        manifestSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
    strictTransportSecurity: isSecure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    crossOriginEmbedderPolicy: false,
  });
  app.addHook("onSend", async (_, reply) => {
    // The page's own files say for themselves how long they are good for.
    if (reply.getHeader("cache-control") === undefined) reply.header("cache-control", "no-store");
  });
}

function addLog(app: App): void {
  app.addHook("onResponse", async (request, reply) => {
    const { need } = request.routeOptions.config;
    const line = {
      method: request.method,
      route: need?.url ?? "none",
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      user: request.caller?.user?.name,
      ip: request.ip,
    };
    const isTold = need?.changes === true || need?.method !== "GET" || reply.statusCode >= 400;
    request.log[isTold ? "info" : "debug"](line, "answered");
    // A connection that asked to become a stream and may not is nobody's any more.
    if (request.headers.upgrade !== undefined && reply.statusCode >= 400) request.socket.end();
  });
}

const TOO_MANY = refusal(429, "SERVER_RATE", "too many requests: wait a little");
const MOST_ISSUES = 5;

function refusalOf(error: FastifyError): Refusal {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const text = error.validation
      .slice(0, MOST_ISSUES)
      .map(({ instancePath, message = "is wrong" }) => {
        const name = instancePath.slice(1).replaceAll("/", ".");
        return name === "" ? message : `${name}: ${message}`;
      })
      .join("; ");
    return refusal(400, "SERVER_REQUEST", cut(text));
  }
  if (isResponseSerializationError(error)) {
    return refusal(500, "SERVER_ANSWER", "the answer was not what it must be, and is held back");
  }
  const { statusCode: status = 500 } = error;
  if (status === 413) {
    return refusal(413, "SERVER_REQUEST", `a body has ${BODY_BYTES} bytes at most`);
  }
  if (status === 415) return refusal(415, "SERVER_REQUEST", "a body is application/json");
  if (status >= 400 && status < 500) {
    return refusal(status, "SERVER_REQUEST", cut(error.message));
  }
  return refusal(500, "SERVER_FAILED", "the server failed at this; its log says how");
}

const cut = (text: string): string => (text.length > 400 ? `${text.slice(0, 397)}...` : text);
