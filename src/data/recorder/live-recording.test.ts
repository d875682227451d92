/**
 * Live recording against a venue on this machine: what a user would lose if a book went wrong, a
 * message stood twice, or a loss went unnoticed.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  BYBIT_ENTRY,
  type Fate,
  GeneratedVenue,
  SYMBOL,
  type VenueName,
} from "../../../test/venues/generated-venue.ts";
import { VenueServer } from "../../../test/venues/venue-server.ts";
import { judge } from "../../../test/venues/judge-recording.ts";
import { DEFAULT_PACE, type FeedPace } from "./feed.ts";
import { LiveRecording, type LiveRecordingOptions, type RecordingEvent } from "./live-recording.ts";

const root = mkdtempSync(join(tmpdir(), "arrival-record-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const VENUES: readonly VenueName[] = ["bybit", "binance-linear", "binance-spot"];

/** Everything that waits waits a thousandth as long. */
const QUICK: FeedPace = {
  ...DEFAULT_PACE,
  spacingMs: 1,
  heartbeatMs: 500,
  silenceMs: 2000,
  backoff: { firstMs: 1, mostMs: 10 },
  stableMs: 50,
  overlapMs: 20,
  handoverMs: 200,
  restTimeoutMs: 200,
  restBackoff: { firstMs: 1, mostMs: 10 },
  resyncBackoff: { firstMs: 5, mostMs: 20 },
};

interface Session {
  readonly recording: LiveRecording;
  readonly events: RecordingEvent[];
  readonly folder: string;
}

