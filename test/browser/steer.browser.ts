/**
 * Steer: what a trader does on the page is done by a desk that works, and stands in its journal
 * with the trader's name.
 *
 * The desk trades on paper in a generated market, in virtual time that is driven on while the page
 * is used.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineEvent, MarketTold } from "../../src/core/domain/messages.ts";
import { lots, micros, SECOND, ticks } from "../../src/core/domain/units.ts";
import type { Desk } from "../../src/runtime/desk/desk.ts";
import { copyLive } from "../../src/runtime/desk/live-copy.ts";
import { openJournal } from "../../src/runtime/journal/reader.ts";
import { type DeskStage, deskStage, MARKET_START } from "../desk-stage.ts";
import { launch, newPage, picture } from "./browser.ts";
import { freePort, type Opened, serve } from "./scenario.ts";

/** Seconds of the market that go by in a tenth of a second. */
const PACE = 0.4;

/** What the venue says besides: the same each time, and a liquidation every twenty seconds. */
const tells = (nanos: number): MarketTold => ({
  fundingRate: 0.000125,
  nextFundingAt: micros(MARKET_START + 2 * 3600 * SECOND),
  openInterest: lots(1_234_567),
  unusedMessages: 7,
  ...(nanos % 20e9 < 1e8 && {
    liquidations: [
      {
        time: micros(MARKET_START + Math.floor(nanos / 1000)),
        side: "sell",
        price: ticks(701_234),
        quantity: lots(4321),
      },
    ],
  }),
});

let browser: Browser;
let folder: string;
let port: number;
let stage: DeskStage;
let desk: Desk;
let opened: Opened;
const driver = { isOn: true };
let driving: Promise<void>;
/** The order on which each button was tried. */
let steered = "";

function begin(): void {
  driver.isOn = true;
  driving = drive();
}
async function halt(): Promise<void> {
  driver.isOn = false;
  await driving;
}
async function drive(): Promise<void> {
  while (driver.isOn) {
    await stage.drive(PACE);
    await sleep(100);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "arrival-steer-"));
  stage = deskStage({ minutes: 60, tells });
  desk = await stage.desk(folder);
  // The market has been seen for a while before anybody asks what an order would cost.
  await stage.until(desk.preview(stage.form()));
  await stage.drive(90);
  port = await freePort();
  opened = await serve(desk, port);
  browser = await launch();
  begin();
});

afterAll(async () => {
  await halt();
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function enter(role: string, hash: string): Promise<Page> {
  const { page } = await newPage(browser);
  const { token } = opened.tokens.find((each) => each.role === role)!;
  await page.goto(`${opened.url}/#token=${token}`);
  await page.waitForSelector('[data-link="live"]');
  await page.goto(`${opened.url}/${hash}`);
  return page;
}

/** What stands in the journals, of this kind. */
function journaled(kind: EngineEvent["kind"]): readonly EngineEvent[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".journal"))
    .flatMap((name) => {
      // A run that works writes its own meanwhile.
      const copy = copyLive(join(folder, name));
      if (!copy.ok) throw new Error(copy.error.text);
      const journal = openJournal(copy.value.path);
      if (!journal.ok) throw new Error(journal.error.text);
      const events = [...journal.value.records()]
        .filter((record) => record.kind === "event")
        .map(({ body }) => JSON.parse(body) as EngineEvent);
      journal.value.close();
      copy.value.remove();
      return events.filter((event) => event.kind === kind);
    });
}

const outcome = (page: Page, kind: "taken" | "refused") =>
  page.locator(`[data-outcome="${kind}"]`).last();
const orderOf = (page: Page): string => decodeURIComponent(page.url().split("/").at(-1)!);
const fill = async (page: Page, fields: Readonly<Record<string, string>>): Promise<void> => {
  for (const [label, text] of Object.entries(fields))
    await page.getByLabel(label).first().fill(text);
};

