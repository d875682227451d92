/** Machine: on what, and at which state of this repository, the figures were taken. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";

export function describeMachine(): string {
  const all = cpus();
  const model = all[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${all.length} cores, ${memory} GB, ${type()} ${release().split("-")[0]}`;
}

export function arrivalVersion(): string {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
    version: string;
  };
  const git = (...args: string[]): string =>
    spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout?.trim() ?? "";
  const commit = git("rev-parse", "--short", "HEAD");
  const changed = git("status", "--porcelain", "--", "src") === "" ? "" : " with later changes";
  const at = commit === "" ? "" : ` at ${commit}${changed}`;
  return `arrival ${version}${at}, Node ${process.version}`;
}
