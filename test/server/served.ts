/**
 * Served: a server on a desk for a test, with a token of each role, and what went wrong in its log.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Desk } from "../../src/runtime/desk/desk-terms.ts";
import { Access, type User } from "../../src/server/access.ts";
import { openServer } from "../../src/server/server.ts";
import type { Server, ServerOptions } from "../../src/server/server-terms.ts";
import { MemoryDesk } from "./memory-desk.ts";

export const USERS: readonly User[] = [
  { name: "vera", role: "viewer" },
  { name: "tom", role: "trader" },
  { name: "tina", role: "trader" },
  { name: "ada", role: "admin" },
];
export type Name = "vera" | "tom" | "tina" | "ada";

export interface Served<On extends Desk = MemoryDesk> {
  readonly desk: On;
  readonly folder: string;
  readonly server: Server;
  readonly url: string;
  readonly tokens: Readonly<Record<Name, string>>;
  readonly log: readonly string[];
  ask(
    method: string,
    path: string,
    by?: Name,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a test reads of an answer is for the test to know.
  readonly json: Record<string, never>;
}

export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "arrival-server-"));

export const serve = (options: Partial<ServerOptions> = {}): Promise<Served> => {
  const folder = emptyFolder();
  return serveDesk(new MemoryDesk(folder), folder, options);
};

export async function serveDesk<On extends Desk>(
  desk: On,
  folder: string,
  options: Partial<ServerOptions> = {},
): Promise<Served<On>> {
  const opened = Access.open(folder, USERS, true);
  if (!opened.ok) throw new Error(opened.error.text);
  const tokens = Object.fromEntries(
    opened.value.made.map(({ name, token }) => [name, token]),
  ) as Record<Name, string>;
  const log: string[] = [];
  const made = await openServer({
    desk,
    access: opened.value.access,
    host: "127.0.0.1",
    port: 0,
    page: join(folder, "no-page"),
    log: { write: (line) => void log.push(line) },
    ...options,
  });
  if (!made.ok) throw new Error(`${made.error.code}: ${made.error.text}`);
  const { url } = made.value;
  return {
    desk,
    folder,
    server: made.value,
    url,
    tokens,
    log,
    ask: async (method, path, by, body, headers = {}) => {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          ...(by === undefined ? {} : { authorization: `Bearer ${tokens[by]}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return answerOf(response);
    },
    close: async () => {
      await made.value.close();
      await desk.close("cancel");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  const json = (isJson ? JSON.parse(text) : {}) as Record<string, never>;
  return { status: response.status, headers: response.headers, text, json };
}
