/**
 * Page: what it shows is what the journal says, in both themes, on a laptop and on a phone, by keys
 * and to a screen reader; it comes back after a break, and what comes from outside is inert text.
 */
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { OrderView } from "../../src/view/shapes.ts";
import { Wire } from "./wire.ts";
import { launch, newPage, type Opening, picture } from "./browser.ts";
import {
  freePort,
  JOURNAL,
  makeFolder,
  type Opened,
  type Planted,
  removeFolder,
  ScenarioDesk,
  serve,
} from "./scenario.ts";

let browser: Browser;
let folder: string;
let desk: ScenarioDesk;
let opened: Opened;
let port: number;

beforeAll(async () => {
  folder = makeFolder();
  desk = await ScenarioDesk.open(folder);
  port = await freePort();
  opened = await serve(desk, port);
  browser = await launch();
});

beforeEach(async () => {
  desk.planted = {};
  await desk.goTo(Math.floor(desk.marks.length / 2));
});

afterAll(async () => {
  await browser?.close();
  await opened?.server.close();
  await desk?.close();
  removeFolder(folder);
});

const ORDER = "#/order/p1";
const MARKET = "#/market/generated%3Alinear%3ABTCUSDT";
/** Nobody is logged in yet: the browser says so by itself. */
const EXPECTED = /401 \(Unauthorized\)|404 \(Not Found\)/;

async function enter(hash: string, opening: Opening = {}, at = opened.url) {
  const { page, errors } = await newPage(browser, opening);
  const { token } = opened.tokens.find(({ role }) => role === "trader")!;
  await page.goto(`${at}/#token=${token}`);
  await page.waitForSelector('[data-link="live"]');
  await page.goto(`${at}/${hash}`);
  return { page, errors };
}

async function go(page: Page, hash: string): Promise<void> {
  await page.goto(`${opened.url}/${hash}`);
}

const figure = async (page: Page, name: string): Promise<string> =>
  (await page.locator(`[data-figure="${name}"]`).first().innerText())
    .replaceAll(/\s+/g, " ")
    .trim();
const panel = (page: Page, name: string) => page.locator(`[data-panel="${name}"]`).first();
const quarterOf = (time: number): number => Math.floor((time % 864e8) / 9e8);
const digits = (text: string): string => text.replaceAll(/[^\d.−+-]/g, "").replace("−", "-");
const shown = (): OrderView => desk.order("p1")!;
const seriousFaults = (errors: readonly string[]): readonly string[] =>
  errors.filter((text) => !EXPECTED.test(text));

