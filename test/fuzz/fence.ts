/**
 * Fence: what a command line that nobody has read may do to this machine: write into one folder.
 *
 * The doors of Node are replaced before anything else is loaded: files are written nowhere else,
 * nothing is connected to, nothing listens, no program is started. What must stay true: a door that
 * is shut fails as the system's own would, so that a command meets an error it can meet for real.
 */
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

type Door = (...args: unknown[]) => unknown;

function systemError(code: string, syscall: string, path: string): Error {
  const error = new Error(`${code}: refused by the fuzzer, ${syscall} '${path}'`);
  return Object.assign(error, { code, syscall, path, errno: -13 });
}

const textOf = (path: unknown): string =>
  path instanceof URL
    ? fileURLToPath(path)
    : Buffer.isBuffer(path)
      ? path.toString()
      : String(path);

/** Of `open` and its kin: whether the flags let somebody write. */
const writes = (flags: unknown): boolean =>
  typeof flags === "number"
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0
    : typeof flags === "string" && flags !== "r" && flags !== "rs";

/** Functions by how many of their first arguments are paths that they change. */
const CHANGING: Readonly<Record<string, number>> = {
  writeFile: 1,
  appendFile: 1,
  mkdir: 1,
  mkdtemp: 1,
  rm: 1,
  rmdir: 1,
  unlink: 1,
  truncate: 1,
  chmod: 1,
  chown: 1,
  utimes: 1,
  rename: 2,
  link: 2,
  symlink: 2,
};

const refused = (): never => {
  throw systemError("EACCES", "spawn", "a program");
};

function connect(this: net.Socket): net.Socket {
  process.nextTick(() => this.destroy(systemError("ECONNREFUSED", "connect", "the network")));
  return this;
}

function listen(this: net.Server): net.Server {
  process.nextTick(() => this.emit("error", systemError("EADDRINUSE", "listen", "a port")));
  return this;
}

/** @param folder the only one that may be written to. */
export function raiseFence(folder: string): void {
  const inside = (path: unknown): boolean => {
    if (typeof path === "number") return true;
    const full = resolve(textOf(path));
    return full === folder || full.startsWith(folder + sep) || full === "/dev/null";
  };
  fenceFiles(inside);
  Object.assign(childProcess, { spawn: refused, exec: refused, execFile: refused, fork: refused });
  net.Socket.prototype.connect = connect as typeof net.Socket.prototype.connect;
  net.Server.prototype.listen = listen as typeof net.Server.prototype.listen;
  globalThis.fetch = () => Promise.reject(systemError("ECONNREFUSED", "connect", "the network"));
  syncBuiltinESMExports();
}

function fenceFiles(inside: (path: unknown) => boolean): void {
  const rooms = [fs, fs.promises] as unknown as Record<string, Door | undefined>[];
  for (const room of rooms) {
    for (const [name, paths] of Object.entries(CHANGING)) {
      for (const each of [name, `${name}Sync`]) {
        shut(room, each, room === rooms[1], (args) =>
          args.slice(0, paths).find((path) => !inside(path)),
        );
      }
    }
    const isOpening = (args: readonly unknown[]): unknown =>
      writes(args[1] ?? "r") && !inside(args[0]) ? args[0] : undefined;
    shut(room, "open", room === rooms[1], isOpening);
    shut(room, "openSync", false, isOpening);
    const copies = (args: readonly unknown[]): unknown => (inside(args[1]) ? undefined : args[1]);
    for (const name of ["copyFile", "cp"]) shut(room, name, room === rooms[1], copies);
    for (const name of ["copyFileSync", "cpSync"]) shut(room, name, false, copies);
  }
}

/** `forbidden`: the path that may not be touched, where there is one among the arguments. */
function shut(
  room: Record<string, Door | undefined>,
  name: string,
  isPromised: boolean,
  forbidden: (args: readonly unknown[]) => unknown,
): void {
  const door = room[name];
  if (door === undefined) return;
  room[name] = function fenced(this: unknown, ...args: unknown[]): unknown {
    const path = forbidden(args);
    if (path === undefined) return door.apply(this, args);
    const error = systemError("EACCES", name, textOf(path));
    if (isPromised) return Promise.reject(error);
    const callback = args.at(-1);
    if (!name.endsWith("Sync") && typeof callback === "function") {
      process.nextTick(() => (callback as Door)(error));
      return undefined;
    }
    throw error;
  };
}
