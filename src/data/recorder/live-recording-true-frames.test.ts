/**
 * Live recording of true frames: a venue on this machine sends again what the venues once sent, at
 * the times at which it came. What is recorded must be what an import of the same frames gives.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, constants, zstdDecompressSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { type VenueProtocol, VenueServer } from "../../../test/venues/venue-server.ts";
import { formatDecimal } from "../../core/domain/decimal.ts";
import type { ContractKind } from "../../core/domain/instrument.ts";
import { knownInstrument } from "../known-instruments.ts";
import { type Recording, readRecording } from "../recording.ts";
import { LiveRecording } from "./live-recording.ts";

const DATA = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const hasData = existsSync(DATA);
const root = mkdtempSync(join(tmpdir(), "arrival-true-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Shows the time that it was set to. */
class SetClock {
  time = 0n;
  nanos(): bigint {
    return this.time;
  }
}

/** Every row with its times since 1970. */
function rowsOf({ header, blocks }: Recording): string[] {
  const rows: string[] = [];
  for (const { exchangeTime, localTime, kind, price, quantity, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const times = [exchangeTime[row]!, localTime[row]!];
      const [exchange, local] = times.map((time) => header.epochNanos + BigInt(time));
      rows.push(`${exchange} ${local} ${kind[row]} ${price[row]} ${quantity[row]}`);
    }
  }
  return rows;
}

interface Setting {
  readonly venue: "bybit" | "binance";
  readonly kind: ContractKind;
  readonly symbol: string;
  readonly clock: SetClock;
  readonly protocol: VenueProtocol;
}

/** Records while `send` brings the frames, each when the one before has been taken. */
async function recordOf(
  setting: Setting,
  send: (
    take: (time: bigint, deliver: () => void) => Promise<void>,
    to: VenueServer,
  ) => Promise<void>,
): Promise<{ readonly files: string[]; readonly recorded: Recording; readonly gaps: number }> {
  const { venue, kind, symbol, clock } = setting;
  const server = await VenueServer.start(setting.protocol);
  const folder = mkdtempSync(join(root, "run-"));
  const recording = new LiveRecording({
    venue,
    kind,
    symbols: [symbol],
    host: server.host,
    rest: server.rest,
    folder,
    clock,
    onEvent: () => undefined,
  });
  const started = await recording.start();
  expect(started.ok).toBe(true);
  // The answer to the subscription is the first frame.
  while (recording.frames === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await send(async (time, deliver) => {
    const before = recording.frames;
    clock.time = time;
    deliver();
    while (recording.frames === before) await new Promise((resolve) => setImmediate(resolve));
    recording.tick();
  }, server);
  const summary = recording.stop();
  await server.stop();
  const files = readdirSync(folder).map((name) => join(folder, name));
  const read = await readRecording(files);
  if (!read.ok) throw new Error(read.error.text);
  return { files, recorded: read.value, gaps: summary.symbols[0]!.gaps };
}

const BINANCE = [
  ["usdm_btcusdt_20240808.gz", "linear", "BTCUSDT"],
  ["cm_btcusd_perp_20240808.gz", "inverse", "BTCUSD_PERP"],
  ["spot_btcusdt_20240808.gz", "spot", "BTCUSDT"],
] as const;

describe.runIf(hasData)("true frames of Binance (shared data)", () => {
  it.each(BINANCE)("%s: the same rows as an import of them", async (name, kind, symbol) => {
    const packed = readFileSync(join(DATA, "binance-hftbacktest", name));
    const text = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).toString("utf8");
    const lines = text.split("\n", 2500);
    const capture = join(root, `${kind}.txt`);
    writeFileSync(capture, `${lines.join("\n")}\n`);
    const imported = await readRecording([capture]);
    if (!imported.ok) throw new Error(imported.error.text);
    // The capture's clock was behind the venue's: the import corrects that, here the clock is set.
    const shift = BigInt(imported.value.report.clockShiftNanos);
    const timeOf = (line: string): bigint => BigInt(line.slice(0, 19)) + shift;

    const clock = new SetClock();
    clock.time = (timeOf(lines[0]!) / 1_000_000n) * 1_000_000n;
    let answer: (body: string) => void = () => undefined;
    let isAsked: Promise<void> = Promise.resolve();
    const ask = (): Promise<string> =>
      new Promise((resolve) => {
        answer = resolve;
        asked();
      });
    let asked: () => void = () => undefined;
    isAsked = new Promise((resolve) => {
      asked = resolve;
    });
    const protocol: VenueProtocol = {
      rest: async ({ pathname }) => {
        if (pathname.endsWith("/time"))
          return { body: { serverTime: Number(clock.time / 1_000_000n) } };
        if (pathname.endsWith("/exchangeInfo")) return { body: exchangeInfo(kind, symbol) };
        return { body: await ask() };
      },
      request: (client, { id }) => client.send({ result: null, id }),
    };
    const setting: Setting = { venue: "binance", kind, symbol, clock, protocol };
    const { recorded, gaps } = await recordOf(setting, async (take, server) => {
      const client = [...server.clients][0]!;
      for (const line of lines) {
        const frame = line.slice(20);
        if (frame.startsWith('{"lastUpdateId"')) {
          await isAsked;
          await take(timeOf(line), () => answer(frame));
        } else await take(timeOf(line), () => client.send(frame));
      }
    });
    expect(recorded.rows).toBeGreaterThan(2500);
    expect(gaps).toBe(0);
    expect(rowsOf(recorded)).toEqual(rowsOf(imported.value));
  });
});

