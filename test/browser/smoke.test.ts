/**
 * Smoke: the built page comes up on a real server, logs in, and shows the figures of a real run.
 *
 * All the rest is in `npm run test:browser`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launch, newPage, NO_BROWSER } from "./browser.ts";
import {
  makeFolder,
  freePort,
  type Opened,
  PAGE,
  removeFolder,
  ScenarioDesk,
  serve,
} from "./scenario.ts";

const missing =
  chromiumPath === undefined
    ? NO_BROWSER
    : existsSync(join(PAGE, "index.html"))
      ? undefined
      : "the page is not built: npm run build:page";

describe.skipIf(missing !== undefined)(`the page in a browser (${missing ?? "Chromium"})`, () => {
  let browser: Browser;
  let folder: string;
  let desk: ScenarioDesk;
  let opened: Opened;

  beforeAll(async () => {
    folder = makeFolder();
    desk = await ScenarioDesk.open(folder);
    opened = await serve(desk, await freePort());
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await opened?.server.close();
    await desk?.close();
    removeFolder(folder);
  });

  it("shows an order as the journal has it, and logs no fault", async () => {
    const { page, errors } = await newPage(browser);
    const { token } = opened.tokens.find(({ role }) => role === "viewer")!;
    await page.goto(`${opened.url}/#token=${token}`);
    await page.waitForSelector('[data-link="live"]');
    await page.goto(`${opened.url}/#/order/p1`);
    const filled = page.locator('[data-figure="filled"]');
    await filled.waitFor();
    expect(await filled.innerText()).toBe(desk.order("p1")!.row.filled);
    expect(errors).toEqual([]);
  });
});
