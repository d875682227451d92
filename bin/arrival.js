#!/usr/bin/env node
/**
 * The launcher: finds the program and a Node that can run it.
 *
 * In a checkout the program is `src/cli/main.ts`, run as it stands; in the published package it is
 * `dist/cli/main.js`. This file must parse on every Node since 14, or an old one would answer with a
 * syntax error where a sentence was due: no syntax newer than ES2018, no import but of Node's own.
 */
import { spawn, spawnSync } from "child_process";
import { existsSync } from "fs";
import nodeModule from "module";
import { dirname, join } from "path";
import { fileURLToPath, pathToFileURL } from "url";

/** `engines.node`: runs TypeScript as it stands and has `node:sqlite`, both without a flag. */
const NEEDED = [22, 18];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src", "cli", "main.ts");
const program = existsSync(source) ? source : join(root, "dist", "cli", "main.js");
/** Brought by the npm package `node`; absent from an installed package. */
const bundledNode = join(root, "node_modules", "node", "bin", "node");

if (!existsSync(program)) {
  stop("The program is missing: " + program + ". Install the package again, or check it out anew.");
} else if (isNewEnough(process.versions.node)) {
  quietExperiments();
  keepCompiled();
  import(pathToFileURL(program).href);
} else if (isNewEnough(versionOf(bundledNode))) {
  runOn(bundledNode);
} else {
  const advice =
    program === source
      ? "Run `npm ci` here: it brings one along. "
      : "Get one from https://nodejs.org or your version manager. ";
  const needed = "Arrival needs Node " + NEEDED.join(".") + " or newer; ";
  stop(needed + "this is " + process.versions.node + ", at " + process.execPath + ". " + advice);
}

function stop(message) {
  process.stderr.write(message.trim() + "\n");
  process.exitCode = 1;
}

function isNewEnough(version) {
  if (version === undefined) return false;
  const parts = version.split(".").map(Number);
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1]);
}

/** What a Node binary calls itself; undefined when it is absent or does not run here. */
function versionOf(binary) {
  if (!existsSync(binary)) return undefined;
  const answer = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return answer.status === 0 ? answer.stdout.trim().replace(/^v/, "") : undefined;
}

/**
 * Compiled code is kept beside the packages, which halves the start. Not in the folder for
 * temporary files, where anybody could leave something to run. Where it cannot be written, nothing
 * is kept.
 */
function keepCompiled() {
  if (nodeModule.enableCompileCache === undefined) return;
  nodeModule.enableCompileCache(join(root, "node_modules", ".cache", "arrival"));
}

/** Node announces `node:sqlite` and type stripping as experiments; every other warning is shown. */
function quietExperiments() {
  const emit = process.emitWarning;
  process.emitWarning = function (warning, ...rest) {
    const type = typeof rest[0] === "object" && rest[0] !== null ? rest[0].type : rest[0];
    const text = String((warning && warning.message) || warning);
    const known = /\b(SQLite|Type Stripping)\b/i.test(text);
    if (type === "ExperimentalWarning" && known) return;
    emit.call(process, warning, ...rest);
  };
}

/** Hands over to another Node: the same arguments, terminal, signals and exit code. */
function runOn(binary) {
  const argv = [fileURLToPath(import.meta.url)].concat(process.argv.slice(2));
  const child = spawn(binary, argv, { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // The terminal sends Ctrl-C to both; what arrives here alone is passed on. We outlive the child.
  const pass = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  child.on("error", (error) => stop("Could not start " + binary + ": " + error.message));
  child.on("close", (code, signal) => {
    for (const each of signals) process.removeListener(each, pass);
    if (signal !== null) process.kill(process.pid, signal);
    else process.exitCode = code;
  });
}
