/**
 * Browser: the Chromium that is installed on this machine, and one page of it.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = [
  process.env["ARRIVAL_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

export const chromiumPath = PLACES.find(
  (path): path is string => path !== undefined && path !== "" && existsSync(path),
);
export const NO_BROWSER =
  "no Chromium found: apt install chromium, or set ARRIVAL_CHROMIUM to its program";

/** Artefacts: looked at by people, never committed. */
export const PICTURES = fileURLToPath(new URL("../../.scratch/screenshots", import.meta.url));

export async function launch(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(NO_BROWSER);
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

export interface Opening {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "dark" | "light";
  /** Runs before the page's own, beside its policy. */
  readonly script?: string;
}

/** Whatever the page logs as an error, or throws, is kept: a test ends by looking at it. */
export async function newPage(
  browser: Browser,
  { width = 1440, height = 900, theme = "dark", script }: Opening = {},
): Promise<{ readonly page: Page; readonly errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    deviceScaleFactor: 1,
  });
  if (script !== undefined) await context.addInitScript(script);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { page, errors };
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