async function record(
  venue: GeneratedVenue,
  options: Partial<LiveRecordingOptions> = {},
): Promise<Session> {
  const folder = mkdtempSync(join(root, "run-"));
  const events: RecordingEvent[] = [];
  const recording = new LiveRecording({
    ...venue.options,
    symbols: [SYMBOL],
    folder,
    random: () => 0.5,
    pace: QUICK,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  const started = await recording.start();
  if (!started.ok) throw new Error(started.error.text);
  return { recording, events, folder };
}

/** Waits for what must come; the test's own time-out is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const isKnown = ({ recording }: Session): boolean => recording.status()[0]!.book === "known";

const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));

/** Goes on until the book is known, over a connection that stays, and all that was sent has come. */
async function settle(venue: GeneratedVenue, session: Session): Promise<void> {
  venue.faults = {};
  for (;;) {
    await until(() => {
      venue.change();
      return isKnown(session);
    });
    const { connections } = venue.server;
    await venue.run(5);
    let before = -1;
    while (before !== session.recording.frames) {
      before = session.recording.frames;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    const isCarried = [...venue.server.clients].some((client) => client.isOpen);
    if (isKnown(session) && isCarried && connections === venue.server.connections) return;
  }
}

describe.each(VENUES)("recording %s", (name) => {
  it("without disturbance holds every change and every trade once, and no gap", async () => {
    const venue = await GeneratedVenue.start(name, 1);
    const session = await record(venue);
    await settle(venue, session);
    const before = venue.trades;
    await venue.run(120);
    await settle(venue, session);
    const summary = session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 0, snapshots: 1, isKnown: true });
    expect(judged.last).toBe(venue.updateId);
    expect(judged.right).toBeGreaterThan(120);
    const since = judged.trades.filter((trade) => trade > before);
    expect(since).toEqual([...Array(venue.trades - before).keys()].map((i) => before + 1 + i));
    expect(summary.symbols[0]).toMatchObject({ gaps: 0, tradesMissing: 0, late: 0, corrected: 0 });
    expect(filesOf(session.folder)).toEqual(summary.symbols[0]!.files);
  });

  it.each(["skip", "drop", "close", "swap", "garbage", "double"] as const)(
    "one frame's fate %s: no wrong book, and a gap exactly where messages were lost",
    async (fate) => {
      const venue = await GeneratedVenue.start(name, 2);
      const session = await record(venue);
      await settle(venue, session);
      let isDue = false;
      // A change of the book, not a trade.
      venue.faults = { fate: () => (isDue ? ((isDue = false), fate) : "deliver") };
      await venue.run(7);
      isDue = true;
      venue.change();
      await venue.run(20);
      await settle(venue, session);
      session.recording.stop();
      await venue.server.stop();
      const judged = await judge(venue, filesOf(session.folder));
      expect(judged.wrong).toEqual([]);
      expect(judged.last).toBe(venue.updateId);
      const isLoss = fate !== "garbage" && fate !== "double";
      expect(judged.gaps).toBe(isLoss ? 1 : 0);
      expect(judged.snapshots).toBe(isLoss ? 2 : 1);
    },
  );

  it("never yields a wrong book, whatever is done to the frames", { timeout: 60_000 }, async () => {
    const fates: Fate[] = ["skip", "double", "swap", "garbage", "drop", "close"];
    let losses = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(80), fc.constantFrom(...fates)), { maxLength: 12 }),
        async (seed, plan) => {
          const venue = await GeneratedVenue.start(name, seed);
          const session = await record(venue);
          await settle(venue, session);
          const fateAt = new Map(plan);
          let frame = 0;
          venue.faults = { fate: () => fateAt.get(frame++) ?? "deliver" };
          await venue.run(60);
          await settle(venue, session);
          const summary = session.recording.stop();
          await venue.server.stop();
          const judged = await judge(venue, filesOf(session.folder));
          expect(judged.wrong).toEqual([]);
          expect(judged.isKnown).toBe(true);
          expect(judged.last).toBe(venue.updateId);
          expect(new Set(judged.trades).size).toBe(judged.trades.length);
          expect(judged.gaps).toBe(judged.snapshots - 1);
          expect(summary.symbols[0]!.gaps).toBe(judged.gaps);
          losses += judged.gaps;
        },
      ),
      { numRuns: 6 },
    );
    expect(losses).toBeGreaterThan(0);
  });

  it("hands over to a new connection without a break", async () => {
    const venue = await GeneratedVenue.start(name, 4);
    const session = await record(venue, { pace: { ...QUICK, lifetimeMs: 120 } });
    await settle(venue, session);
    while (venue.server.connections < 4) await venue.run(10);
    await settle(venue, session);
    session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 0, isKnown: true });
    const first = judged.trades[0]!;
    expect(judged.trades).toEqual(judged.trades.map((_, index) => first + index));
    expect(judged.trades.at(-1)).toBe(venue.trades);
    expect(session.events.filter(({ text }) => text.includes("taken over")).length).toBeGreaterThan(
      1,
    );
  });

  it("loses nothing where the old connection breaks while the new one stands by", async () => {
    const venue = await GeneratedVenue.start(name, 9);
    const pace = { ...QUICK, lifetimeMs: 60, overlapMs: 60_000, handoverMs: 60_000 };
    const session = await record(venue, { pace });
    await settle(venue, session);
    const [old] = venue.server.clients;
    while (venue.server.clients.size < 2) await venue.run(4);
    // Both carry everything now; the frames of the new one wait.
    await venue.run(30);
    old!.drop();
    await venue.run(10);
    await until(() => session.events.some(({ text }) => text.includes("taken over")));
    await settle(venue, session);
    session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 0, snapshots: 1, isKnown: true });
    const first = judged.trades[0]!;
    expect(judged.trades).toEqual(judged.trades.map((_, index) => first + index));
    expect(judged.trades.at(-1)).toBe(venue.trades);
  });

  it("notices a stream that has died while its connection lives", async () => {
    const venue = await GeneratedVenue.start(name, 5);
    const session = await record(venue, { pace: { ...QUICK, idleMs: 60 } });
    await settle(venue, session);
    const taken = (): number =>
      session.events.filter(({ text }) => text.includes("taken over")).length;
    const before = taken();
    for (const client of venue.server.clients) client.topics.clear();
    await venue.run(5);
    await until(() => taken() > before);
    await settle(venue, session);
    session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 1, snapshots: 2, isKnown: true });
    expect(judged.last).toBe(venue.updateId);
  });

  it("comes back after the venue was away", async () => {
    const venue = await GeneratedVenue.start(name, 6);
    const session = await record(venue);
    await settle(venue, session);
    venue.server.isDown = true;
    for (const client of venue.server.clients) client.drop();
    await venue.run(30);
    await until(() => session.events.filter(({ kind }) => kind === "retry").length >= 4);
    venue.server.isDown = false;
    await settle(venue, session);
    const { symbols } = session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 1, snapshots: 2, isKnown: true });
    expect(symbols[0]!.outages).toHaveLength(1);
    expect(symbols[0]!.outages[0]!.until).toBeDefined();
  });
});

