/**
 * Approval routes: what waits for a second person's word, and that word.
 */
import { z } from "zod";
import type { Result } from "../core/domain/errors.ts";
import { ORDER_FORM } from "../runtime/desk/order-form.ts";
import { AGREED, FAULT, REFUSED, WAITING, WAITS } from "./answers.ts";
import type { Asked } from "./approvals.ts";
import { deskRefusal } from "./desk-refusal.ts";
import { COMMANDS, NOTHING } from "./order-requests.ts";
import { refuse } from "./request-guard.ts";
import { formText } from "./second-approval.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import type { Refusal } from "./server-terms.ts";

const ID = z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) });

export function addApprovalRoutes(app: App, { options, approvals }: ServerContext): void {
  const { desk } = options;
  app.route({
    ...at("approvals"),
    schema: { response: { 200: WAITING, "4xx": FAULT } },
    handler: async () => ({ waiting: [...approvals.waiting()] }),
  });
  app.route({
    ...at("propose"),
    schema: { body: ORDER_FORM, response: { 202: WAITS, "4xx": FAULT } },
    handler: async ({ body, caller }, reply) => {
      const text = `proposal: ${formText(body, body.notional ?? null)}`;
      const asked = approvals.ask(caller.user!.name, text, { kind: "submit", form: body });
      if (!asked.ok) return refuse(reply, asked.error);
      return reply.code(202).send({ approval: asked.value });
    },
  });
  const carryOut = async (
    by: string,
    request: Asked,
  ): Promise<Result<z.infer<typeof AGREED>, Refusal>> => {
    if (request.kind === "submit") {
      const taken = await desk.submit(by, request.form);
      if (!taken.ok) return { ok: false, error: deskRefusal(taken.error) };
      return { ok: true, value: { text: "the order is taken on", ...taken.value } };
    }
    const answer = await desk.control(by, request.parentId, COMMANDS.amend(request.amend));
    if (!answer.ok) return { ok: false, error: deskRefusal(answer) };
    const { text, record = null } = answer;
    return { ok: true, value: { text, parentId: request.parentId, record } };
  };
  app.route({
    ...at("agree"),
    schema: { params: ID, body: NOTHING, response: { 200: AGREED, "4xx": FAULT } },
    handler: async ({ params, caller, log }, reply) => {
      const user = caller.user!.name;
      const taken = approvals.take(params.id, user);
      if (!taken.ok) return refuse(reply, taken.error);
      log.info({ user, asked: taken.value.by, what: taken.value.text }, "agreed");
      const done = await carryOut(`${taken.value.by}, agreed by ${user}`, taken.value.request);
      if (done.ok) return done.value;
      if (done.error.status === 503) approvals.putBack(taken.value);
      return refuse(reply, done.error);
    },
  });
  app.route({
    ...at("refuse"),
    schema: { params: ID, body: NOTHING, response: { 200: REFUSED, "4xx": FAULT } },
    handler: async ({ params, caller, log }, reply) => {
      const dropped = approvals.drop(params.id);
      if (!dropped.ok) return refuse(reply, dropped.error);
      const { by, text } = dropped.value;
      log.info({ user: caller.user!.name, asked: by, what: text }, "refused");
      return { text: `what ${by} asked is dropped: ${text}` };
    },
  });
}
