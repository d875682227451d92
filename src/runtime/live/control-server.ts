/**
 * Control server: the socket beside a journal on which a run listens to its operators.
 *
 * The socket is made under a name of its own and moved to its place once nobody else may open it;
 * so what a dead process has left is replaced in one step, and a run that lives is never cut off.
 * What must stay true: no client, however slow, mute or rude, holds the run or another client up,
 * and a request that comes in time is answered once.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  addressesOf,
  codeOf,
  foundAt,
  besideJournal,
  isShort,
  openTemporaryFolder,
  UNFINISHED,
  wholePath,
} from "./control-address.ts";
import { probe } from "./control-client.ts";
import { ControlLines } from "./control-lines.ts";
import {
  type ControlAnswer,
  type ControlFault,
  type ControlRequest,
  LONGEST_LINE,
  parseRequest,
} from "./control-protocol.ts";

export interface ControlServerOptions {
  readonly journal: string;
  readonly answer: (request: ControlRequest) => Promise<ControlAnswer>;
  /** What whoever watches the run should know. */
  readonly onNote?: (text: string) => void;
  /** A client that says nothing for so long is let go. */
  readonly idleMs?: number;
}

const IDLE_MS = 60_000;
/** One more takes the place of the one that was silent the longest. */
export const MOST_CLIENTS = 16;
/** Of answers that a client does not read. */
const MOST_UNREAD = 1 << 18;
/** How long an answer under way may take when it ends. */
const LAST_WORD_MS = 1_000;

export class ControlServer {
  readonly path: string;
  readonly #options: ControlServerOptions;
  /** The longest silent first. */
  readonly #clients = new Set<Socket>();
  #server: Server;
  #inode: number;
  #isClosed = false;
  #isMending = false;

  private constructor(options: ControlServerOptions, path: string) {
    this.#options = options;
    this.path = path;
    this.#server = this.#made();
    this.#inode = 0;
  }

  /** Listens; refused where another run does at this address, or no address can be had. */
  static async open(options: ControlServerOptions): Promise<Result<ControlServer, ControlFault>> {
    if (process.platform === "win32") {
      return err({ code: "CONTROL_UNSUPPORTED", text: "there is no `arrival ctl` on Windows" });
    }
    const { journal } = options;
    const beside = besideJournal(journal);
    const troubles: string[] = isShort(beside) ? [] : [`${beside} is too long for a socket`];
    try {
      openTemporaryFolder();
    } catch (error) {
      troubles.push(`no folder among the temporary files (${codeOf(error)})`);
    }
    for (const path of addressesOf(wholePath(journal))) {
      const found = await probe(path);
      if (found === "alive") return err(takenAt(path));
      if (found === "other") {
        troubles.push(`${path} is there, and is no socket`);
        continue;
      }
      const server = new ControlServer(options, path);
      try {
        await server.#listen();
        return ok(server);
      } catch (error) {
        troubles.push(`${path}: ${codeOf(error)}`);
      }
    }
    return err({ code: "CONTROL_ADDRESS", text: troubles.join("; ") });
  }

  /** Connected at this moment. */
  get clients(): number {
    return this.#clients.size;
  }

  /** To be called now and then: a socket that somebody has removed is put back. */
  async mend(): Promise<void> {
    if (this.#isClosed || this.#isMending) return;
    if (foundAt(this.path) !== undefined) return;
    this.#isMending = true;
    const before = this.#server;
    try {
      this.#server = this.#made();
      await this.#listen();
      before.close();
      this.#options.onNote?.(`${this.path} was removed, and is there again`);
    } catch {
      // The folder may be gone: those who are connected stay so, and it is tried again.
      this.#server = before;
    } finally {
      this.#isMending = false;
    }
  }

  /** Removes the socket. An answer under way is sent first. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Another's, if it has taken the place meanwhile, stays.
    if (foundAt(this.path)?.ino === this.#inode) removed(this.path);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const client of this.#clients) client.end();
    const timer = setTimeout(() => {
      for (const client of this.#clients) client.destroy();
    }, LAST_WORD_MS);
    await promise;
    clearTimeout(timer);
  }

  #made(): Server {
    const server = createServer((client) => this.#take(client));
    // A connection that could not be taken is its client's trouble.
    server.on("error", () => undefined);
    return server;
  }

  async #listen(): Promise<void> {
    const server = this.#server;
    const unfinished = join(dirname(this.path), `${UNFINISHED}${randomBytes(3).toString("hex")}`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(unfinished, () => resolve());
    try {
      await promise;
      server.off("error", reject);
      chmodSync(unfinished, 0o600);
      this.#inode = lstatSync(unfinished).ino;
      renameSync(unfinished, this.path);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  #take(client: Socket): void {
    this.#clients.add(client);
    const [silent] = this.#clients;
    if (this.#clients.size > MOST_CLIENTS && silent !== undefined) {
      this.#clients.delete(silent);
      silent.destroy();
    }
    client.setTimeout(this.#options.idleMs ?? IDLE_MS, () => client.destroy());
    client.on("error", () => client.destroy());
    client.on("close", () => this.#clients.delete(client));
    const lines = new ControlLines(LONGEST_LINE);
    let isAtWork = false;
    const work = async (): Promise<void> => {
      if (isAtWork) return;
      isAtWork = true;
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        await this.#serve(client, line);
        if (client.destroyed) return;
        // The run's own work has its turn between any two requests.
        await new Promise((resolve) => setImmediate(resolve));
      }
      isAtWork = false;
      if (!lines.isTooLong) client.resume();
    };
    client.on("data", (bytes) => {
      this.#clients.delete(client);
      this.#clients.add(client);
      lines.push(bytes);
      client.pause();
      void work().then(() => {
        if (lines.isTooLong) this.#refuseLine(client);
      });
    });
  }

  /** What follows cannot be read any more: it is told so, and let go. */
  #refuseLine(client: Socket): void {
    const text = `a line has ${LONGEST_LINE} bytes at most`;
    client.removeAllListeners("data");
    client.end(`${JSON.stringify({ ok: false, code: "CONTROL_REQUEST", text })}\n`);
    client.resume();
    setTimeout(() => client.destroy(), LAST_WORD_MS).unref();
  }

  async #serve(client: Socket, line: string): Promise<void> {
    const answer = await this.#answerTo(line);
    if (!client.writable) return;
    client.write(`${JSON.stringify(answer)}\n`);
    if (client.writableLength > MOST_UNREAD) client.destroy();
  }

  async #answerTo(line: string): Promise<ControlAnswer> {
    const request = parseRequest(line);
    if (!request.ok) return { ok: false, ...request.error };
    const { id } = request.value;
    const answer = await this.#options.answer(request.value).catch((error: unknown) => {
      return { ok: false, code: "CONTROL_FAILED", text: String(error) } as const;
    });
    return id === undefined ? answer : { ...answer, id };
  }
}

function removed(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder may have been closed to us: a socket that is dead harms nobody.
  }
}

const takenAt = (path: string): ControlFault => ({
  code: "CONTROL_TAKEN",
  text: `another run listens at ${path}: end it first (arrival ctl ${path} status)`,
});