describe("many symbols", () => {
  const symbols = Array.from({ length: 12 }, (_, index) => `COIN${index}USDT`);

  it.each([
    ["spot", 10, 3],
    ["linear", 100, 1],
  ] as const)(
    "on %s are subscribed %i topics at a time, each to its own file",
    async (kind, most, requests) => {
      const asked: string[][] = [];
      const server = await VenueServer.start({
        rest: ({ pathname, searchParams }) => ({
          body: pathname.endsWith("/time")
            ? { time: Date.now() }
            : { result: { list: [{ ...BYBIT_ENTRY, symbol: searchParams.get("symbol") }] } },
        }),
        request: (client, { op, args }) => {
          if (op !== "subscribe") return;
          asked.push(args as string[]);
          for (const topic of args as string[]) {
            const ts = Date.now();
            const data = { b: [["1.00", "1"]], a: [["2.00", "1"]], u: 5, seq: 5 };
            if (topic.startsWith("orderbook")) client.send({ topic, type: "snapshot", ts, data });
          }
        },
      });
      const folder = mkdtempSync(join(root, "many-"));
      const { host, rest } = server;
      const recording = new LiveRecording({
        venue: "bybit",
        kind,
        symbols,
        host,
        rest,
        folder,
        pace: QUICK,
        onEvent: () => undefined,
      });
      expect((await recording.start()).ok).toBe(true);
      await until(() => recording.status().every(({ book }) => book === "known"));
      const summary = recording.stop();
      await server.stop();
      expect(asked).toHaveLength(requests);
      expect(asked.flat().toSorted()).toEqual(
        symbols
          .flatMap((symbol) => [`orderbook.200.${symbol}`, `publicTrade.${symbol}`])
          .toSorted(),
      );
      for (const args of asked) expect(args.length).toBeLessThanOrEqual(most);
      expect(
        summary.symbols.map(({ symbol, files, rows }) => [symbol, files.length, rows]),
      ).toEqual(symbols.map((symbol) => [symbol, 1, 3]));
    },
  );
});

describe("questions to the venue", () => {
  it("are asked again after errors, floods, silence, nonsense and stale books", async () => {
    const venue = await GeneratedVenue.start("binance-linear", 7);
    const session = await record(venue);
    venue.faults = {
      snapshots: [
        { status: 500, body: "oops" },
        { status: 429, headers: { "retry-after": "0.05" }, body: { code: -1003 } },
        { body: "{ no json" },
        { isBroken: true, body: "" },
        { body: venue.restBook(), afterMs: 400 },
        { body: { lastUpdateId: 3, bids: [], asks: [] } },
        { body: { code: -1121, msg: "no" } },
        { body: { lastUpdateId: "x", bids: 5 } },
      ],
    };
    const asked = (): number =>
      venue.server.questions.filter((path) => path.endsWith("/depth")).length;
    while (asked() < 9 || !isKnown(session)) await venue.run(3);
    await settle(venue, session);
    session.recording.stop();
    await venue.server.stop();
    const judged = await judge(venue, filesOf(session.folder));
    expect(judged).toMatchObject({ wrong: [], gaps: 0, snapshots: 1, isKnown: true });
  });

  it("a venue that cannot be asked, and a symbol that it has not, end before they begin", async () => {
    const venue = await GeneratedVenue.start("bybit", 8);
    const { host, rest } = venue.server;
    const start = (options: Partial<LiveRecordingOptions>): ReturnType<LiveRecording["start"]> =>
      new LiveRecording({
        venue: "bybit",
        kind: "linear",
        host,
        rest,
        symbols: [SYMBOL],
        folder: root,
        pace: QUICK,
        onEvent: () => undefined,
        ...options,
      }).start();
    const unknown = await start({ symbols: ["NOSUCH"] });
    expect(!unknown.ok && unknown.error).toMatchObject({ code: "DATA_SYMBOL" });
    expect(!unknown.ok && unknown.error.text).toContain("Bybit has no linear NOSUCH");
    await venue.server.stop();
    const away = await start({ rest });
    expect(!away.ok && away.error).toMatchObject({ code: "DATA_VENUE" });
    expect(!away.ok && away.error.text).toContain("refuses the connection");
  });
});
