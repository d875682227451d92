/**
 * Desk routes: what holds for all orders: runs, markets, limits, the kill switch, what happened.
 */
import { z } from "zod";
import { DONE, doneOf, FAULT, KILLED, LIMITS_NOW, MARKETS, RUNS, TIMELINE } from "./answers.ts";
import { deskRefusal, notFound } from "./desk-refusal.ts";
import { KILL, LIMITS } from "./order-requests.ts";
import { asJson } from "./order-routes.ts";
import { refuse } from "./request-guard.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import { MARKET_VIEW } from "./view-schemas.ts";

const INSTRUMENT = z.strictObject({ instrument: z.string().regex(/^[\w:.-]{1,120}$/) });
const NO_MARKET = notFound("no run stands on this instrument");

export function addDeskRoutes(app: App, { options }: ServerContext): void {
  const { desk } = options;
  app.route({
    ...at("runs"),
    schema: { response: { 200: RUNS, "4xx": FAULT } },
    handler: async () => ({ runs: [...desk.runs()] }),
  });
  app.route({
    ...at("markets"),
    schema: { response: { 200: MARKETS, "4xx": FAULT } },
    handler: async () => {
      const names = new Set(desk.runs().map(({ instrument }) => instrument));
      return { instruments: [...names].filter((name) => desk.market(name) !== undefined) };
    },
  });
  app.route({
    ...at("market"),
    schema: { params: INSTRUMENT, response: { 200: MARKET_VIEW, "4xx": FAULT } },
    handler: async ({ params }, reply) => {
      const view = desk.market(params.instrument);
      return view === undefined ? refuse(reply, NO_MARKET) : reply.send(asJson(view));
    },
  });
  app.route({
    ...at("limits"),
    schema: { params: INSTRUMENT, response: { 200: LIMITS_NOW, "4xx": FAULT } },
    handler: async ({ params: { instrument } }, reply) => {
      const limits = desk.limits(instrument);
      if (limits === undefined) return refuse(reply, NO_MARKET);
      return { instrument, limits: { ...limits } };
    },
  });
  app.route({
    ...at("setLimits"),
    schema: { params: INSTRUMENT, body: LIMITS, response: { 200: DONE, "4xx": FAULT } },
    handler: async ({ params, body, caller }, reply) => {
      if (desk.limits(params.instrument) === undefined) return refuse(reply, NO_MARKET);
      const answer = await desk.setLimits(caller.user!.name, params.instrument, body.set);
      return answer.ok ? doneOf(answer) : refuse(reply, deskRefusal(answer));
    },
  });
  app.route({
    ...at("kill"),
    schema: { body: KILL, response: { 200: KILLED, "4xx": FAULT } },
    handler: async ({ body, caller }) => {
      const answers = await desk.kill(caller.user!.name, body.reason);
      return { runs: answers.map(({ ok, text }) => ({ ok, text })) };
    },
  });
  app.route({
    ...at("timeline"),
    schema: { response: { 200: TIMELINE, "4xx": FAULT } },
    handler: async () => ({ entries: [...desk.timeline()] }),
  });
}