describe.runIf(hasData)("true frames of Bybit (shared data)", () => {
  it.each([
    ["linear", "BTCUSDT"],
    ["linear", "DOGEUSDT"],
    ["spot", "ETHUSDT"],
  ] as const)("%s %s: the same rows as an import of them", async (kind, symbol) => {
    const path = join(DATA, "bybit-ws-cryptofeed", "BYBIT.jsonl.zst");
    const imported = await readRecording([path], { symbol, kind });
    if (!imported.ok) throw new Error(imported.error.text);
    expect(imported.value.report.clockShiftNanos).toBe(0);
    const lines = zstdDecompressSync(readFileSync(path)).toString("utf8").split("\n");
    const frames = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Frame);
    const info = frames.find(({ t, url }) => t === "http" && url.includes(`category=${kind}`))!;
    const { conn } = frames.find(({ t, addr }) => t === "connect" && addr.endsWith(kind))!;
    const received = frames.filter((frame) => frame.t === "recv" && frame.conn === conn);

    const clock = new SetClock();
    clock.time = nanosOf(received[0]!.ts);
    const protocol: VenueProtocol = {
      rest: ({ pathname }) => {
        if (pathname.endsWith("/time"))
          return { body: { result: { timeNano: String(clock.time) } } };
        return { body: ofSymbol(info.data, symbol) };
      },
      request: (client, { op, req_id }) => client.send({ success: true, op, req_id }),
    };
    const setting: Setting = { venue: "bybit", kind, symbol, clock, protocol };
    const { recorded, gaps } = await recordOf(setting, async (take, server) => {
      const client = [...server.clients][0]!;
      for (const { ts, data } of received) await take(nanosOf(ts), () => client.send(data));
    });
    expect(recorded.rows).toBeGreaterThan(200);
    expect(gaps).toBe(0);
    expect(rowsOf(recorded)).toEqual(rowsOf(imported.value));
  });
});

interface Frame {
  readonly t: string;
  readonly conn: string;
  readonly ts: number;
  readonly url: string;
  readonly addr: string;
  readonly data: string;
}

const nanosOf = (seconds: number): bigint => {
  const whole = Math.floor(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.round((seconds - whole) * 1e6)) * 1000n;
};

/** The venue's answer, cut down to one symbol as it does itself when it is asked for one. */
function ofSymbol(text: string, symbol: string): unknown {
  const answer = JSON.parse(text) as { result: { list: { symbol: string }[] } };
  const list = answer.result.list.filter((entry) => entry.symbol === symbol);
  return { ...answer, result: { ...answer.result, list } };
}

function exchangeInfo(kind: ContractKind, symbol: string): unknown {
  const { base, quote, tickSize, lotSize, contractSize } = knownInstrument(
    "binance",
    kind,
    symbol,
  )!;
  const lot = formatDecimal(lotSize);
  const entry = {
    symbol,
    baseAsset: base,
    quoteAsset: quote,
    contractSize: Number(formatDecimal(contractSize)),
    filters: [
      { filterType: "PRICE_FILTER", tickSize: formatDecimal(tickSize) },
      { filterType: "LOT_SIZE", stepSize: lot, minQty: lot, maxQty: "9000" },
    ],
  };
  return { symbols: [entry] };
}
