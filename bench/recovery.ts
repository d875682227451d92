/**
 * Recovery: how long a restart takes to fold what a run has left behind.
 *
 *   node bench/recovery.ts [--events 1000000] [--parents 300] [--keep DIR | --from DIR] [--json]
 *
 * A few hundred orders are worked on paper in a made market, in virtual time, until the journal
 * has so many events; then the process that wrote it is taken for dead: the files are copied as
 * they lie there, and gone on with. Told apart: the store (lock, chain from the checkpoint on, the
 * market's file made whole), the fold (the checkpoint's state, the records behind it, and all rows
 * into the observer), what is loaded when somebody first asks for what is done, and the same
 * without a checkpoint.
 *
 * Writing a million events takes minutes: `--keep` leaves the files in a folder, `--from` takes
 * them from there, in a fresh process that has compiled nothing yet, as a restart is. `--quick`
 * leaves out what follows the restart itself.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instrumentId } from "../src/core/domain/instrument.ts";
import { lots, type Micros, micros, SECOND } from "../src/core/domain/units.ts";
import type { Engine } from "../src/core/engine.ts";
import { VirtualTime } from "../src/data/network/virtual-time.ts";
import { canonicalJson } from "../src/core/domain/canonical-json.ts";
import { composeEngine, composeVenue, feeRates } from "../src/runtime/compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { fileStore } from "../src/runtime/live/file-store.ts";
import { LiveLoop } from "../src/runtime/live/live-loop.ts";
import { recover, stateText } from "../src/runtime/live/recovery.ts";
import type { RunJournal } from "../src/runtime/live/run-store.ts";
import { openGenerated } from "../src/runtime/market-source.ts";
import type { JournalHeader } from "../src/runtime/journal/journal.ts";
import { openJournal } from "../src/runtime/journal/reader.ts";
import { paperVenue } from "../src/venues/paper/paper-venue.ts";
import { fedFeed } from "../test/fed-market.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    parents: { type: "string", default: "300" },
    keep: { type: "string" },
    from: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const wanted = Number(values.events);
const parents = Number(values.parents);
const HOURS = 6;
const COMMIT_EVERY = 1000;

const CONFIG: ArrivalConfig = {
  ...DEFAULT_CONFIG,
  limits: {
    ...DEFAULT_CONFIG.limits,
    participation: 1,
    ordersPerMinute: 1e6,
    amendsPerMinute: 1e6,
    positionNotional: 1e12,
    volatilityStopPerHour: 10,
    benchmarkDeviationBps: 1e6,
  },
  execution: { ...DEFAULT_CONFIG.execution, maxParticipation: 1, minOrder: "0" },
};

interface Tally {
  events: number;
  fault: string;
  checkpoints: number;
  checkpointMs: number;
  longestMs: number;
  begunAt: number;
}

/** Of this thread: others use the machine as well. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The disk is waited for now and then: what is timed is reading, and what a checkpoint costs. */
function seldom(journal: RunJournal, tally: Tally): RunJournal {
  let commits = 0;
  return {
    append: (kind, position, body) => journal.append(kind, position, body),
    checkpoint: (...checkpoint) => {
      journal.checkpoint(...checkpoint);
      const took = cpuMs() - tally.begunAt;
      tally.checkpoints += 1;
      tally.checkpointMs += took;
      tally.longestMs = Math.max(tally.longestMs, took);
    },
    commit: () => {
      if (++commits % COMMIT_EVERY === 0) journal.commit();
    },
    close: () => journal.close(),
  };
}

const JOURNAL = "run.journal";
const TOLD = "told.json";

interface Written {
  readonly events: number;
  readonly wroteInSeconds: number;
  readonly checkpoints: number;
  /** Of the processor time that the run took. */
  readonly checkpointShare: number;
  /** Processor time. */
  readonly longestCheckpointMs: number;
}

const time = new VirtualTime();
const venue = paperVenue({
  openFeed: fedFeed(
    openGenerated({
      kind: "generated",
      seed: 3,
      startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
      duration: micros(HOURS * 3600 * SECOND),
    }),
    time,
  ),
  exchange: (header) => composeVenue(header, { config: CONFIG, seed: 3 }),
  fees: feeRates(CONFIG.simulation),
  timers: time,
});
const opened = await venue.open(new AbortController().signal);
if (!opened.ok) throw new Error(opened.error.text);
const session = opened.value;
const newEngine = () => composeEngine(CONFIG, session.header, 3);

const parent = (number: number, at: Micros) => ({
  id: `p${number}`,
  instrument: instrumentId(session.header.instrument),
  side: "buy" as const,
  quantity: { kind: "lots" as const, lots: lots(20_000) },
  startAt: at,
  deadline: micros(at + (HOURS * 3600 - 60) * SECOND),
  strategy: { name: "twap", parameters: { intervalSeconds: 2 } },
  urgency: 0.5,
  maxSpreadToCross: 10,
  minOrder: lots(1),
  constraints: { mayCrossSpread: true, residual: "leave" as const },
});

const HEADER: JournalHeader = {
  format: 2,
  program: "bench",
  nodeMajor: 0,
  instrument: {},
  market: {
    kind: "live",
    paths: ["run.market.arrival"],
    venue: "paper",
    epochSeconds: Number(session.header.epochNanos / 1_000_000_000n),
    isImpactUnknown: false,
    account: { positionLots: 0, maker: 0, taker: 0 },
  },
  config: {},
  seed: 3,
};

