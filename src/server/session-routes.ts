/**
 * Session routes: how somebody gets in and out, and what a machine asks before.
 */
import { z } from "zod";
import { PROGRAM } from "../runtime/program.ts";
import { FAULT, HEALTH, WHO } from "./answers.ts";
import { type Caller, refuse } from "./request-guard.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";

const LOG_IN = z.strictObject({ token: z.string().min(1).max(200) });

export function addSessionRoutes(app: App, context: ServerContext): void {
  const { options, sessions, guard, cookie, isSecure } = context;
  const who = ({ user, endsAt }: Caller): z.infer<typeof WHO> => ({
    user: user!.name,
    role: user!.role,
    program: PROGRAM,
    secondApproval: options.secondApproval ?? null,
    isReadOnly: options.isReadOnly === true,
    takesOrders: options.desk.takesOrders,
    expiresAt: endsAt === null ? null : Math.round(endsAt * 1_000),
  });
  const flags = { path: "/", httpOnly: true, sameSite: "strict", secure: isSecure } as const;

  app.route({
    ...at("logIn"),
    schema: { body: LOG_IN, response: { 200: WHO, "4xx": FAULT } },
    handler: async (request, reply) => {
      const user = guard.tokenOf(request.ip, request.body.token);
      if (!user.ok) return refuse(reply, user.error);
      const { id, session } = sessions.open(user.value);
      const seconds = Math.floor((session.endsAt - session.seenAt) / 1_000);
      reply.setCookie(cookie, id, { ...flags, maxAge: seconds });
      request.log.info({ user: user.value.name, ip: request.ip }, "logged in");
      return who({ user: user.value, session: session.key, endsAt: session.endsAt });
    },
  });
  app.route({
    ...at("logOut"),
    schema: { response: { 204: z.null(), "4xx": FAULT } },
    handler: async ({ caller }, reply) => {
      if (caller.session !== undefined) sessions.end(caller.session);
      reply.clearCookie(cookie, flags);
      return reply.code(204).send(null);
    },
  });
  app.route({
    ...at("whoAmI"),
    schema: { response: { 200: WHO, "4xx": FAULT } },
    handler: async ({ caller }) => who(caller),
  });
  app.route({
    ...at("health"),
    schema: { response: { 200: HEALTH } },
    handler: async () => {
      const isTroubled = options.desk.runs().some(({ trouble }) => trouble !== null);
      return { status: isTroubled ? ("trouble" as const) : ("ok" as const) };
    },
  });
  app.route({ ...at("document"), handler: async () => app.swagger() });
}
