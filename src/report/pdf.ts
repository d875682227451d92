/**
 * PDF: a page as it prints, made by a Chromium that is found on this machine.
 *
 * It is given the page as a file, no network and a profile of its own, which is gone afterwards.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { err, ok, type Result } from "../core/domain/errors.ts";

export interface PdfFault {
  readonly code: "REPORT_PDF";
  readonly text: string;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const PATIENCE_MS = 120_000;

/** @param environment where `ARRIVAL_CHROMIUM` may name one, and `PATH` says where to look. */
export function findChromium(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment["ARRIVAL_CHROMIUM"];
  if (named !== undefined && named !== "") return isProgram(named) ? named : undefined;
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...names, ...PLACES].find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const NO_CHROMIUM =
  "no Chromium was found, which prints the PDF: install one (Debian, Ubuntu: apt install " +
  "chromium; macOS: brew install --cask chromium), or name it in ARRIVAL_CHROMIUM; or write " +
  "HTML and print it from a browser";

export async function pdfOf(
  html: string,
  environment: NodeJS.ProcessEnv,
): Promise<Result<Uint8Array, PdfFault>> {
  const chromium = findChromium(environment);
  if (chromium === undefined) return err({ code: "REPORT_PDF", text: NO_CHROMIUM });
  const folder = mkdtempSync(join(tmpdir(), "arrival-report-"));
  try {
    const [page, printed] = [join(folder, "report.html"), join(folder, "report.pdf")];
    writeFileSync(page, html);
    await promisify(execFile)(chromium, argumentsFor(folder, page, printed), {
      timeout: PATIENCE_MS,
      maxBuffer: 1 << 24,
    });
    return ok(readFileSync(printed));
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
    return err({ code: "REPORT_PDF", text: `${chromium} printed nothing: ${why}` });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Its sandbox wants what root and many containers have not; the page runs no script anyway. */
const argumentsFor = (folder: string, page: string, printed: string): readonly string[] => [
  "--headless",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--host-resolver-rules=MAP * ~NOTFOUND",
  `--user-data-dir=${join(folder, "profile")}`,
  "--no-pdf-header-footer",
  `--print-to-pdf=${printed}`,
  pathToFileURL(page).href,
];
