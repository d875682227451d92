/**
 * `arrival model` as a user meets it, with the tiny model. What is lost if this fails: the way to a
 * language model on this machine.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingRuntime } from "../../src/advisors/local/llama-runtime.ts";
import { tinyModel } from "../tiny-model/tiny-model.ts";

const BIN = fileURLToPath(new URL("../../bin/arrival.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "arrival-model-command-"));
const env = { ...process.env, ARRIVAL_MODELS: join(folder, "models"), NO_COLOR: "1" };
const file = join(folder, "tiny.gguf");
beforeAll(() => writeFileSync(file, tinyModel(1)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arrival = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "model", ...args], {
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};

describe("arrival model", () => {
  it("pulls, lists and removes, and writes over nothing", () => {
    expect(arrival("list", "--json").stdout).toContain('"models": []');
    const pulled = arrival("pull", file, "--as", "tiny", "--json");
    expect(pulled.status, pulled.stderr).toBe(0);
    expect(JSON.parse(pulled.stdout)).toMatchObject({ name: "tiny", bytes: 448_608 });
    const again = arrival("pull", file, "--as", "tiny");
    expect(again).toMatchObject({ status: 1, stdout: "" });
    expect(again.stderr).toContain("[MODEL_TAKEN]");
    const listed = JSON.parse(arrival("list", "--json").stdout);
    expect(listed.models.map(({ name }: { name: string }) => name)).toEqual(["tiny"]);
    expect(listed.available.map(({ name }: { name: string }) => name)).toEqual([
      "smollm2-135m",
      "gemma3-270m",
    ]);
    expect(arrival("remove", "tiny").status).toBe(0);
    expect(arrival("remove", "tiny").stderr).toContain("[MODEL_UNKNOWN]");
  });

  it("says what to do about a name that it does not know, or has not pulled", () => {
    expect(arrival("pull", "gpt-9").stderr).toContain("[MODEL_UNKNOWN]");
    const absent = arrival("check", "smollm2-135m");
    expect(absent.status).toBe(1);
    expect(absent.stderr).toContain("arrival model pull smollm2-135m");
  });

  it("finds a file that was harmed since it was pulled", () => {
    expect(arrival("pull", file, "--as", "harmed").status).toBe(0);
    const harmed = tinyModel(1);
    harmed[400_000] = harmed[400_000]! ^ 1;
    writeFileSync(join(folder, "models", "harmed.gguf"), harmed);
    expect(arrival("check", "harmed").stderr).toContain("[MODEL_CHECKSUM]");
  });

  it.skipIf(missingRuntime() !== undefined)("measures a model", { timeout: 120_000 }, () => {
    const args = ["--questions", "2", "--situations", "1", "--json"];
    const checked = arrival("check", file, "--context", "16384", ...args);
    expect(checked.status, checked.stderr).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      isWhole: true,
      isRepeatable: true,
      latencyMillis: { n: 2 },
      optionBias: { none: { flips: expect.any(Number) } },
    });
  });
});
