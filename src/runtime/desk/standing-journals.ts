/**
 * Standing journals: which runs of a desk are to be gone on with when it is started again.
 *
 * What must stay true: a run is passed over only where its journal says that it was closed and that
 * no order of it is at work; what cannot be read is told, and hides no other.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type ContractKind, instrumentId } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import { isTerminal } from "../../core/domain/parent-order.ts";
import { parseInstrument } from "../instrument-file.ts";
import { parseMarketSpec } from "../market-source.ts";
import type { JournalRecord } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";
import { type Standing, standingOf } from "../live/run-origin.ts";
import type { DeskFault } from "./desk-terms.ts";

export interface StandingJournal {
  readonly path: string;
  readonly standing: Standing;
  readonly category: ContractKind;
  readonly symbol: string;
  /** As the engine names it: `VENUE:KIND:SYMBOL`. */
  readonly instrument: string;
  /** As the venue calls itself. */
  readonly venue: string;
  /** Orders that had not come to their end. */
  readonly live: readonly string[];
  /** It was closed; otherwise it was cut off. */
  readonly isClosed: boolean;
}

export interface Unread {
  readonly path: string;
  readonly fault: DeskFault;
}

const NAME = /^desk-.*\.journal$/;

/** Of a folder, those that a desk is to go on with, and those of which that cannot be told. */
export function standingJournals(folder: string): {
  readonly found: readonly StandingJournal[];
  readonly unread: readonly Unread[];
} {
  const found: StandingJournal[] = [];
  const unread: Unread[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const read = readStanding(path);
    if (!read.ok) unread.push({ path, fault: read.error });
    else if (read.value !== undefined) found.push(read.value);
  }
  const stand = found.filter(({ live, isClosed }) => live.length > 0 || !isClosed);
  return { found: stand, unread };
}

/** Undefined: it is of a run that does not stand. */
function readStanding(path: string): Result<StandingJournal | undefined, DeskFault> {
  let opened: ReturnType<typeof openJournal>;
  try {
    opened = openJournal(path);
  } catch (error) {
    return err({ code: "DESK_FOLDER", text: `${path} cannot be read: ${String(error)}` });
  }
  if (!opened.ok) return err({ code: opened.error.code, text: opened.error.text });
  const { header, sealed, records, close } = opened.value;
  try {
    const standing = standingOf(header);
    if (standing === undefined) return ok(undefined);
    const instrument = parseInstrument(header.instrument);
    if (!instrument.ok) return err({ code: "RUN_RESUME", text: instrument.error.text });
    const { kind: category, symbol } = instrument.value;
    const spec = parseMarketSpec(header.market);
    const venue = spec.ok && spec.value.kind === "live" ? spec.value.venue : "";
    const live = liveIn(records.call(opened.value));
    const named = { category, symbol, instrument: instrumentId(instrument.value), venue };
    return ok({ path, standing, ...named, live, isClosed: sealed });
  } catch (error) {
    return err({ code: "RUN_RESUME", text: `${path} cannot be understood: ${String(error)}` });
  } finally {
    close.call(opened.value);
  }
}

const SUBMITTED = '"kind":"parent-submitted"' satisfies `"kind":"${EngineEvent["kind"]}"`;
const MOVED = '"kind":"parent-moved"' satisfies `"kind":"${EngineOutput["kind"]}"`;
const REFUSED = '"kind":"parent-refused"' satisfies `"kind":"${EngineOutput["kind"]}"`;

function liveIn(records: Iterable<JournalRecord>): readonly string[] {
  const live = new Set<string>();
  for (const { kind, body } of records) {
    if (kind === "event") {
      if (!body.includes(SUBMITTED)) continue;
      const event = JSON.parse(body) as EngineEvent;
      if (event.kind === "parent-submitted") live.add(event.parent.id);
    } else if (body.includes(MOVED) || body.includes(REFUSED)) {
      const output = JSON.parse(body) as EngineOutput;
      // One that was refused for its id is another's: that one is looked at by its own moves.
      if (output.kind === "parent-refused" && output.refusal.code !== "PARENT_DUPLICATE_ID") {
        live.delete(output.parentId);
      }
      if (output.kind === "parent-moved" && isTerminal(output.to)) live.delete(output.parentId);
    }
  }
  return [...live];
}
