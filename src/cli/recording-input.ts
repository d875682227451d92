/**
 * Recording input: the flags that name a recording, and how a command opens it: with a bar, and
 * with Ctrl-C heard.
 */
import type { Command } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { type DataFault, type OpenRecording, openRecording } from "../data/recording.ts";
import { contractOption, instrumentOf, instrumentOption } from "./order-options.ts";
import { CommandError, EXIT, progress } from "./output.ts";
import { Pace } from "./pace.ts";

export interface RecordingFlags {
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly json?: boolean;
}

export const recordingOptions = (command: Command): Command =>
  command
    .option("--symbol <name>", "which instrument, where a recording holds several")
    .addOption(contractOption())
    .addOption(instrumentOption());

/** @throws CommandError */
export async function openWithBar(
  paths: readonly string[],
  flags: RecordingFlags,
  isInterrupted: () => boolean,
): Promise<OpenRecording> {
  const abort = new AbortController();
  const bar = progress("reading", 1, flags.json === true);
  const pace = new Pace(0, "MB", 1e6);
  const opened = await openRecording(paths, {
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { kind: flags.contract }),
    ...(flags.instrument === undefined ? {} : { instrument: instrumentOf(flags.instrument) }),
    signal: abort.signal,
    onProgress: (done, total) => {
      bar.update(total > 0 ? done / total : 1, pace.text(done, total));
      if (isInterrupted()) abort.abort();
    },
  }).finally(() => bar.stop());
  if (opened.ok) return opened.value;
  if (opened.error.code === "DATA_ABORTED") throw stopped();
  throw failure(opened.error);
}

export const failure = ({ code, text }: DataFault): CommandError =>
  code === "DATA_ABORTED"
    ? new CommandError("DATA_ABORTED", text, EXIT.interrupted)
    : new CommandError(code, text);

export const stopped = (): CommandError =>
  new CommandError("DATA_ABORTED", "stopped; nothing was written", EXIT.interrupted);

/** A name may be written once: said before minutes of work. @throws CommandError */
export function refuse(fault: DataFault | undefined): void {
  if (fault !== undefined) throw failure(fault);
}

export const counted = (value: number | bigint): string => value.toLocaleString("en-US");
