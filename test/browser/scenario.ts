/**
 * Scenario: a real server over the real journal of a run that is always the same, with a desk that
 * moves through it as a test says.
 *
 * The figures are the run's own, folded again by the functions that `arrival replay` uses. What
 * steers orders is not here: that is tested on a desk that works (`steer.browser.ts`).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Micros } from "../../src/core/domain/units.ts";
import type {
  Desk,
  DeskChange,
  JournalMoment,
  OpenedJournal,
} from "../../src/runtime/desk/desk-terms.ts";
import { openJournalView } from "../../src/runtime/journal-view.ts";
import { Access, type NewToken } from "../../src/server/access.ts";
import { openServer } from "../../src/server/server.ts";
import type { Server } from "../../src/server/server-terms.ts";
import type { MarketView, OrderRow, OrderView } from "../../src/view/shapes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PAGE = join(ROOT, "dist/dashboard");
export const JOURNAL = "demo.journal";

/** A folder with the journal of `arrival demo`, whose advisor is a recording. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "arrival-browser-"));
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "bin/arrival.js"), "demo", "--journal", join(folder, JOURNAL)],
    {
      encoding: "utf8",
      env: { ...process.env, ARRIVAL_ADVISOR: "", ARRIVAL_MODELS: join(folder, "no-models") },
    },
  );
  if (status !== 0) throw new Error(`the demo ended with ${status}: ${stderr}`);
  return folder;
}

export const removeFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true });

/** What a test may plant into what is shown, as if it had come from outside. */
export interface Planted {
  order?(view: OrderView): OrderView;
  market?(view: MarketView): MarketView;
  row?(row: OrderRow): OrderRow;
}

const refuses = async () => ({
  ok: false as const,
  code: "SCENARIO_PAST",
  text: "this run is over: nothing can be changed in it",
});
const faults = async () => ({
  ok: false as const,
  error: { code: "SCENARIO_PAST", text: "this run is over: nothing can be changed in it" },
});

/** A desk that stands at one moment of a journal. */
export class ScenarioDesk implements Desk {
  readonly folder: string;
  takesOrders = true;
  readonly #view: OpenedJournal;
  readonly #listeners = new Set<(change: DeskChange) => void>();
  planted: Planted = {};
  more: readonly OrderRow[] = [];
  #moment: JournalMoment;

  private constructor(folder: string, view: OpenedJournal, moment: JournalMoment) {
    this.folder = folder;
    this.#view = view;
    this.#moment = moment;
  }

  static async open(folder: string): Promise<ScenarioDesk> {
    const opened = await openJournalView(join(folder, JOURNAL));
    if (!opened.ok) throw new Error(opened.error.text);
    const { marks } = opened.value;
    const middle = marks[Math.floor(marks.length / 2)]!;
    return new ScenarioDesk(folder, opened.value, await opened.value.at(middle.record));
  }

  get moment(): JournalMoment {
    return this.#moment;
  }
  get marks(): OpenedJournal["marks"] {
    return this.#view.marks;
  }
  get now(): Micros {
    return this.#moment.time;
  }

  async goTo(mark: number): Promise<void> {
    this.#moment = await this.#view.at(this.marks.at(mark)!.record);
    this.tell({ kind: "orders", parentIds: this.#moment.orders.map(({ row }) => row.parentId) });
    this.tell({ kind: "market", instrument: this.#moment.market.instrument });
    this.tell({ kind: "timeline" });
  }
  tell(change: DeskChange): void {
    for (const listener of this.#listeners) listener(change);
  }
  watch(listener: (change: DeskChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  runs() {
    const { instrument } = this.#moment.market;
    return [
      {
        journal: JOURNAL,
        instrument,
        venue: "simulated",
        isLive: true,
        isKilled: false,
        trouble: null,
      },
    ];
  }
  rows(): readonly OrderRow[] {
    const plant = this.planted.row ?? ((row: OrderRow) => row);
    return [...this.#moment.orders.map(({ row }) => plant(row)), ...this.more];
  }
  fills() {
    return [];
  }
  parentIds(): readonly string[] {
    return this.rows().map(({ parentId }) => parentId);
  }
  rowsOf(parentIds: readonly string[]): ReadonlyMap<string, OrderRow> {
    const rows = this.rows().filter(({ parentId }) => parentIds.includes(parentId));
    return new Map(rows.map((row) => [row.parentId, row]));
  }
  order(parentId: string): OrderView | undefined {
    const found = this.#moment.orders.find(({ row }) => row.parentId === parentId);
    return found === undefined ? undefined : (this.planted.order?.(found) ?? found);
  }
  market(instrument: string): MarketView | undefined {
    const { market } = this.#moment;
    return market.instrument === instrument ? (this.planted.market?.(market) ?? market) : undefined;
  }
  timeline(after: Readonly<Record<string, number>> = {}) {
    const fresh = this.#moment.timeline.filter(({ record }) => record > (after[JOURNAL] ?? -1));
    return fresh.slice(-500).map((entry) => Object.assign({ journal: JOURNAL }, entry));
  }

  preview = faults;
  worth = faults;
  submit = faults;
  control = refuses;
  kill = async () => [];
  limits = () => undefined;
  setLimits = refuses;
  async open(journal: string) {
    return openJournalView(join(this.folder, journal));
  }
  async close(): Promise<void> {
    this.#view.close();
  }
}

export interface Opened {
  readonly url: string;
  readonly server: Server;
  readonly tokens: readonly NewToken[];
}

/** A port that was free just now: a server that begins again has to be found where it was. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A port that a page may come through, besides the server's own. */
export const WIRE_PORT = await freePort();

/** @param before what it was served with until now: its tokens are good for this one too. */
export async function serve(
  desk: Desk,
  port: number,
  before?: Opened,
  secondApproval?: string,
): Promise<Opened> {
  const made = Access.open(desk.folder, [], before === undefined);
  if (!made.ok) throw new Error(made.error.text);
  const server = await openServer({
    desk,
    access: made.value.access,
    secondApproval,
    host: "127.0.0.1",
    port,
    page: PAGE,
    // A wire that a test cuts stands before it, at another port.
    names: [`127.0.0.1:${WIRE_PORT}`],
    updatesPerSecond: 200,
  });
  if (!server.ok) throw new Error(server.error.text);
  return { url: server.value.url, server: server.value, tokens: before?.tokens ?? made.value.made };
}
