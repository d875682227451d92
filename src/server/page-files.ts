/**
 * Page files: the built page, or a page that says how it is built.
 *
 * What must stay true: nothing outside its folder is given out; a file whose name says what is in
 * it is good for ever, and the page itself is asked for anew each time.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import { type App, at } from "./server-app.ts";
import { refuse } from "./request-guard.ts";
import { notFound } from "./desk-refusal.ts";

const YEAR = "public, max-age=31536000, immutable";
/** As Vite writes them: `assets/index-BxY2a_7c.js`. */
const HASHED = /^assets\/[\w.-]+-[\w-]{8}\.\w+$/;

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Arrival</title>
<h1>The page is not built</h1>
<p>The server and its API are at work; the page that belongs to them is not there. In a checkout
it is built by <code>npm run build:page</code>; then reload.</p></html>
`;

export async function addPageFiles(app: App, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    dotfiles: "deny",
    // `dashboard/compress.js` lays `.br` and `.gz` beside the files.
    preCompressed: true,
  });
  const isBuilt = (): boolean => existsSync(join(folder, "index.html"));
  app.route({
    ...at("page"),
    schema: { hide: true },
    handler: async (_, reply) => {
      reply.header("cache-control", "no-cache");
      if (isBuilt()) return reply.sendFile("index.html", { cacheControl: false });
      return reply.code(503).type("text/html; charset=utf-8").send(NOT_BUILT);
    },
  });
  app.route({
    ...at("file"),
    schema: { hide: true },
    handler: async (request, reply) => {
      const name = (request.params as { readonly "*": string })["*"];
      if (!isBuilt() || name.startsWith("api/")) {
        return refuse(reply, notFound("there is nothing at this address"));
      }
      reply.header("cache-control", HASHED.test(name) ? YEAR : "no-cache");
      return reply.sendFile(name, { cacheControl: false });
    },
  });
}