/** The run, left as it stands there. */
function write(folder: string): Written {
  const store = fileStore(join(folder, JOURNAL));
  const tally: Tally = {
    events: 0,
    fault: "",
    checkpoints: 0,
    checkpointMs: 0,
    longestMs: 0,
    begunAt: 0,
  };
  const tape = store.tape({
    header: session.header,
    format: "bench",
    onFault: ({ text }) => (tally.fault = text),
  });
  const engine = newEngine();
  const save = engine.save.bind(engine);
  // A checkpoint begins with it.
  engine.save = () => {
    tally.begunAt = cpuMs();
    return save();
  };
  const loop = new LiveLoop({
    engine,
    session,
    timers: time,
    tape,
    onStep: () => (tally.events += 1),
  });
  loop.watch();
  const created = store.create(HEADER);
  if (!created.ok) throw new Error(created.error.text);
  time.runTo(5e9);
  loop.begin(seldom(created.value, tally), (at) => ({
    kind: "parent-submitted",
    time: at,
    parent: parent(0, at),
  }));
  for (let number = 1; number < parents; number++) {
    loop.operate((at) => ({ kind: "parent-submitted", time: at, parent: parent(number, at) }));
  }
  const began = performance.now();
  const cpuBegan = cpuMs();
  while (tally.events < wanted && time.step()) {
    if (process.stderr.isTTY && tally.events % 5000 === 0) {
      process.stderr.write(`\r${tally.events} events`);
    }
  }
  created.value.commit();
  if (tally.fault !== "") throw new Error(tally.fault);
  const ms = performance.now() - began;
  return {
    events: tally.events,
    wroteInSeconds: ms / 1000,
    checkpoints: tally.checkpoints,
    checkpointShare: tally.checkpointMs / (cpuMs() - cpuBegan),
    longestCheckpointMs: tally.longestMs,
  };
}

/** As a crash leaves it. */
function copied(from: string): string {
  const into = mkdtempSync(join(tmpdir(), "arrival-recovery-"));
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(into, name));
  return into;
}

const doneOf = (engine: Engine) => {
  const all = [...engine.parents.values()];
  return {
    children: all.reduce((sum, { children }) => sum + children.size, 0),
    fills: all.reduce((sum, { fills }) => sum + fills.length, 0),
  };
};

function measure(path: string) {
  const bytes = statSync(path).size;
  const cpu = process.cpuUsage();
  const before = performance.now();
  const resumed = fileStore(path).resume();
  if (!resumed.ok) throw new Error(resumed.error.text);
  const stored = performance.now();
  const engine = newEngine();
  const recovered = recover(engine, resumed.value, newEngine);
  const folded = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const { checkpoint, journal, sessions } = resumed.value;
  const restart = {
    journalBytes: bytes,
    rows: engine.instruments[0]!.observer.position,
    checkpointAt: checkpoint?.sequence,
    checkpointBytes: checkpoint?.state.length,
    eventsBehindCheckpoint: recovered.events,
    storeMs: stored - before,
    foldMs: folded - stored,
    totalMs: folded - before,
    userCpuMs: user / 1000,
    systemCpuMs: system / 1000,
  };
  if (values.quick) return restart;
  const text = stateText(engine);
  const asked = performance.now();
  const done = doneOf(engine);
  const loadMs = performance.now() - asked;
  journal.close();

  /** The whole chain verified, and everything folded, as without a checkpoint. */
  const from = performance.now();
  const whole = openJournal(path);
  if (!whole.ok) throw new Error(whole.error.text);
  const verified = performance.now();
  const all = newEngine();
  recover(
    all,
    { checkpoint: undefined, records: () => whole.value.records(), sessions },
    newEngine,
  );
  const end = performance.now();
  whole.value.close();
  const isSame =
    text === stateText(all) && canonicalJson(done) === canonicalJson(doneOf(all)) && sameHistory();
  function sameHistory(): boolean {
    const [one, other] = [engine, all].map((it) => canonicalJson(it.archive(new Map())));
    return one === other;
  }
  return {
    ...restart,
    ...done,
    loadDoneMs: loadMs,
    withoutCheckpoint: { verifyMs: verified - from, foldMs: end - verified },
    isSame,
  };
}

const { keep, from } = values;
const source = from ?? keep ?? mkdtempSync(join(tmpdir(), "arrival-recovery-"));
let written: Written;
if (from === undefined) {
  mkdirSync(source, { recursive: true });
  written = write(source);
} else written = JSON.parse(readFileSync(join(source, TOLD), "utf8")) as Written;
const dead = copied(source);
// Behind the copy: the journal that is kept here stays open, and as it is, until this process ends.
if (keep !== undefined) writeFileSync(join(source, TOLD), JSON.stringify(written));
const result = { ...written, ...measure(join(dead, JOURNAL)) };
rmSync(dead, { recursive: true, force: true });
if (from === undefined && keep === undefined) rmSync(source, { recursive: true, force: true });
process.stdout.write(
  values.json
    ? `${JSON.stringify(result)}\n`
    : `${Object.entries(result)
        .map(
          ([name, value]) =>
            `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`,
        )
        .join("\n")}\n`,
);
process.exit(0);
