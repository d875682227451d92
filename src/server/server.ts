/**
 * Server: the desk over HTTP and a stream, for the page and for programs.
 *
 * It runs in the desk's process and does its work between the turns of the desk's loops. What must
 * stay true: no other machine can reach it unless that was said; what it tells is a copy; what it
 * does to an order is asked of the desk in somebody's name; and it holds nothing that a restart
 * must find again but what waits for a second person's word, and that is in a file.
 */
import { randomInt } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { addApprovalRoutes } from "./approval-routes.ts";
import { Approvals } from "./approvals.ts";
import { Addresses, inUrl, isLoopback } from "./addresses.ts";
import { addDeskRoutes } from "./desk-routes.ts";
import { addJournalRoutes } from "./journal-routes.ts";
import { OpenedJournals } from "./opened-journals.ts";
import { addOrderRoutes } from "./order-routes.ts";
import { addPageFiles } from "./page-files.ts";
import { RequestGuard } from "./request-guard.ts";
import { type App, makeApp } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import { addMetrics } from "./server-metrics.ts";
import type { Server, ServerFault, ServerOptions } from "./server-terms.ts";
import { SESSION_TIMES, Sessions } from "./sessions.ts";
import { addSessionRoutes } from "./session-routes.ts";
import { StreamHub } from "./stream-hub.ts";
import { addStreamRoute } from "./stream-route.ts";

const UPDATES_PER_SECOND = 10;
const SWEEP_MS = 30_000;
const MOST_PORT = 65_535;
/** Of connections that do not end when they are told to. */
const LAST_WORD_MS = 1_500;

export async function openServer(options: ServerOptions): Promise<Result<Server, ServerFault>> {
  const { desk, host, tls } = options;
  if (!isLoopback(host) && !isSecure(options)) {
    const text =
      `${host} is not this machine alone: give --tls-cert and --tls-key, or say --behind-tls ` +
      "where somebody before the server speaks TLS";
    return err({ code: "SERVER_PLAIN", text });
  }
  const kept = options.privateFolder ?? desk.folder;
  const approvals = Approvals.open(kept, options.now ?? Date.now);
  if (!approvals.ok) return approvals;
  const context = contextOf(options, approvals.value);
  const { hub, sessions, journals, addresses } = context;
  const app = await makeApp(options, context.guard);
  context.onFault = (error) => app.log.error({ err: error }, "a state could not be made");
  const metrics = addMetrics(app, desk, hub, options.telemetry);
  await addRoutes(app, context);
  const connections = connectionsOf(app);
  const sweep = setInterval(() => {
    sessions.sweep();
    journals.sweep();
  }, SWEEP_MS).unref();
  const close = async (): Promise<void> => {
    clearInterval(sweep);
    hub.close();
    metrics.close();
    const rude = setTimeout(() => {
      for (const socket of connections) socket.destroy();
    }, LAST_WORD_MS);
    await app.close();
    clearTimeout(rude);
    journals.close();
  };
  const listening = await listen(app, host, options.port);
  if (!listening.ok) {
    await close();
    return listening;
  }
  addresses.listensAt(listening.value);
  const scheme = tls === undefined ? "http" : "https";
  return ok({
    url: `${scheme}://${inUrl(host)}:${listening.value}`,
    get viewers() {
      return hub.size;
    },
    close,
  });
}

const isSecure = ({ tls, isBehindTls }: ServerOptions): boolean =>
  tls !== undefined || isBehindTls === true;

function contextOf(options: ServerOptions, approvals: Approvals): ServerContext {
  const { desk, host, port, access, names = [], isReadOnly = false } = options;
  const now = options.now ?? Date.now;
  const secure = isSecure(options);
  const hub = new StreamHub({
    desk,
    approvals,
    updatesPerSecond: options.updatesPerSecond ?? UPDATES_PER_SECOND,
    now,
    onFault: (error) => context.onFault(error),
  });
  const endStreams = (session: string): void => hub.endSession(session);
  const sessions = new Sessions(now, options.sessions ?? SESSION_TIMES, endStreams);
  const addresses = new Addresses({ host, names, isSecure: secure });
  // Cookies are the host's, whatever the port: two servers on one machine have two names.
  const which = port === 0 ? randomInt(MOST_PORT + 1, 1e9) : port;
  const cookie = `${secure ? "__Host-" : ""}arrival-${which}`;
  const context: ServerContext = {
    options,
    approvals,
    sessions,
    guard: new RequestGuard({ access, sessions, addresses, cookie, isReadOnly, now }),
    hub,
    journals: new OpenedJournals(desk, now),
    addresses,
    onFault: () => undefined,
    cookie,
    isSecure: secure,
  };
  return context;
}

function connectionsOf(app: App): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  app.server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  return connections;
}

async function addRoutes(app: App, context: ServerContext): Promise<void> {
  addSessionRoutes(app, context);
  addOrderRoutes(app, context);
  addDeskRoutes(app, context);
  addApprovalRoutes(app, context);
  addJournalRoutes(app, context);
  addStreamRoute(app, context);
  await addPageFiles(app, context.options.page);
}

async function listen(app: App, host: string, port: number): Promise<Result<number, ServerFault>> {
  try {
    await app.listen({ host, port });
    return ok((app.server.address() as AddressInfo).port);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another program listens there" : code;
    return err({ code: "SERVER_ADDRESS", text: `${host} port ${port}: ${why}` });
  }
}
