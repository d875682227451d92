/**
 * The control socket under clients that are slow, mute, rude or many. What is lost if this fails:
 * an operator who cannot stop a run, or a stranger who can.
 */
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import {
  addressesOf,
  amongTemporary,
  besideJournal,
  openTemporaryFolder,
} from "./control-address.ts";
import { ask, findRun, listRuns, probe } from "./control-client.ts";
import type { ControlAnswer, ControlRequest } from "./control-protocol.ts";
import { ControlServer, type ControlServerOptions, MOST_CLIENTS } from "./control-server.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-ctl-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const asked: ControlRequest[] = [];
const taken = async (request: ControlRequest): Promise<ControlAnswer> => {
  asked.push(request);
  return { ok: true, command: request.command, text: "done" };
};

async function opened(name: string, options: Partial<ControlServerOptions> = {}) {
  const journal = join(folder, `${name}.journal`);
  const made = await ControlServer.open({ journal, answer: taken, ...options });
  if (!made.ok) throw new Error(`${made.error.code}: ${made.error.text}`);
  ends.push(() => made.value.close());
  return made.value;
}

/** A client by hand. */
class Wire {
  readonly #told: string[] = [""];
  readonly socket: Socket;
  readonly closed: Promise<void>;
  constructor(path: string) {
    this.socket = connect(path);
    this.socket.setEncoding("utf8").on("data", (text) => {
      const [first = "", ...others] = String(text).split("\n");
      this.#told.push(`${this.#told.pop()}${first}`, ...others);
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.socket.on("close", () => resolve()));
    ends.push(() => this.socket.destroy());
  }
  async lines(count: number): Promise<unknown[]> {
    while (this.#told.length <= count) await new Promise((resolve) => setTimeout(resolve, 2));
    return this.#told.slice(0, count).map((line): unknown => JSON.parse(line));
  }
}

const PAUSE = { command: "pause", by: "ann", reason: "news" } as const;

describe("the control socket", () => {
  it("is for its owner alone, and gone when the run is", async () => {
    const server = await opened("own");
    expect(server.path).toBe(join(folder, "own.ctl"));
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
    expect(await ask(server.path, PAUSE)).toMatchObject({ value: { ok: true, text: "done" } });
    await server.close();
    expect(existsSync(server.path)).toBe(false);
  });

  it("replaces what a dead process has left, and never a run that lives", async () => {
    const path = join(folder, "stale.ctl");
    const dead = createServer().listen(path);
    await new Promise((resolve) => dead.on("listening", resolve));
    // As SIGKILL would: the socket goes, its name stays.
    const kept = `${path}.kept`;
    linkSync(path, kept);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(kept, path);
    expect(await probe(path)).toBe("dead");
    const server = await opened("stale");
    expect(await probe(server.path)).toBe("alive");
    const second = await ControlServer.open({
      journal: join(folder, "stale.journal"),
      answer: taken,
    });
    expect(second).toMatchObject({ ok: false, error: { code: "CONTROL_TAKEN" } });
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
  });

  it("leaves a file alone that is no socket, and listens elsewhere", async () => {
    writeFileSync(join(folder, "file.ctl"), "mine");
    const server = await opened("file");
    expect(server.path).toBe(amongTemporary(join(folder, "file.journal")));
    expect(statSync(join(folder, "file.ctl")).size).toBe(4);
    expect(await findRun(join(folder, "file.journal"))).toEqual({ ok: true, value: server.path });
  });

  it("falls back to the temporary folder where the path is too long for a socket", async () => {
    const deep = join(folder, "d".repeat(60), "e".repeat(60));
    mkdirSync(deep, { recursive: true });
    const journal = join(deep, "run.journal");
    const server = await opened("long", { journal });
    expect(server.path).not.toBe(besideJournal(journal));
    expect(statSync(join(server.path, "..")).mode & 0o077).toBe(0);
    expect(await findRun(journal)).toEqual({ ok: true, value: server.path });
  });

  it("does not trust a temporary folder that others may write to", () => {
    const { TMPDIR: before } = process.env;
    const own = mkdtempSync(join(folder, "tmp-"));
    try {
      process.env["TMPDIR"] = own;
      openTemporaryFolder();
      const journal = join(folder, "x.journal");
      expect(addressesOf(journal)).toEqual([besideJournal(journal), amongTemporary(journal)]);
      chmodSync(dirname(amongTemporary(journal)), 0o777);
      expect(addressesOf(journal)).toEqual([besideJournal(journal)]);
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  it("is there again after somebody has removed it", async () => {
    const notes: string[] = [];
    const server = await opened("removed", { onNote: (text) => notes.push(text) });
    const before = new Wire(server.path);
    before.socket.write(`${JSON.stringify(PAUSE)}\n`);
    await before.lines(1);
    rmSync(server.path);
    await server.mend();
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
    // Whoever was connected still is.
    before.socket.write(`${JSON.stringify({ ...PAUSE, id: 7 })}\n`);
    expect((await before.lines(2))[1]).toMatchObject({ id: 7 });
    expect(notes.join()).toContain("was removed, and is there again");
  });

  it("answers two clients at once, each its own", async () => {
    const server = await opened("two");
    const [a, b] = [new Wire(server.path), new Wire(server.path)];
    for (let id = 0; id < 50; id++) {
      a.socket.write(`${JSON.stringify({ ...PAUSE, id })}\n`);
      b.socket.write(`${JSON.stringify({ ...PAUSE, id: 1000 + id })}\n`);
    }
    const ids = async (wire: Wire) =>
      (await wire.lines(50)).map((line) => (line as { id: number }).id);
    expect(await ids(a)).toEqual(Array.from({ length: 50 }, (_, id) => id));
    expect(await ids(b)).toEqual(Array.from({ length: 50 }, (_, id) => 1000 + id));
  });

  it("takes a request in pieces, and several in one", async () => {
    const server = await opened("pieces");
    const wire = new Wire(server.path);
    const line = JSON.stringify(PAUSE);
    for (const letter of `${line}\n\n  \n`) wire.socket.write(letter);
    wire.socket.write(`${line}\n${line}\n`);
    expect(await wire.lines(3)).toHaveLength(3);
  });

  it("lets a client go that hangs, and others do not notice", async () => {
    const server = await opened("hangs", { idleMs: 100 });
    const mute = new Wire(server.path);
    const half = new Wire(server.path);
    half.socket.write('{"command":');
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
    await Promise.all([mute.closed, half.closed]);
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
  });

  it("lets a client go that does not read its answers", async () => {
    const text = "x".repeat(20_000);
    const server = await opened("unread", {
      answer: async ({ command }) => ({ ok: true, command, text }),
    });
    const wire = new Wire(server.path);
    wire.socket.pause();
    for (let id = 0; id < 200; id++) wire.socket.write(`${JSON.stringify(PAUSE)}\n`);
    await vi.waitFor(() => expect(server.clients).toBe(0));
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
  });

  it("always has a place for one more: the longest silent gives way", async () => {
    const server = await opened("crowd");
    const crowd = Array.from({ length: MOST_CLIENTS }, () => new Wire(server.path));
    await Promise.all(crowd.map(({ socket }) => new Promise((done) => socket.on("connect", done))));
    expect(await ask(server.path, { ...PAUSE, command: "kill" })).toMatchObject({ ok: true });
    await crowd[0]!.closed;
  });

  it("ends a line that has no end", async () => {
    const server = await opened("endless");
    const wire = new Wire(server.path);
    wire.socket.write("x".repeat(200_000));
    expect(await wire.lines(1)).toMatchObject([{ ok: false, code: "CONTROL_REQUEST" }]);
    await wire.closed;
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
  });

  it("tells a client when whoever answers fails, and goes on", async () => {
    const server = await opened("fails", {
      answer: async () => {
        throw new Error("broken");
      },
    });
    expect(await ask(server.path, PAUSE)).toMatchObject({ value: { code: "CONTROL_FAILED" } });
    expect(await probe(server.path)).toBe("alive");
  });

  it("says when no run is there, and when one does not answer", async () => {
    expect(await findRun(join(folder, "nobody.journal"))).toMatchObject({
      error: { code: "CONTROL_NOT_RUNNING" },
    });
    const stopped = createServer().listen(join(folder, "stopped.ctl"));
    ends.push(() => stopped.close());
    await new Promise((resolve) => stopped.on("listening", resolve));
    expect(await ask(join(folder, "stopped.ctl"), PAUSE, 50)).toMatchObject({
      error: { code: "CONTROL_NO_ANSWER" },
    });
  });

  it("lists what is at work here, and what dead runs have left", async () => {
    const lone = mkdtempSync(join(folder, "list-"));
    await opened("listed", { journal: join(lone, "a.journal") });
    const { runs, dead } = await listRuns(lone, "ann", () => true);
    expect(runs.map(({ address }) => address)).toContain(join(lone, "a.ctl"));
    expect(dead.filter((path) => path.startsWith(lone))).toEqual([]);
  });
});

describe("lines that are no requests", () => {
  it("are refused one by one, ten thousand of them, and nothing comes of any", async () => {
    const server = await opened("hostile");
    const before = asked.length;
    const broken = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json({ maxDepth: 4 }),
      fc.constantFrom(
        "[".repeat(30_000),
        `{"command":"amend","by":"x","urgency":1e999}`,
        `{"command":"pause","by":"x","reason":"\\u0007"}`,
        `{"command":"pause","by":"x\\ny"}`,
        `{"command":"kill","by":""}`,
        `{"command":"limits","by":"x","set":{"__proto__":{"participation":1}}}`,
        `{"command":"switch","by":"x","strategy":"twap","parameters":${"[".repeat(20)}${"]".repeat(20)}}`,
        `{"command":"status","by":"x","extra":1}`,
        `{"command":"constructor","by":"x"}`,
      ),
      fc
        .record({ command: fc.constantFrom("amend", "switch", "limits"), by: fc.string() })
        .map((each) => JSON.stringify(each)),
    );
    const lines = fc
      .sample(broken, { numRuns: 10_000, seed: 7 })
      .map((line) => line.replaceAll(/[\r\n]/g, " ").trim())
      .filter((line) => line !== "");
    const wire = new Wire(server.path);
    wire.socket.write(lines.map((line) => `${line}\n`).join(""));
    const answers = await wire.lines(lines.length);
    expect(answers).toHaveLength(lines.length);
    const known = asked.slice(before).filter(({ command }) => command !== "amend");
    expect(known).toEqual([]);
    expect(await ask(server.path, PAUSE)).toMatchObject({ ok: true });
  });
});