async function begun(page: Page, quantity: string, over = "20m"): Promise<string> {
  await fill(page, { "Symbol, as the venue": stage.form().symbol, Quantity: quantity, Over: over });
  await page.getByRole("button", { name: "Estimate first" }).click();
  const send = page.locator("[data-send]");
  await send.waitFor();
  await send.click();
  await page.waitForURL(/#\/order\//);
  return orderOf(page);
}

describe("a new order", () => {
  it("is estimated before the button works, is taken on, and stands in the journal", async () => {
    const page = await enter("trader", "#/new");
    expect(await page.locator("[data-send]").count()).toBe(0);
    await fill(page, { "Symbol, as the venue": stage.form().symbol, Quantity: "2", Over: "20m" });
    await page.getByRole("button", { name: "Estimate first" }).click();
    const preview = page.locator('[data-panel="preview"]');
    await preview.locator("table.plain").waitFor();
    expect(await preview.innerText()).toMatch(/worst case/);
    expect(await page.locator("[data-send]").isEnabled()).toBe(true);
    await page.waitForTimeout(500);
    await picture(page, "preview-dark-1440");
    // Another quantity was not estimated: the button is gone.
    await fill(page, { Quantity: "1" });
    expect(await page.locator("[data-send]").count()).toBe(0);
    const parentId = await begun(page, "1");
    await page.getByText("executed").waitFor();
    expect(desk.order(parentId)?.row).toMatchObject({ side: "buy", isLive: true });
    await page.context().close();
  });

  it("is refused in words where it cannot be", async () => {
    const page = await enter("trader", "#/new");
    const symbol = stage.form().symbol;
    for (const [fields, code] of [
      [{ "Symbol, as the venue": "BTC/USDT", Quantity: "1", Over: "5m" }, /SERVER_|DESK_/],
      [{ "Symbol, as the venue": symbol, Quantity: "-1", Over: "5m" }, /SERVER_|DESK_/],
      [{ "Symbol, as the venue": symbol, Quantity: "1", Over: "soon" }, /SERVER_|DESK_/],
    ] as const) {
      await fill(page, fields);
      await page.getByRole("button", { name: "Estimate first" }).click();
      const refusal = page.locator('[data-panel="preview"]').getByRole("alert");
      await refusal.waitFor();
      expect(await refusal.innerText()).toMatch(code);
    }
    // Against an order that is at work: the account may not trade with itself.
    await page.getByLabel("sell").check();
    await fill(page, { "Symbol, as the venue": symbol, Quantity: "1", Over: "5m" });
    await page.getByRole("button", { name: "Estimate first" }).click();
    await page.locator("[data-send]").waitFor();
    expect(await page.locator("[data-send]").isDisabled()).toBe(true);
    expect(await page.locator(".checks .unmet").count()).toBeGreaterThan(0);
    await picture(page, "refused-dark-1440");
    await page.context().close();
  });
});

describe("the market of a run", () => {
  it("shows what the venue told besides the book, as the journal has it", async () => {
    const page = await enter("viewer", `#/market/${encodeURIComponent(stage.instrument)}`);
    const text = async (name: string): Promise<string> =>
      (await page.locator(`[data-panel="${name}"]`).innerText()).replaceAll(/[\s\u202f]+/g, " ");
    await expect.poll(() => text("now"), { timeout: 5000 }).toContain("1 234.567 BTC");
    expect(await text("now")).toContain("funding rate +1.250 bps, next 16:00:00 UTC");
    expect(await text("now")).toMatch(/against a usual minute × \d+\.\d\d/);
    expect(await text("quality")).toContain("messages not used 7");
    await expect.poll(() => text("liquidations"), { timeout: 5000 }).toContain("short closed");
    expect(await text("liquidations")).toContain("70 123.4 4.321");
    const told = journaled("market-told");
    expect(told[0]).toMatchObject({
      told: { fundingRate: 0.000125, openInterest: 1_234_567, unusedMessages: 7 },
    });
    // Said ten times a second, and told once.
    const figures = told.filter((event) => event.kind === "market-told" && event.told.openInterest);
    expect(figures).toHaveLength(1);
    await page.waitForTimeout(1200);
    await picture(page, "market-told-dark-1440");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(700);
    await picture(page, "market-told-dark-390");
    await page.context().close();
  });

  it("takes other limits from an admin by name, and refuses in words what is none", async () => {
    const path = `#/market/${encodeURIComponent(stage.instrument)}`;
    const looking = await enter("trader", path);
    await looking.locator('[data-panel="limits"] dt').first().waitFor();
    expect(await looking.getByLabel("Limit to change").count()).toBe(0);
    await looking.context().close();
    const page = await enter("admin", path);
    await page.getByLabel("Limit to change").selectOption("participation");
    await page.getByLabel("Its new value").fill("7");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await outcome(page, "refused").waitFor();
    expect(await outcome(page, "refused").innerText()).toMatch(/[A-Z]+_[A-Z]+/);
    expect(journaled("limits-changed")).toEqual([]);
    await page.getByLabel("Its new value").fill("0.75");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await outcome(page, "taken").waitFor();
    const shown = page.locator('[data-panel="limits"] .fact', { hasText: "participation" }).first();
    await expect.poll(() => shown.innerText()).toMatch(/0\.75/);
    expect(journaled("limits-changed")).toMatchObject([
      { by: "admin", limits: { participation: 0.75 } },
    ]);
    await page.context().close();
  });
});

describe("an order at work", () => {
  it("is paused, resumed, amended, switched and canceled, each with the trader's name", async () => {
    const page = await enter("trader", "#/new");
    const parentId = await begun(page, "3");
    const button = (name: string) => page.getByRole("button", { name, exact: true });
    await button("Pause").click();
    await page.locator(".order-head", { hasText: "paused" }).waitFor();
    expect(await outcome(page, "taken").innerText()).toMatch(/✓/);
    expect(await button("Pause").isDisabled()).toBe(true);
    await picture(page, "paused-dark-1440");
    await button("Resume").click();
    await page.locator(".order-head .phase:not(.phase-paused)").waitFor();

    await button("Amend…").click();
    await page.getByLabel(/Urgency, 0 patient/).fill("7");
    await button("Amend").click();
    await outcome(page, "refused").waitFor();
    expect(await outcome(page, "refused").innerText()).toMatch(/SERVER_|CONTROL_|PARENT_/);
    await page.getByLabel(/Urgency, 0 patient/).fill("0.8");
    await button("Amend").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator('[data-panel="terms"]', { hasText: "0.8" }).waitFor();

    await button("Switch strategy…").click();
    await page.getByLabel(/Strategy \(now/).fill("vwap");
    await button("Switch").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator('[data-panel="terms"]', { hasText: "vwap" }).waitFor();

    await page.getByRole("button", { name: "Estimate the rest" }).click();
    await page.locator('[data-panel="what-if"] table.plain').waitFor();

    await button("Cancel…").click();
    await page.getByLabel(/Why, for the journal/).fill("seen enough");
    await button("Cancel the order").click();
    await page.locator(".order-head", { hasText: "canceled" }).waitFor();

    steered = parentId;
    await page.context().close();
  });
});

describe("a restart of the server and its desk", () => {
  it("loses nothing: the page logs in again, and each order is there as it was", async () => {
    const page = await enter("trader", "#/orders");
    await page.waitForSelector(".rows [role=row]");
    const before = desk.rows().map(({ parentId, phase }) => [parentId, phase]);
    expect(before.length).toBeGreaterThanOrEqual(2);
    await halt();
    await opened.server.close();
    await stage.until(desk.close("leave"));
    await page.waitForSelector('[data-link="lost"]');
    desk = await stage.desk(folder);
    // From here on what is worth more needs two people.
    opened = await serve(desk, port, opened, "50000");
    begin();
    await page.getByLabel("Token").fill(opened.tokens.find(({ role }) => role === "trader")!.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForSelector('[data-link="live"]');
    for (const [parentId] of before) await page.getByText(parentId!, { exact: true }).waitFor();
    expect(desk.rows().map(({ parentId }) => parentId)).toEqual(before.map(([id]) => id));
    await page.context().close();
  });
});

describe("a large order", () => {
  it("waits for a second person, and for no other than that", async () => {
    const page = await enter("trader", "#/new");
    await fill(page, { "Symbol, as the venue": stage.form().symbol, Quantity: "2", Over: "20m" });
    await page.getByRole("button", { name: "Estimate first" }).click();
    await page.getByRole("button", { name: /^Propose: buy 2/ }).click();
    await outcome(page, "taken").waitFor();
    expect(await outcome(page, "taken").innerText()).toContain("second person");
    await page.keyboard.press("w");
    await page.goto(`${opened.url}/#/approvals`);
    const agree = (at: Page) => at.getByRole("button", { name: "Agree" });
    await agree(page).waitFor();
    expect(await agree(page).isDisabled()).toBe(true);
    const second = await enter("admin", "#/approvals");
    await picture(second, "approval-dark-1440");
    const live = desk.rows().length;
    await agree(second).click();
    await outcome(second, "taken").waitFor();
    expect(desk.rows().length).toBe(live + 1);
    await second.getByText("Nothing waits.").waitFor();
    await page.getByText("Nothing waits.").waitFor();
    await page.context().close();
    await second.context().close();
  });
});

describe("a large order that the second person does not want", () => {
  it("is refused by name, never sent, and waits for nobody any more", async () => {
    const page = await enter("trader", "#/new");
    await fill(page, { "Symbol, as the venue": stage.form().symbol, Quantity: "3", Over: "20m" });
    await page.getByRole("button", { name: "Estimate first" }).click();
    await page.getByRole("button", { name: /^Propose: buy 3/ }).click();
    await outcome(page, "taken").waitFor();
    const second = await enter("admin", "#/approvals");
    await second.getByRole("button", { name: "Refuse" }).waitFor();
    const before = desk.rows().length;
    const submitted = journaled("parent-submitted").length;
    await second.getByRole("button", { name: "Refuse" }).click();
    await outcome(second, "taken").waitFor();
    expect(await outcome(second, "taken").innerText()).toContain(
      "what trader asked is dropped: buy 3",
    );
    await second.getByText("Nothing waits.").waitFor();
    await page.goto(`${opened.url}/#/approvals`);
    await page.getByText("Nothing waits.").waitFor();
    expect(desk.rows()).toHaveLength(before);
    expect(journaled("parent-submitted")).toHaveLength(submitted);
    await page.context().close();
    await second.context().close();
  });
});

describe("a run that works, gone through", () => {
  it("is shown at each moment as its journal has it, forward and back", async () => {
    const { journal } = desk.order(steered)!.row;
    const page = await enter("viewer", `#/replay/${encodeURIComponent(journal)}`);
    const select = page.locator("label.tools select");
    await select.selectOption(steered);
    const folded = await desk.open(journal);
    if (!folded.ok) throw new Error(folded.error.text);
    const { marks } = folded.value;
    const slider = page.getByLabel("Moment");
    const last = Number(await slider.getAttribute("max"));
    expect(Math.abs(last - (marks.length - 1))).toBeLessThan(50);
    for (const mark of [last - 8, last - 9, last - 10, Math.floor(last / 2), last - 9]) {
      await slider.fill(String(mark));
      const { record } = marks[mark]!;
      const moment = await folded.value.at(record);
      await page.locator("output", { hasText: `record ${moment.record} of` }).waitFor();
      const order = moment.orders.find(({ row }) => row.parentId === steered);
      if (order === undefined) continue;
      await select.selectOption(steered);
      await expect
        .poll(async () =>
          (await page.locator('[data-figure="filled"]').first().innerText()).replaceAll(
            /\s+/g,
            " ",
          ),
        )
        .toBe(order.row.filled);
    }
    folded.value.close();
    await page.context().close();
  });
});

describe("the kill switch", () => {
  it("stops everything once the word is typed, by keys alone, and says so", async () => {
    const page = await enter("admin", "#/orders");
    await page.keyboard.press("K");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Enter");
    expect(desk.runs().some(({ isKilled }) => isKilled)).toBe(false);
    await page.keyboard.type("KILL");
    await page.keyboard.press("Tab");
    await page.keyboard.type("a test");
    await page.keyboard.press("Enter");
    await outcome(page, "taken").waitFor();
    await picture(page, "killed-dark-1440");
    await page.keyboard.press("Escape");
    await page.locator("[data-kill]", { hasText: "KILLED" }).waitFor();
    expect(desk.runs().every(({ isKilled }) => isKilled)).toBe(true);
    expect(desk.rows().some(({ isLive, phase }) => isLive && phase === "executing")).toBe(false);
    await page.context().close();
  });
});

describe("the journal", () => {
  it("holds each of these, with who it was", async () => {
    await halt();
    await opened.server.close();
    await stage.until(desk.close("cancel"));
    for (const kind of [
      "parent-paused",
      "parent-resumed",
      "parent-amended",
      "strategy-switched",
      "parent-canceled",
    ] as const) {
      const found = journaled(kind).filter(
        (event) => "parentId" in event && event.parentId === steered,
      );
      expect([kind, found.length]).toEqual([kind, 1]);
      expect(found[0]).toMatchObject({ by: "trader" });
    }
    const submitted = journaled("parent-submitted");
    expect(submitted.length).toBe(3);
    expect(submitted.every((event) => "by" in event && event.by?.includes("trader"))).toBe(true);
    expect(journaled("kill-switched")).toMatchObject([{ by: "admin", reason: "a test" }]);
  });
});
