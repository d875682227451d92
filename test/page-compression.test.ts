/**
 * The page's files as the server gives them out: compressed for who takes that, whole for others.
 *
 * What is lost if this fails: a page that a browser cannot read, or that takes its time over a
 * tunnel; or two builds of the same page that differ.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve, type Served } from "./server/served.ts";

const { compressFolder } = (await import(
  new URL("../dashboard/compress.js", import.meta.url).href
)) as { compressFolder: (folder: string) => { bytes: number; compressed: number } };

const folder = mkdtempSync(join(tmpdir(), "arrival-page-"));
const SCRIPT = `/* ${"words that come again ".repeat(400)} */`;
const PAGE = `<!doctype html><title>Arrival</title>${"<p>a line</p>".repeat(200)}`;

function made(name: string): string {
  const page = join(folder, name);
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), PAGE);
  writeFileSync(join(page, "assets", "index-BxY2a_7c.js"), SCRIPT);
  writeFileSync(join(page, "assets", "small-BxY2a_7c.css"), "p{}");
  writeFileSync(join(page, "assets", "font-BxY2a_7c.woff2"), Buffer.alloc(5_000));
  return page;
}

const filesOf = (page: string): readonly string[] =>
  (readdirSync(page, { recursive: true }) as string[]).toSorted();

describe("the page's files", () => {
  let served: Served;
  beforeAll(async () => {
    const page = made("served");
    const { bytes, compressed } = compressFolder(page);
    expect(bytes).toBe(SCRIPT.length + PAGE.length);
    expect(compressed).toBeLessThan(bytes / 10);
    served = await serve({ page });
  });
  afterAll(async () => {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const asked = async (path: string, accepted: string) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { "accept-encoding": accepted };
      get(`${served.url}${path}`, { headers }, resolve).on("error", reject);
    });
    return { headers: answer.headers, body: await buffer(answer) };
  };

  it.each([
    ["/", PAGE, /html; charset=utf-8/, "no-cache"],
    ["/assets/index-BxY2a_7c.js", SCRIPT, /javascript; charset=utf-8/, /immutable/],
  ])("%s is the same however it is packed", async (path, whole, type, kept) => {
    const ways = [
      ["br, gzip", "br", brotliDecompressSync],
      ["gzip", "gzip", gunzipSync],
      ["identity", undefined, (body: Buffer) => body],
    ] as const;
    for (const [accepted, encoding, unpack] of ways) {
      const { headers, body } = await asked(path, accepted);
      expect([accepted, headers["content-encoding"]]).toEqual([accepted, encoding]);
      expect(headers["content-type"]).toMatch(type);
      expect(headers["cache-control"]).toMatch(kept);
      expect(headers.vary).toMatch(/accept-encoding/i);
      expect(unpack(body).toString()).toBe(whole);
    }
  });

  it("are the same bytes from each build, and none is larger than what it stands for", () => {
    const [one, other] = [made("one"), made("other")];
    for (const page of [one, other]) compressFolder(page);
    expect(filesOf(one)).toEqual([
      "assets",
      "assets/font-BxY2a_7c.woff2",
      "assets/index-BxY2a_7c.js",
      "assets/index-BxY2a_7c.js.br",
      "assets/index-BxY2a_7c.js.gz",
      "assets/small-BxY2a_7c.css",
      "index.html",
      "index.html.br",
      "index.html.gz",
    ]);
    for (const name of filesOf(one).filter((each) => each !== "assets")) {
      expect(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name).toBe(
        true,
      );
    }
    // The system that it was made on is not named.
    expect(readFileSync(join(one, "index.html.gz"))[9]).toBe(255);
  });
});
