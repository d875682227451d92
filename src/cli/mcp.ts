/**
 * `arrival mcp`: a desk's tools for a language model, over standard input and output.
 *
 * It asks a running server as any other program would, with a token; or, given a folder, a server
 * of its own in this process that only looks on. What must stay true: nothing is printed on
 * standard output but the protocol; and no order can be sent from here, at most proposed.
 */
import { resolve } from "node:path";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Command } from "commander";
import { err } from "../core/domain/errors.ts";
import { DEFAULT_CONFIG } from "../runtime/config.ts";
import { openDesk } from "../runtime/desk/desk.ts";
import { Access } from "../server/access.ts";
import { apiClient, type AskApi } from "../server/api-client.ts";
import { mcpTools } from "../server/mcp-tools.ts";
import { openServer } from "../server/server.ts";
import { CommandError, EXIT, note } from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";

interface Flags extends PluginFlags {
  readonly server?: string;
  readonly allowProposals?: boolean;
}

const TOKEN = "ARRIVAL_TOKEN";

export function addMcp(program: Command): void {
  program
    .command("mcp")
    .argument("[folder]", "whose journals are looked at, where no --server is asked")
    .description("a desk's tools for a language model, by the Model Context Protocol on stdio")
    .option("--server <url>", `of a running \`arrival serve\`; its token in ${TOKEN}`)
    .option("--allow-proposals", "a tool that files orders for a person to agree to")
    .addOption(pluginOption())
    .addHelpText("after", EXAMPLES)
    .action(async (folder: string | undefined, flags: Flags) => {
      process.exitCode = await serveTools(folder, flags);
    });
}

const EXAMPLES = `
Examples:
  arrival mcp my-desk
  ARRIVAL_TOKEN=arrival_... arrival mcp --server http://127.0.0.1:8770 --allow-proposals

In a client's settings: command "arrival", arguments ["mcp", "/path/to/my-desk"]. Give it a
viewer's token: a viewer may look, and propose.`;

async function serveTools(folder: string | undefined, flags: Flags): Promise<number> {
  const source = await sourceOf(folder, flags);
  const server = mcpTools(source.ask, flags.allowProposals === true);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  try {
    process.stdin.on("end", end);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
    await server.connect(new StdioServerTransport());
    note("ready: speaks the Model Context Protocol on standard input and output");
    await promise;
    await server.close();
  } finally {
    await source.close();
  }
  return EXIT.done;
}

interface Source {
  readonly ask: AskApi;
  readonly close: () => Promise<void>;
}

/** @throws CommandError */
async function sourceOf(folder: string | undefined, flags: Flags): Promise<Source> {
  const { server, allowProposals } = flags;
  if ((server === undefined) === (folder === undefined)) {
    throw new CommandError("USAGE", "name a folder, or a running server with --server");
  }
  if (folder !== undefined) {
    if (allowProposals !== true) return folderSource(resolve(folder), flags);
    throw new CommandError("USAGE", "--allow-proposals needs a --server: a folder only looks on");
  }
  const token = process.env[TOKEN];
  if (token === undefined || token === "") {
    throw new CommandError("USAGE", `put a token of the server into ${TOKEN}`);
  }
  if (!URL.canParse(server!)) throw new CommandError("USAGE", `no address: ${server}`);
  const ask = apiClient(server!, token);
  const found = await ask("GET", "/session");
  if (found.ok) return { ask, close: async () => undefined };
  throw new CommandError(found.error.code, `${server}: ${found.error.text}`, EXIT.no);
}

async function folderSource(folder: string, flags: Flags): Promise<Source> {
  const desk = await openDesk({
    folder,
    place: "read-only",
    config: DEFAULT_CONFIG,
    seed: 1,
    plugins: await pluginsOf(flags),
    venueFor: () => err({ code: "VENUE_CREDENTIALS", text: "this desk only looks on" }),
    isReadOnly: true,
  });
  if (!desk.ok) throw new CommandError(desk.error.code, desk.error.text);
  const { access, token } = Access.forItself({ name: "mcp", role: "viewer" });
  const server = await openServer({
    desk: desk.value,
    access,
    host: "127.0.0.1",
    port: 0,
    page: folder,
    isReadOnly: true,
  });
  if (!server.ok) {
    await desk.value.close("leave");
    throw new CommandError(server.error.code, server.error.text, EXIT.no);
  }
  return {
    ask: apiClient(server.value.url, token),
    close: async () => {
      await server.value.close();
      await desk.value.close("leave");
    },
  };
}
