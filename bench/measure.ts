/**
 * Measure: takes one figure, in a process that does nothing else.
 *
 * Run by bench/run.ts as `node --expose-gc … bench/measure.ts FILE NAME`; prints one line of JSON.
 * Only `run` is timed: inputs are made before it, and code is compiled by `warmUp`.
 */
import { PerformanceObserver } from "node:perf_hooks";

export interface Prepared {
  /** Runs the same code on other state, so that the compiler has seen every path that matters. */
  warmUp(): void;
  /** The timed part. Returns how many units it did. */
  run(): number | Promise<number>;
  /** What the run left behind: numbers that would not be there had it done nothing. */
  proof(): Readonly<Record<string, number | string>>;
}

export type Preparation = Prepared | { readonly skip: string };

/** A figure of the benchmark: every bench file exports `figures: readonly Figure[]`. */
export interface Figure {
  readonly name: string;
  readonly summary: string;
  /** What is counted: "deltas", "events". */
  readonly unit: string;
  /** What the design's throw-away prototypes and others reach, in millions of units per second. */
  readonly references: Readonly<Record<string, number>>;
  /** Makes the inputs; a reason in words where they are missing here. */
  prepare(): Preparation | Promise<Preparation>;
}

export interface Measurement {
  readonly units: number;
  readonly seconds: number;
  /** Of processor time, compiler threads included: what another process's load distorts less. */
  readonly cpuSeconds: number;
  /** Growth of the heap over the timed part; exact when `collections` is 0. */
  readonly heapBytes: number;
  readonly collections: number;
  /** Most memory that the process ever had resident, what `prepare` needed included. */
  readonly peakBytes: number;
  readonly proof: Readonly<Record<string, number | string>>;
}

export type Outcome = Measurement | { readonly skip: string };

async function measure(figure: Figure): Promise<Outcome> {
  const prepared = await figure.prepare();
  if ("skip" in prepared) return prepared;
  prepared.warmUp();
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("start this with --expose-gc");
  const observer = new PerformanceObserver(() => {});
  observer.observe({ entryTypes: ["gc"] });
  // Twice: the second reading does not pay for what the first had to set up.
  process.memoryUsage();
  gc();
  observer.takeRecords();
  const heapBefore = process.memoryUsage().heapUsed;
  const cpuBefore = process.cpuUsage();
  const start = process.hrtime.bigint();
  const units = await prepared.run();
  const nanoseconds = process.hrtime.bigint() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  const collections = observer.takeRecords().length;
  observer.disconnect();
  return {
    units,
    seconds: Number(nanoseconds) / 1e9,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    heapBytes,
    collections,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    proof: prepared.proof(),
  };
}

const [file, name] = process.argv.slice(2);
if (file === undefined || name === undefined) throw new Error("usage: measure.ts FILE NAME");
const bench = (await import(new URL(file, import.meta.url).href)) as { figures: readonly Figure[] };
const figure = bench.figures.find((each) => each.name === name);
if (figure === undefined) throw new Error(`no figure ${name} in ${file}`);
process.stdout.write(`${JSON.stringify(await measure(figure))}\n`);
