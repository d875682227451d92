/**
 * Program: its own name and version, for headers and `--version`.
 */
import { readFileSync } from "node:fs";

const manifest = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { readonly name: string; readonly version: string };

export const PROGRAM_VERSION: string = manifest.version;
export const PROGRAM = `${manifest.name} ${manifest.version}`;
export const NODE_MAJOR = Number(process.versions.node.split(".")[0]);
