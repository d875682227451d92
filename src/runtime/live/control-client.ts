/**
 * Control client: how a command reaches a run that is at work, and how runs are looked for.
 *
 * What must stay true: a run that does not answer is told apart from one that is gone, and a
 * request is sent once: what was not answered may have been done.
 */
import { connect, type Socket } from "node:net";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { addressesOf, codeOf, foundAt, isOwnSocket, socketsIn } from "./control-address.ts";
import { ControlLines } from "./control-lines.ts";
import {
  type ControlAnswer,
  type ControlFault,
  type ControlRequest,
  type ControlStatus,
  parseAnswer,
} from "./control-protocol.ts";

/** A run is at most this busy. */
const ANSWER_MS = 10_000;
const PROBE_MS = 2_000;
const LONGEST_ANSWER = 1 << 20;

/** Of an address: somebody listens; a dead process has left it; there is none; it is no socket. */
export type Probed = "alive" | "dead" | "none" | "other";

export async function probe(path: string): Promise<Probed> {
  const found = foundAt(path);
  if (found === undefined) return "none";
  if (!found.isSocket()) return "other";
  const connected = await connectTo(path, PROBE_MS);
  if (connected.ok) connected.value.destroy();
  else if (connected.error === "ECONNREFUSED") return "dead";
  else if (connected.error === "ENOENT") return "none";
  // One that cannot be reached otherwise may well be alive.
  return "alive";
}

/** The address at which the run with this journal listens; a socket's own path is one, too. */
export async function findRun(path: string): Promise<Result<string, ControlFault>> {
  const asked = foundAt(path)?.isSocket() === true;
  for (const address of asked ? [path] : addressesOf(path)) {
    if ((await probe(address)) !== "alive") continue;
    if (isOwnSocket(address)) return ok(address);
    const text = `${address} belongs to another user: only they, or root, may speak to that run`;
    return err({ code: "CONTROL_FOREIGN", text });
  }
  return err({ code: "CONTROL_NOT_RUNNING", text: `no run is at work on ${path}` });
}

/** Sends one request and waits for its answer. */
export async function ask(
  address: string,
  request: ControlRequest,
  answerMs = ANSWER_MS,
): Promise<Result<ControlAnswer, ControlFault>> {
  const connected = await connectTo(address, answerMs);
  if (!connected.ok) {
    const text = `${address} cannot be reached (${connected.error})`;
    return err({ code: "CONTROL_NOT_RUNNING", text });
  }
  const socket = connected.value;
  const line = await new Promise<string | undefined>((resolve) => {
    const lines = new ControlLines(LONGEST_ANSWER);
    socket.setTimeout(answerMs, () => resolve(undefined));
    socket.on("data", (bytes) => {
      lines.push(bytes);
      const whole = lines.next();
      if (whole !== undefined || lines.isTooLong) resolve(whole);
    });
    socket.on("close", () => resolve(undefined));
    socket.write(`${JSON.stringify(request)}\n`);
  });
  socket.destroy();
  if (line !== undefined) return parseAnswer(line);
  const text =
    `the run at ${address} gave no answer within ${answerMs / 1000} s: it may be stopped ` +
    "(SIGSTOP), or has just ended; whether it was done is in its journal";
  return err({ code: "CONTROL_NO_ANSWER", text });
}

export interface FoundRun {
  readonly address: string;
  /** Absent: it does not answer. */
  readonly status: ControlStatus | undefined;
}

/** Runs whose sockets lie here, and those of whose journals do. Dead ones are told apart. */
export async function listRuns(
  folder: string,
  by: string,
  isHere: (journal: string) => boolean,
): Promise<{ readonly runs: readonly FoundRun[]; readonly dead: readonly string[] }> {
  const runs: FoundRun[] = [];
  const dead: string[] = [];
  for (const address of socketsIn(folder)) {
    const found = await probe(address);
    if (found === "dead") dead.push(address);
    if (found !== "alive") continue;
    const told = await ask(address, { command: "status", by }, PROBE_MS);
    const status = told.ok && told.value.ok ? told.value.status : undefined;
    if (status === undefined || isHere(status.journal)) runs.push({ address, status });
  }
  return { runs, dead };
}

function connectTo(path: string, waitMs: number): Promise<Result<Socket, string>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(waitMs, () => {
      socket.destroy();
      resolve(err("no answer"));
    });
    // Stays to hear later errors: what they mean, the one who waits is told by the end.
    socket.on("error", (error) => resolve(err(codeOf(error))));
    socket.once("connect", () => resolve(ok(socket)));
  });
}
