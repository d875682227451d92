/**
 * Serving: a server opened as its flags say, on whatever desk, and what is told of it.
 *
 * What must stay true: this is the only place where tokens are shown, once, when they are made.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Desk } from "../runtime/desk/desk-terms.ts";
import { Access, type NewToken } from "../server/access.ts";
import { openServer } from "../server/server.ts";
import { DEFAULT_PORT, type Server } from "../server/server-terms.ts";
import { isTelemetryWanted, openTelemetry } from "../server/open-telemetry.ts";
import type { Telemetry } from "../server/telemetry-terms.ts";
import { CommandError, EXIT, note } from "./output.ts";
import { DEFAULT_HOST, DEFAULT_RATE, type ServerFlags } from "./serve-options.ts";

/** Beside the program, in a checkout and in a package alike. */
const PAGE = fileURLToPath(new URL("../../dist/dashboard", import.meta.url));

export interface Log {
  write(line: string): void;
  close(): void;
}

export interface Beside {
  readonly log?: Log | undefined;
  readonly telemetry?: Telemetry | undefined;
}

export interface Opened {
  readonly server: Server;
  readonly made: readonly NewToken[];
}

/**
 * @param folder where tokens, and what waits for a second person, are kept.
 * @throws CommandError
 */
export async function openServing(
  desk: Desk,
  folder: string,
  flags: ServerFlags & { readonly readOnly?: boolean },
  { log, telemetry }: Beside,
): Promise<Opened> {
  const access = Access.open(folder, flags.user ?? [], flags.newTokens === true);
  if (!access.ok) throw new CommandError(access.error.code, access.error.text);
  const { tlsCert, tlsKey, host = DEFAULT_HOST, port = DEFAULT_PORT } = flags;
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: readText(tlsCert), key: readText(tlsKey) };
  const opened = await openServer({
    desk,
    access: access.value.access,
    host,
    port,
    tls,
    isBehindTls: flags.behindTls === true,
    names: flags.name ?? [],
    secondApproval: flags.secondApproval,
    isReadOnly: flags.readOnly === true,
    privateFolder: folder,
    page: PAGE,
    log,
    telemetry,
    updatesPerSecond: flags.rate ?? DEFAULT_RATE,
  });
  if (opened.ok) return { server: opened.value, made: access.value.made };
  const isPassing = opened.error.code === "SERVER_ADDRESS";
  throw new CommandError(opened.error.code, opened.error.text, isPassing ? EXIT.no : EXIT.usage);
}

/** Where OpenTelemetry's own variables say where to; without it otherwise. */
export async function telemetryFor(): Promise<Telemetry | undefined> {
  if (!isTelemetryWanted(process.env)) return undefined;
  const opened = await openTelemetry({ onNote: note });
  if (opened.ok) return opened.value;
  note(`${opened.error.text}; it goes on without [${opened.error.code}]`);
  return undefined;
}

/** For whoever opens links; without tokens where nobody has a new one. */
export function tokensText({ server: { url }, made }: Opened): string {
  const lines = made.map(
    ({ name, role, token }) => `  ${name.padEnd(12)} ${role.padEnd(7)} ${url}/#token=${token}\n`,
  );
  const how = "Tokens, shown this once. Open a link, or send Authorization: Bearer TOKEN";
  if (made.length > 0) return `${how}\n${lines.join("")}`;
  return "Users and roles as before; --new-tokens makes their tokens anew.\n";
}

/** @throws CommandError where it cannot be written to. */
export function openLog(path: string | undefined): Log | undefined {
  if (path === undefined) return undefined;
  if (path === "-") return { write: (line) => note(line.trimEnd()), close: () => undefined };
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
  } catch (error) {
    throw new CommandError("SERVER_LOG", `${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return {
    write: (line) => {
      try {
        writeSync(file, line);
      } catch {
        // A full disk takes no line; whatever the line told goes on.
      }
    },
    close: () => closeSync(file),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError("SERVER_TLS", `${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
