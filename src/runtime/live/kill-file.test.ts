/**
 * The kill file. What is lost if this fails: the switch that works when nothing else does.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { foundAmong, KillFile, layKillFile, reasonIn } from "./kill-file.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

describe("a kill file", () => {
  it("fires once when it appears, with its first line as the reason", async () => {
    const kills: string[][] = [];
    let looks = 0;
    const watch = new KillFile({
      paths: [at("a.kill"), at("b.kill")],
      onKill: (path, reason) => kills.push([path, reason]),
      onLook: () => looks++,
      everyMs: 2,
    });
    await vi.waitFor(() => expect(looks).toBeGreaterThan(3));
    expect(kills).toEqual([]);
    writeFileSync(at("b.kill"), "  wrong account\r\nand more\n");
    writeFileSync(at("a.kill"), "");
    await vi.waitFor(() => expect(kills).not.toEqual([]));
    const after = looks;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(looks).toBe(after);
    expect(kills).toHaveLength(1);
    watch.close();
  });

  it("takes anything for one, whatever it is, whether it says why or not", () => {
    mkdirSync(at("folder.kill"));
    writeFileSync(at("empty.kill"), "\n\n");
    writeFileSync(at("bytes.kill"), Buffer.from([0xff, 0xfe, 0x1b, 0x5b, 0x41, 0x0a]));
    writeFileSync(at("long.kill"), "x".repeat(100_000));
    execFileSync("mkfifo", [at("pipe.kill")]);
    for (const name of ["folder.kill", "empty.kill", "pipe.kill"]) {
      expect(foundAmong([at("none"), at(name)])).toBe(at(name));
      expect(reasonIn(at(name))).toBe("no reason given");
    }
    expect(reasonIn(at("bytes.kill"))).toBe("[A");
    expect(reasonIn(at("long.kill"))).toBe("x".repeat(400));
  });

  it("may be a link, also one that leads nowhere; what it leads to is not read", () => {
    symlinkSync(at("nowhere"), at("dangling.kill"));
    writeFileSync(at("secret"), "key = 0123456789\n");
    symlinkSync(at("secret"), at("link.kill"));
    for (const name of ["dangling.kill", "link.kill"]) {
      expect(foundAmong([at("none.kill"), at(name)])).toBe(at(name));
      expect(reasonIn(at(name))).toBe("no reason given");
    }
  });

  it("is not there where there is no such entry", () => {
    writeFileSync(at("file"), "");
    expect(foundAmong([at("none.kill"), at("file/under.kill")])).toBe(undefined);
  });

  it("is laid for its own user alone, and one that is there stays as it is", () => {
    expect(layKillFile(at("laid.kill"), "killed by ann: enough")).toBeUndefined();
    expect(reasonIn(at("laid.kill"))).toBe("killed by ann: enough");
    expect(statSync(at("laid.kill")).mode & 0o777).toBe(0o600);
    expect(layKillFile(at("laid.kill"), "again")).toBeUndefined();
    expect(reasonIn(at("laid.kill"))).toBe("killed by ann: enough");
    expect(layKillFile(at("no-folder/x.kill"), "why")).toMatch(/ENOENT/);
  });
});
