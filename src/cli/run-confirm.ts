/**
 * Run confirm: what an order would mean, shown before anything is sent, and the question whether it
 * should be.
 */
import { createInterface } from "node:readline/promises";
import { hindrances, type Preflight } from "../runtime/live/preflight.ts";
import { CommandError, EXIT, note } from "./output.ts";

const MARK = new Map([
  [true, "ok"],
  [false, "NO"],
  [null, "?"],
]);

export function showPreflight({ checks, worstText }: Preflight, title: string): void {
  note(title);
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, met, text } of checks) {
    note(`  ${MARK.get(met)!.padEnd(2)}  ${name.padEnd(width)}  ${text}`);
  }
  note(`  ${worstText}`);
}

/** @throws CommandError where the run must not begin. */
export function assertFeasible(looked: Preflight, isAccepted: boolean): void {
  const failed = hindrances(looked);
  if (failed.length === 0 || isAccepted) return;
  const names = failed.map(({ name }) => name).join(", ");
  const text = `the order is not sent (${names}); change it, or accept it with --accept-infeasible`;
  throw new CommandError("RUN_REFUSED", text, EXIT.no);
}

/** To be called before anything is opened. @throws CommandError where nobody could be asked. */
export function assertAskable(): void {
  if (process.stdin.isTTY === true) return;
  const text = "orders on mainnet move money: without a terminal to ask on, say --yes to mean it";
  throw new CommandError("RUN_CONFIRM", text);
}

/** Asks a question that is answered by y or n, and by nothing with no. */
export async function agrees(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on("SIGINT", () => terminal.close());
  const closed = new Promise<string>((resolve) => void terminal.once("close", () => resolve("")));
  try {
    const typed = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(typed.trim());
  } finally {
    terminal.close();
  }
}

/** Asks for the symbol, typed out. @throws CommandError where it is not given. */
export async function confirm(symbol: string, signal: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // In raw mode Ctrl-C is a key: it is handed on as the signal that it would be.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const typed = await terminal.question(`Type ${symbol} to send it: `, { signal });
    if (typed.trim() === symbol) return;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    terminal.close();
  }
  throw new CommandError("RUN_CONFIRM", "not confirmed; nothing was sent", EXIT.no);
}
