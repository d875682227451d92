/**
 * Installs: the peers in exact versions, in a scratch folder outside the repository.
 *
 * Nothing is installed into the system or into this repository. What is missing on a machine
 * (Python, cargo, a network) is a reason in words to leave that peer out, never a failure.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Installed =
  { readonly command: string; readonly version: string } | { readonly absent: string };

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** NautilusTrader's pinned version needs it; hftbacktest's packages are pinned for it. */
const PYTHON_AT_LEAST = 12;
const PYTHONS = ["python3.13", "python3.12", "python3"];

/** A virtual environment of its own, because the two peers want different versions of NumPy. */
export function installPython(
  name: "hftbacktest" | "nautilus",
  scratch: string,
  wanted: string | undefined,
  tell: (line: string) => void,
): Installed {
  const python = findPython(wanted);
  if ("absent" in python) return python;
  const folder = join(scratch, `python-${name}`);
  const command = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const requirements = here(`requirements-${name}.txt`);
  const text = readFileSync(requirements, "utf8");
  const stamp = join(folder, "installed.txt");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== text) {
    mkdirSync(folder, { recursive: true });
    tell(`installing ${name} for ${python.version} into ${folder}`);
    const made = attempt(python.command, ["-m", "venv", folder]);
    if (made !== undefined) return { absent: `no virtual environment could be made: ${made}` };
    const quiet = ["--quiet", "--no-input", "--disable-pip-version-check"];
    const failed = attempt(command, ["-m", "pip", "install", ...quiet, "-r", requirements]);
    if (failed !== undefined) return { absent: `pip could not install ${name}: ${failed}` };
    writeFileSync(stamp, text);
  }
  const pinned = text.split("\n").find((line) => line.startsWith(`${name}`))!;
  return { command, version: `${pinned.replace("==", " ")}, ${python.version}` };
}

/** Built from crates.io, as locked; the target folder is in the scratch folder. */
export function installRust(scratch: string, tell: (line: string) => void): Installed {
  const cargo = versionOf("cargo");
  if (cargo === undefined) return { absent: "cargo is not here (https://rustup.rs)" };
  const target = join(scratch, "cargo-target");
  mkdirSync(target, { recursive: true });
  tell(`building hftbacktest with ${cargo} in ${target}`);
  const manifest = here("hftbacktest-rust/Cargo.toml");
  const build = ["build", "--release", "--locked", "--quiet", "--manifest-path", manifest];
  const failed = attempt("cargo", build, { CARGO_TARGET_DIR: target });
  if (failed !== undefined) return { absent: `cargo could not build it: ${failed}` };
  const crate = /^hftbacktest = \{ version = "=([^"]+)"/m.exec(readFileSync(manifest, "utf8"))?.[1];
  const name = process.platform === "win32" ? "hftbacktest-peer.exe" : "hftbacktest-peer";
  return {
    command: join(target, "release", name),
    version: `hftbacktest ${crate} (crate), ${versionOf("rustc") ?? cargo}`,
  };
}

function findPython(wanted: string | undefined): Installed {
  const tried: string[] = [];
  for (const command of wanted === undefined ? PYTHONS : [wanted]) {
    const version = versionOf(command);
    if (version === undefined) continue;
    const [, major, minor] = /^Python (\d+)\.(\d+)/.exec(version) ?? [];
    if (Number(major) === 3 && Number(minor) >= PYTHON_AT_LEAST) return { command, version };
    tried.push(`${command} is ${version}`);
  }
  const found = tried.length > 0 ? tried.join(", ") : `no ${wanted ?? "python3"} is here`;
  return { absent: `${found}; needed is Python 3.${PYTHON_AT_LEAST} or later: give --python PATH` };
}

function versionOf(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** @returns the last words of what failed; `undefined` when it did not. */
function attempt(
  command: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): string | undefined {
  try {
    const env = { ...process.env, ...more };
    execFileSync(command, args, { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    return undefined;
  } catch (error) {
    const { message, stderr } = error as { message: string; stderr?: string };
    return (stderr ?? message).trim().split("\n").slice(-3).join(" ");
  }
}
