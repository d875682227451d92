/**
 * Journal routes: any journal of the folder is opened, and looked at as it was behind a record.
 */
import { z } from "zod";
import { FAULT, JOURNAL, JOURNALS } from "./answers.ts";
import { asJson } from "./order-routes.ts";
import { refuse } from "./request-guard.ts";
import { type App, at } from "./server-app.ts";
import type { ServerContext } from "./server-context.ts";
import { JOURNAL_MOMENT } from "./view-schemas.ts";

const NAME = z.strictObject({ journal: z.string().max(200) });
const UP_TO = z.strictObject({
  record: z
    .string()
    .regex(/^\d{1,15}$/, "must be the number of a record")
    .exactOptional(),
});

export function addJournalRoutes(app: App, { options, journals }: ServerContext): void {
  const { desk } = options;
  app.route({
    ...at("journals"),
    schema: { response: { 200: JOURNALS, "4xx": FAULT } },
    handler: async () => ({ journals: journalsOf(desk) }),
  });
  app.route({
    ...at("journal"),
    schema: { params: NAME, response: { 200: JOURNAL, "4xx": FAULT } },
    handler: async ({ params }, reply) => {
      const opened = await journals.open(params.journal);
      if (!opened.ok) return refuse(reply, opened.error);
      const { journal, instrument, records, parentIds, marks } = opened.value;
      return reply.send(asJson({ journal, instrument, records, parentIds, marks }));
    },
  });
  app.route({
    ...at("moment"),
    schema: {
      params: NAME,
      querystring: UP_TO,
      response: { 200: JOURNAL_MOMENT, "4xx": FAULT },
    },
    handler: async ({ params, query: { record } }, reply) => {
      const upTo = record === undefined ? undefined : Number(record);
      const moment = await journals.moment(params.journal, upTo);
      return moment.ok ? reply.send(asJson(moment.value)) : refuse(reply, moment.error);
    },
  });
}

type Listed = z.infer<typeof JOURNALS>["journals"][number];

/** Newest first: those of orders, and those of runs that have none yet. */
function journalsOf(desk: ServerContext["options"]["desk"]): Listed[] {
  const listed = new Map<string, Listed>();
  for (const { journal, parentId, instrument, venue, startAt, isLive } of desk.rows()) {
    const known = listed.get(journal);
    if (known === undefined) {
      const parentIds = [parentId];
      listed.set(journal, { journal, instrument, venue, isLive, parentIds, startAt });
      continue;
    }
    known.parentIds.push(parentId);
    known.isLive ||= isLive;
    known.startAt = Math.min(known.startAt ?? startAt, startAt);
  }
  for (const { journal, instrument, venue, isLive } of desk.runs()) {
    if (listed.has(journal)) continue;
    listed.set(journal, { journal, instrument, venue, isLive, parentIds: [], startAt: null });
  }
  return [...listed.values()].sort(
    (one, other) => (other.startAt ?? Infinity) - (one.startAt ?? Infinity) || 0,
  );
}
