/**
 * Order routes: orders are looked at, asked about, submitted and steered.
 *
 * What must stay true: whoever is logged in is who the journal names; and what is told as done was
 * answered by the run itself.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { OrderCommand } from "../runtime/desk/desk-terms.ts";
import { ORDER_FORM, type OrderForm } from "../runtime/desk/order-form.ts";
import type { OrderView } from "../view/shapes.ts";
import { DONE, doneOf, FAULT, ORDERS, TAKEN_ON, WAITS, WHY } from "./answers.ts";
import { deskRefusal, notFound } from "./desk-refusal.ts";
import { AMEND, CANCEL, COMMANDS, NOTHING, PAUSE, SWITCH } from "./order-requests.ts";
import { refuse } from "./request-guard.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import { refusal, type Refusal } from "./server-terms.ts";
import { SecondApproval } from "./second-approval.ts";
import { ORDER_PREVIEW, ORDER_VIEW } from "./view-schemas.ts";

export const PARENT = z.strictObject({ parentId: z.string().regex(/^[A-Za-z0-9-]{1,20}$/) });

export function addOrderRoutes(app: App, context: ServerContext): void {
  const { desk } = context.options;
  app.route({
    ...at("orders"),
    schema: { response: { 200: ORDERS, "4xx": FAULT } },
    // Rows come from the view alone; to hold each against the schema takes long for a thousand.
    serializerCompiler: () => (answer) => JSON.stringify(answer),
    handler: async () => ({ orders: [...desk.rows()] }),
  });
  app.route({
    ...at("order"),
    schema: { params: PARENT, response: { 200: ORDER_VIEW, "4xx": FAULT } },
    handler: async ({ params }, reply) => {
      const view = await viewOf(context, params.parentId);
      return view.ok ? reply.send(asJson(view.value)) : refuse(reply, view.error);
    },
  });
  app.route({
    ...at("why"),
    schema: { params: PARENT, response: { 200: WHY, "4xx": FAULT } },
    handler: async ({ params }, reply) => {
      const { parentId } = params;
      const view = await viewOf(context, parentId);
      if (!view.ok) return refuse(reply, view.error);
      const { row, decisions, advisor } = view.value;
      const { phase, reason, halt } = row;
      const advice = advisor?.entries ?? [];
      return reply.send(asJson({ parentId, phase, reason, halt, decisions, advice }));
    },
  });
  addSubmission(app, context);
  addSteering(app, context);
}

/** Of a run that stands, or as its journal ends. */
async function viewOf(
  { options: { desk }, journals }: ServerContext,
  parentId: string,
): Promise<Result<OrderView, Refusal>> {
  const view = desk.order(parentId);
  if (view !== undefined) return ok(view);
  const row = desk.rows().find((each) => each.parentId === parentId);
  if (row === undefined) return err(NO_ORDER);
  const moment = await journals.moment(row.journal, undefined);
  if (!moment.ok) return moment;
  const kept = moment.value.orders.find((each) => each.row.parentId === parentId);
  return kept === undefined ? err(NO_ORDER) : ok(kept);
}

function addSubmission(app: App, { options, approvals }: ServerContext): void {
  const { desk } = options;
  const second = new SecondApproval(desk, options.secondApproval);
  app.route({
    ...at("preview"),
    schema: { body: ORDER_FORM, response: { 200: ORDER_PREVIEW, "4xx": FAULT } },
    handler: async ({ body, caller }, reply) => {
      if (caller.user?.role === "viewer" && !isOpen(desk.runs(), body)) {
        const text = "no market of this instrument is open: a trader opens it";
        return refuse(reply, refusal(403, "SERVER_ROLE", text));
      }
      const preview = await desk.preview(body);
      if (!preview.ok) return refuse(reply, deskRefusal(preview.error));
      const needsApproval = second.isNeeded(body.notional ?? preview.value.notional);
      return reply.send(asJson({ ...preview.value, needsApproval }));
    },
  });
  app.route({
    ...at("submit"),
    schema: { body: ORDER_FORM, response: { 201: TAKEN_ON, 202: WAITS, "4xx": FAULT } },
    handler: async ({ body, caller }, reply) => {
      const needed = await second.ofForm(body);
      if (!needed.ok) return refuse(reply, needed.error);
      const by = caller.user!.name;
      if (needed.value !== undefined) {
        const asked = approvals.ask(by, needed.value, { kind: "submit", form: body });
        if (!asked.ok) return refuse(reply, asked.error);
        return reply.code(202).send({ approval: asked.value });
      }
      const taken = await desk.submit(by, body);
      if (!taken.ok) return refuse(reply, deskRefusal(taken.error));
      return reply.code(201).send(taken.value);
    },
  });
}

function addSteering(app: App, { options, approvals }: ServerContext): void {
  const { desk } = options;
  const second = new SecondApproval(desk, options.secondApproval);
  const answers = { 200: DONE, 202: WAITS, "4xx": FAULT };
  type Asked = FastifyRequest & { readonly params: z.infer<typeof PARENT> };
  const steer = async (request: Asked, reply: FastifyReply, command: OrderCommand) => {
    const { parentId } = request.params;
    if (!desk.rows().some((row) => row.parentId === parentId)) return refuse(reply, NO_ORDER);
    const answer = await desk.control(request.caller.user!.name, parentId, command);
    return answer.ok ? reply.send(doneOf(answer)) : refuse(reply, deskRefusal(answer));
  };
  app.route({
    ...at("pause"),
    schema: { params: PARENT, body: PAUSE, response: answers },
    handler: (request, reply) => steer(request, reply, COMMANDS.pause(request.body)),
  });
  app.route({
    ...at("resume"),
    schema: { params: PARENT, body: NOTHING, response: answers },
    handler: (request, reply) => steer(request, reply, COMMANDS.resume()),
  });
  app.route({
    ...at("cancel"),
    schema: { params: PARENT, body: CANCEL, response: answers },
    handler: (request, reply) => steer(request, reply, COMMANDS.cancel(request.body)),
  });
  app.route({
    ...at("switch"),
    schema: { params: PARENT, body: SWITCH, response: answers },
    handler: (request, reply) => steer(request, reply, COMMANDS.switch(request.body)),
  });
  app.route({
    ...at("amend"),
    schema: { params: PARENT, body: AMEND, response: answers },
    handler: async (request, reply) => {
      const { parentId } = request.params;
      const needed = second.ofAmendment(parentId, request.body);
      if (needed === undefined) return steer(request, reply, COMMANDS.amend(request.body));
      const asked = approvals.ask(request.caller.user!.name, needed, {
        kind: "amend",
        parentId,
        amend: request.body,
      });
      if (!asked.ok) return refuse(reply, asked.error);
      return reply.code(202).send({ approval: asked.value });
    },
  });
}

const NO_ORDER = notFound("there is no such order here");

/** What the view hands out is read-only, and is written as it is. */
export const asJson = <Value>(value: Value): never => value as never;

function isOpen(
  runs: readonly { readonly instrument: string; readonly isLive: boolean }[],
  { category, symbol }: OrderForm,
): boolean {
  const end = `:${category}:${symbol}`.toUpperCase();
  return runs.some(({ instrument, isLive }) => isLive && instrument.toUpperCase().endsWith(end));
}