describe("logging in", () => {
  it("asks for a token, refuses a wrong one with words, and takes the right one", async () => {
    const { page } = await newPage(browser);
    await page.goto(opened.url);
    await page.getByLabel("Token").fill("not-a-token");
    await page.getByRole("button", { name: "Log in" }).click();
    const refusal = page.getByRole("alert");
    await refusal.waitFor();
    expect(await refusal.innerText()).toMatch(/SERVER_/);
    await page.getByLabel("Token").fill(opened.tokens[0]!.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForSelector('[data-link="live"]');
    await page.getByRole("button", { name: /log out/ }).click();
    await page.getByLabel("Token").waitFor();
    await page.context().close();
  });

  it("uses up a token in the address, and takes it out of the history", async () => {
    const { page } = await enter("#/orders");
    expect(page.url()).not.toContain("token");
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    for (const { token } of opened.tokens) expect(kept).not.toContain(token);
    await page.context().close();
  });

  it("lets a viewer look on and steer nothing", async () => {
    const { page } = await newPage(browser);
    const { token } = opened.tokens.find(({ role }) => role === "viewer")!;
    await page.goto(`${opened.url}/#token=${token}`);
    await page.waitForSelector('[data-link="live"]');
    await go(page, ORDER);
    await page.getByRole("button", { name: "Pause" }).waitFor();
    expect(await page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(true);
    expect(await page.locator("[data-kill]").isDisabled()).toBe(true);
    await page.context().close();
  });

  it("offers no form for another order where a run works one", async () => {
    desk.takesOrders = false;
    try {
      const { page, errors } = await enter("#/orders");
      const rooms = page.getByRole("navigation", { name: "Rooms" });
      await rooms.getByRole("link", { name: "Events" }).waitFor();
      expect(await rooms.getByRole("link", { name: "New order" }).count()).toBe(0);
      await page.locator("body").press("n");
      expect(page.url()).toContain("#/orders");
      await go(page, "#/new");
      await page.getByText("This run works one order and takes on no other.").waitFor();
      expect(await page.locator(".order-form").count()).toBe(0);
      expect(seriousFaults(errors)).toEqual([]);
      await page.context().close();
    } finally {
      desk.takesOrders = true;
    }
  });
});

describe("one order", () => {
  it("shows the journal's figures", async () => {
    const { page, errors } = await enter(ORDER);
    await panel(page, "parts").locator("table").waitFor();
    const view = shown();
    const { row, report, prices } = view;
    expect(await figure(page, "filled-share")).toBe(`${(row.filledShare * 100).toFixed(1)} %`);
    expect(await figure(page, "filled")).toBe(row.filled);
    expect(await figure(page, "remaining")).toBe(view.remaining);
    const paid = row.shortfallBps! > 0 ? "paid" : "gained";
    expect(await figure(page, "shortfall")).toBe(
      `${Math.abs(row.shortfallBps!).toFixed(2)} bps ${paid}`,
    );
    expect(digits(await figure(page, "vwap"))).toBe(prices.vwap);
    expect(digits(await figure(page, "against-twap"))).toBe(
      Math.abs(row.againstTwapBps!).toFixed(2),
    );
    // Each part, signed by its word, and the whole.
    const rows = await panel(page, "parts").locator("tbody tr").allInnerTexts();
    const parts = Object.values(report!.shortfall.parts);
    expect(rows).toHaveLength(parts.length);
    for (const [place, { bps, cash }] of parts.entries()) {
      const [, told = "", money = ""] = rows[place]!.split("\t");
      expect(Number.parseFloat(told)).toBeCloseTo(Math.abs(bps!), 2);
      expect(told).toMatch(bps! > 0.005 ? /paid/ : bps! < -0.005 ? /gained/ : /even/);
      expect(digits(money)).toBe(cash);
    }
    const sum = Number(digits(await panel(page, "parts").locator("[data-sum]").innerText()));
    expect(sum).toBeCloseTo(report!.shortfall.total.bps!, 2);
    expect(seriousFaults(errors)).toEqual([]);
    await page.context().close();
  });

  it("lists what was sent, decided and filled, and opens a row to all that stands in it", async () => {
    const { page } = await enter(ORDER);
    const { children, decisions, fills } = shown();
    const counts = [
      ["Orders sent", children.length],
      ["Decisions", decisions.length],
      ["Fills", fills.length],
    ] as const;
    for (const [name, count] of counts) {
      const grid = page.getByRole("grid", { name, exact: true });
      await grid.waitFor();
      expect(await grid.getAttribute("aria-rowcount")).toBe(String(count + 1));
    }
    const newest = decisions.at(-1)!;
    const row = page.getByRole("grid", { name: "Decisions" }).locator(".rows [role=row]").first();
    await row.click();
    const dialog = page.getByRole("dialog", { name: "Decisions" });
    expect(await dialog.innerText()).toContain(newest.reasoning);
    expect(await dialog.innerText()).toContain(newest.risk);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.context().close();
  });

  it("follows the order as it goes on", async () => {
    const { page } = await enter(ORDER);
    await panel(page, "parts").locator("table").waitFor();
    const before = await figure(page, "filled");
    await desk.goTo(desk.marks.length - 1);
    await page.waitForFunction(
      (text) => document.querySelector('[data-figure="filled"]')?.textContent !== text,
      before,
    );
    expect(await figure(page, "filled")).toBe(shown().row.filled);
    expect(await page.locator(".order-head").innerText()).toContain("complete");
    await page.context().close();
  });

  it("draws its charts: something is on each canvas", async () => {
    const { page } = await enter(ORDER);
    await panel(page, "parts").locator("table").waitFor();
    await page.waitForTimeout(1_500);
    for (const name of ["price", "trajectory", "participation", "parts"]) {
      const drawn = await panel(page, name)
        .locator("canvas")
        .evaluateAll((canvases) =>
          canvases.some((canvas) => {
            const { width, height } = canvas as HTMLCanvasElement;
            const context = (canvas as HTMLCanvasElement).getContext("2d");
            if (context === null || width === 0 || height === 0) return false;
            const { data } = context.getImageData(0, 0, width, height);
            return new Set(new Uint32Array(data.buffer)).size > 3;
          }),
        );
      expect([name, drawn]).toEqual([name, true]);
    }
    await page.context().close();
  });
});

describe("the market", () => {
  it("shows the book with own orders in it, and what is not known as not known", async () => {
    const { page, errors } = await enter(MARKET);
    const ladder = panel(page, "ladder");
    await ladder.locator("table").waitFor();
    const view = desk.market("generated:linear:BTCUSDT")!;
    const text = (await ladder.innerText()).replaceAll("\u202f", "");
    for (const level of [...view.bids.slice(0, 12), ...view.asks.slice(0, 12)]) {
      expect(text).toContain(level.price);
      if (level.own !== null) expect(text).toContain(`◆ ${level.own}`);
    }
    expect(view.fundingRate).toBeNull();
    const unknown = panel(page, "now").getByTitle("not known");
    expect(await unknown.count()).toBeGreaterThanOrEqual(2);
    expect(seriousFaults(errors)).toEqual([]);
    await page.context().close();
  });

  it("holds what trades against what is usual, and says what that is from", async () => {
    const { page, errors } = await enter(MARKET);
    const profile = panel(page, "profile");
    const text = async (of = "profile"): Promise<string> =>
      (await panel(page, of).innerText()).replaceAll(/[\s\u202f]+/g, " ");
    await profile.getByText("of the usual").waitFor();
    const { dayVolume } = desk.market("generated:linear:BTCUSDT")!;
    expect(dayVolume.usualFrom).toBe("even-day");
    expect(await text()).toContain("Usual is an even day");
    // All that was seen is of today, so an even day at its level has just as much.
    const seen = dayVolume.quarters.filter(({ traded }) => traded !== null);
    const sum = seen.reduce((all, { traded }) => all + traded!.value * traded!.coverage, 0);
    expect(await text()).toContain(`Today ${sum.toFixed(3)}, × 1.00 of the usual`);
    desk.planted = MEASURED;
    desk.tell({ kind: "market", instrument: "generated:linear:BTCUSDT" });
    await profile.getByText("what the day before had").waitFor();
    const planted = desk.market("generated:linear:BTCUSDT")!;
    const usual = planted.dayVolume.quarters[quarterOf(planted.time)]!.usual!;
    const { value, coverage } = planted.volumeMinute!;
    const ratio = (value / coverage / (usual / 15)).toFixed(2);
    expect(await text("now")).toContain(`against a usual minute × ${ratio}`);
    const chart = profile.locator(".uplot").last();
    await chart.scrollIntoViewIfNeeded();
    const over = (await chart.locator(".u-over").boundingBox())!;
    await page.mouse.move(over.x + 3, over.y + over.height / 2);
    await expect.poll(() => chart.innerText()).toMatch(/traded in the quarter[\s:]*18000\.000/);
    expect(await chart.innerText()).toMatch(/usual[\s:]*15000\.000/);
    expect(seriousFaults(errors)).toEqual([]);
    await page.context().close();
  });
});

describe("the advisor", () => {
  it("shows the journal's figures: worth, budget, and what its answers were", async () => {
    const { page, errors } = await enter("#/advisor/p1");
    await panel(page, "worth").waitFor();
    const { advisor } = shown();
    const facts = async (name: string): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries(
        await panel(page, name)
          .locator(".fact")
          .evaluateAll((each) =>
            each.map((fact) => [
              fact.querySelector("dt")!.textContent,
              fact.querySelector("dd")!.textContent,
            ]),
          ),
      );
    const told = await facts("advisor");
    const { asked, answered, followed, advised, grounded, clamped, budget, worth } = advisor!;
    expect(told["calls"]).toBe(`${asked} asked, ${answered} answered, ${followed} followed`);
    expect(told["every number found"]).toBe(`${grounded} of ${advised}`);
    expect(told["cut by a limit"]).toBe(String(clamped));
    expect(told["where that is from"]).toBe(advisor!.influenceSource);
    const spent = await facts("budget");
    const { questions } = budget;
    expect(spent["questions"]).toBe(`${questions.most - asked} left of ${questions.most}`);
    // It was only watched: nothing was followed, and nobody measured it before.
    expect(worth).toEqual({ soFar: null, measured: null });
    expect(await panel(page, "worth").innerText()).toMatch(/not known yet: nothing was followed/);
    expect(await panel(page, "worth").innerText()).toMatch(/Of orders before: not known yet/);
    expect(await panel(page, "worth").innerText()).toMatch(/how sure it is: not known yet/);
    desk.planted = MEASURED;
    desk.tell({ kind: "orders", parentIds: ["p1"] });
    await panel(page, "worth").locator("[data-measured]").waitFor();
    const text = (await panel(page, "worth").innerText()).replaceAll(/\s+/g, " ");
    expect(text).toContain("0.50 lost, followed 3 times; luck alone: ± 5.50");
    expect(text).toContain("calm 40 +0.80 −0.10 to +1.70");
    expect(text).toContain("stressed 3 – too few to tell");
    expect(text).toContain("how often it was right: 30 % of 90 decisions, by rollouts");
    expect(text).toContain("65 % 33 % 9");
    const newest = advisor!.entries.findLast(({ answer }) => answer?.kind === "advice")!;
    const { confidence } = (newest.answer as { advice: { confidence: number } }).advice;
    const tenth = Math.min(9, Math.floor(confidence * 10));
    expect((await page.locator(".answers").innerText()).replaceAll(/\s+/g, " ")).toContain(
      `confidence ${Math.round(100 * confidence)} % (right ${Math.round((100 * tenth) / 18)} % of ` +
        `9 times that it said ${10 * tenth} to ${10 * tenth + 10} %)`,
    );
    expect(seriousFaults(errors)).toEqual([]);
    await page.context().close();
  });
});

describe("a replay", () => {
  it("moves through the journal, and shows the same figures as the live view", async () => {
    const { page } = await enter(`#/replay/${JOURNAL}`);
    await panel(page, "parts").locator("table").waitFor();
    const slider = page.getByLabel("Moment");
    for (const mark of [20, Math.floor(desk.marks.length / 2), desk.marks.length - 1]) {
      await desk.goTo(mark);
      await slider.fill(String(mark));
      const { record } = desk.marks[mark]!;
      await page.locator("output", { hasText: `record ${record} of` }).waitFor();
      expect(await figure(page, "filled")).toBe(shown().row.filled);
      expect(await figure(page, "remaining")).toBe(shown().remaining);
    }
    await page.context().close();
  });

  it("plays to the end, and stops where it is told to", async () => {
    const { page } = await enter(`#/replay/${JOURNAL}`);
    const slider = page.getByLabel("Moment");
    await slider.waitFor();
    await slider.fill(String(desk.marks.length - 4));
    await page.locator("[data-play]").click();
    await page.waitForFunction(
      (last) =>
        (document.querySelector<HTMLInputElement>("input[type=range]")?.value ?? "") === last,
      String(desk.marks.length - 1),
    );
    await page.getByRole("button", { name: "▶ Play" }).waitFor();
    await page.context().close();
  });

  it("says what is wrong with a journal that is not there", async () => {
    const { page } = await enter("#/replay/none.journal");
    const refusal = page.getByRole("alert");
    await refusal.waitFor();
    expect(await refusal.innerText()).toMatch(/[A-Z]+_[A-Z]+/);
    await page.context().close();
  });
});

describe("a broken line", () => {
  it("is told, and the page goes on from where it was once the server is back", async () => {
    const { page } = await enter(ORDER);
    await panel(page, "parts").locator("table").waitFor();
    await opened.server.close();
    await page.waitForSelector('[data-link="lost"]');
    expect(await page.locator(".banner").first().innerText()).toContain("broken");
    await desk.goTo(desk.marks.length - 1);
    opened = await serve(desk, port, opened);
    // Sessions are the server's memory: after its restart the page asks for the token again.
    await page.getByLabel("Token").waitFor();
    await page.getByLabel("Token").fill(opened.tokens.find(({ role }) => role === "trader")!.token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForSelector('[data-link="live"]');
    await panel(page, "parts").locator("table").waitFor();
    await page.waitForFunction(
      (text) => document.querySelector('[data-figure="filled"]')?.textContent === text,
      shown().row.filled,
    );
    await page.context().close();
  });

  it("resumes by its number where only the line broke", async () => {
    const wire = await Wire.to(port);
    const { page } = await enter("#/orders", {}, `http://127.0.0.1:${wire.port}`);
    await page.waitForSelector(".rows [role=row]");
    const sent: string[] = [];
    const heard: string[] = [];
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => sent.push(String(payload)));
      socket.on("framereceived", ({ payload }) => heard.push(String(payload)));
    });
    wire.cut();
    await expect.poll(() => sent.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(JSON.parse(sent[0]!)).toMatchObject({ type: "watch", since: expect.any(Number) });
    await page.waitForTimeout(300);
    expect(heard.filter((text) => text.includes('"isWhole":true'))).toEqual([]);
    expect(await page.locator('[data-link="live"]').count()).toBe(1);
    await page.context().close();
    wire.close();
  });
});

describe("what comes from outside", () => {
  const EVIL = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>';

  it("is text: in news, reasoning, symbols and events nothing runs", async () => {
    desk.planted = {
      row: (row) => ({ ...row, symbol: EVIL, reason: EVIL }),
      order: (view) => ({
        ...view,
        row: { ...view.row, symbol: EVIL, reason: EVIL, halt: EVIL },
        decisions: view.decisions.map((each) => ({ ...each, reasoning: EVIL, risk: EVIL })),
        children: view.children.map((each) => ({ ...each, reasoning: EVIL })),
        advisor: view.advisor && {
          ...view.advisor,
          entries: view.advisor.entries.map((entry) => ({
            ...entry,
            grounded: [{ text: EVIL, mark: "not" as const }],
          })),
        },
      }),
      market: (view) => ({
        ...view,
        news: [
          {
            id: "1",
            source: EVIL,
            kind: "news",
            publishedAt: view.time,
            firstSeenAt: view.time,
            headline: EVIL,
            body: EVIL,
            flags: [EVIL],
          },
        ],
      }),
    };
    desk.tell({ kind: "orders", parentIds: ["p1"] });
    desk.tell({ kind: "market", instrument: "generated:linear:BTCUSDT" });
    const { page } = await enter("#/orders");
    for (const [hash, where] of [
      ["#/orders", ".rows"],
      [ORDER, ".order-head"],
      [ORDER, '[data-panel="decisions"]'],
      [ORDER, '[data-panel="advisor"]'],
      ["#/advisor/p1", ".answers"],
      [MARKET, '[data-panel="news"]'],
    ] as const) {
      await go(page, hash);
      await page.locator(where).getByText("<img src=x").first().waitFor();
    }
    expect(await page.evaluate(() => "hurt" in window)).toBe(false);
    expect(await page.locator("main img, main script").count()).toBe(0);
    await page.context().close();
  });

  it("cannot run a script put in from beside the page: the policy stops it", async () => {
    const { page } = await enter("#/orders");
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hurt = 1";
      document.body.append(script);
      return "hurt" in window;
    });
    expect(ran).toBe(false);
    await page.context().close();
  });
});

