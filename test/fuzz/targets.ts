/** Targets: all that is fuzzed. */
import type { Target } from "./target.ts";
import { commandLine } from "./targets/command-line.ts";
import { control } from "./targets/control.ts";
import { eventFile } from "./targets/event-file.ts";
import { exchangeRequests } from "./targets/exchange-requests.ts";
import { journalBytes, journalRecords } from "./targets/journal.ts";
import { newsLines, newsPages } from "./targets/news.ts";
import { privateAnswers, privateFrames } from "./targets/private-wire.ts";
import { publicFrames, tables } from "./targets/recordings.ts";
import { config, fills, instrumentFile } from "./targets/settings.ts";
import { told } from "./targets/told.ts";

export const TARGETS: readonly Target[] = [
  privateFrames,
  privateAnswers,
  publicFrames,
  tables,
  eventFile,
  journalBytes,
  journalRecords,
  config,
  instrumentFile,
  fills,
  exchangeRequests,
  control,
  newsPages,
  newsLines,
  told,
  commandLine,
];
