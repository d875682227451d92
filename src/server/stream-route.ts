/**
 * Stream route: a WebSocket is let in, and what it says is heard.
 *
 * What must stay true: it can say so much a while and no more, and a connection that is dead is
 * found out; a session lives as long as its stream is looked at, up to its own end.
 */
import type { WebSocket } from "ws";
import { PROGRAM } from "../runtime/program.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import { MOST_TOPICS, parseWatch } from "./stream-messages.ts";
import { StreamViewer } from "./stream-viewer.ts";

const PING_MS = 20_000;
const MOST_VIEWERS = 64;
/** A client says what it watches when somebody turns a page. */
const MOST_SAID = 40;
const SAID_MS = 10_000;

const REFUSED = {
  type: "refused",
  code: "SERVER_WATCH",
  text: `say {"type":"watch","topics":[…]}: ${MOST_TOPICS} topics at most, as in the reference`,
} as const;

export function addStreamRoute(app: App, context: ServerContext): void {
  const { hub, options } = context;
  app.route({
    ...at("stream"),
    schema: { hide: true },
    handler: async (_, reply) =>
      reply.code(426).send({ code: "SERVER_WATCH", text: "a WebSocket" }),
    wsHandler: (socket, { caller }) => {
      if (hub.size >= (options.mostViewers ?? MOST_VIEWERS)) {
        socket.close(1013, "too many look on already");
        return;
      }
      const viewer = new StreamViewer(socket, caller.user!, caller.session);
      socket.on("error", () => socket.terminate());
      viewer.say({
        type: "hello",
        epoch: hub.epoch,
        seq: 0,
        now: options.desk.now,
        user: viewer.user.name,
        role: viewer.user.role,
        program: PROGRAM,
      });
      hub.join(viewer);
      const stop = keepAlive(socket, viewer, context);
      socket.on("close", () => {
        stop();
        hub.leave(viewer);
      });
      hear(socket, viewer, context);
    },
  });
}

function hear(socket: WebSocket, viewer: StreamViewer, { hub, options }: ServerContext): void {
  const now = options.now ?? Date.now;
  let said = 0;
  let since = now();
  socket.on("message", (data, isBinary) => {
    if (now() - since > SAID_MS) {
      since = now();
      said = 0;
    }
    said += 1;
    if (said > MOST_SAID) return viewer.close(1008, "too many messages");
    const request = isBinary ? undefined : parseWatch(String(data));
    if (request === undefined) viewer.say(REFUSED);
    else hub.watch(viewer, request);
  });
}

/** @returns ends it. */
function keepAlive(
  socket: WebSocket,
  { session }: StreamViewer,
  { sessions }: ServerContext,
): () => void {
  let isThere = true;
  socket.on("pong", () => (isThere = true));
  const timer = setInterval(() => {
    if (!isThere) return socket.terminate();
    isThere = false;
    socket.ping();
    if (session !== undefined && !sessions.touch(session)) {
      sessions.end(session);
      socket.close(1008, "the session has ended");
    }
  }, PING_MS).unref();
  return () => clearInterval(timer);
}