describe("the keyboard", () => {
  it("walks the list, opens an order, filters, and shows its keys", async () => {
    const [row] = desk.rows();
    desk.more = Array.from({ length: 40 }, (_, place) => ({ ...row!, parentId: `other-${place}` }));
    desk.tell({ kind: "orders", parentIds: desk.more.map(({ parentId }) => parentId) });
    const { page } = await enter("#/orders");
    await page.getByText("other-1", { exact: true }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const at = page.locator(".rows [aria-selected=true]");
    expect(await at.innerText()).toContain("p1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/order\/p1/);
    await page.keyboard.press("o");
    await page.waitForURL(/orders$/);
    await page.getByText("other-1", { exact: true }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("other-37");
    await expect.poll(() => page.locator(".rows [role=row]").count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keys" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const gone = desk.more.map(({ parentId }) => parentId);
    desk.more = [];
    desk.tell({ kind: "orders", parentIds: gone });
    await page.context().close();
  });

  it("needs the word to kill, and Escape leaves it", async () => {
    const { page } = await enter("#/orders");
    await page.locator("[data-kill]").click();
    const stop = page.getByRole("button", { name: "Stop everything" });
    expect(await stop.isDisabled()).toBe(true);
    await page.getByLabel("Type KILL").fill("kill");
    expect(await stop.isDisabled()).toBe(true);
    await page.getByLabel("Type KILL").fill("KILL");
    expect(await stop.isDisabled()).toBe(false);
    await page.keyboard.press("Escape");
    await stop.waitFor({ state: "detached" });
    await page.context().close();
  });
});

/** As a table of paired orders, and a venue that tells of its market, would have it. */
const MEASURED: Planted = {
  order: (view) => ({
    ...view,
    advisor: view.advisor && {
      ...view.advisor,
      worth: {
        soFar: { bets: 3, savedBps: -0.5, luckBps: 5.5 },
        measured: {
          confidence: 0.95,
          reliability: {
            decisions: 90,
            right: 0.3,
            bins: Array.from({ length: 10 }, (_, bin) => ({
              from: bin / 10,
              decisions: 9,
              confidence: bin / 10 + 0.05,
              right: bin / 18,
            })),
          },
          regimes: [
            { regime: "calm", orders: 40, savedBps: { mean: 0.8, low: -0.1, high: 1.7 } },
            { regime: "stressed", orders: 3, savedBps: null },
          ],
        },
      },
    },
  }),
  market: (view) => ({
    ...view,
    fundingRate: -0.000125,
    nextFundingAt: view.time,
    openInterest: "1234567.891 BTC",
    quality: { ...view.quality, unused: 7 },
    liquidations: view.trades,
    // A day that was quietest in its middle, and a fifth more of it until now.
    dayVolume: {
      usualFrom: "day-before",
      curve: null,
      quarters: Array.from({ length: 96 }, (_, quarter) => {
        const usual = 15_000 - 9_000 * Math.sin((quarter / 95) * Math.PI);
        const isOver = quarter <= quarterOf(view.time);
        return { traded: isOver ? { value: 1.2 * usual, coverage: 1 } : null, usual };
      }),
    },
  }),
};

const ROOMS = [
  ["orders", "#/orders", ".rows [role=row]"],
  ["order", ORDER, '[data-panel="parts"] table'],
  ["market", MARKET, ".ladder"],
  ["advisor", "#/advisor/p1", ".answers li"],
  ["new", "#/new", ".order-form"],
  ["events", "#/events", ".room-events [role=gridcell]"],
  ["approvals", "#/approvals", "h1"],
  ["journals", "#/replay", ".links a"],
  ["replay", `#/replay/${JOURNAL}`, '[data-panel="parts"] table'],
] as const;

describe.each([
  ["dark", 1440, 900],
  ["light", 1440, 900],
  ["dark", 390, 844],
  ["light", 390, 844],
] as const)("in the %s theme, %i wide", (theme, width, height) => {
  it("axe finds nothing serious, nothing is wider than the screen, and a picture is kept", async () => {
    desk.planted = MEASURED;
    const { page, errors } = await enter("#/orders", {
      theme,
      width,
      height,
      script: axe.source,
    });
    for (const [name, hash, sign] of ROOMS) {
      await go(page, hash);
      await page.waitForSelector(sign);
      await page.waitForTimeout(700);
      await picture(page, `${name}-${theme}-${width}`);
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([name, over]).toEqual([name, 0]);
      const faults = await page.evaluate(async () => {
        const { violations, passes } = await (window as unknown as { axe: typeof axe }).axe.run();
        if (passes.length < 10) return [`axe looked at ${passes.length} rules alone`];
        return violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
          );
      });
      expect([name, faults]).toEqual([name, []]);
    }
    expect(seriousFaults(errors)).toEqual([]);
    await page.context().close();
  });
});
