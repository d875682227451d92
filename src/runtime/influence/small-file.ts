/**
 * Small file: a text file that is read whole, or refused in words before it is.
 */
import { readFileSync, statSync } from "node:fs";
import { err, ok, type Result } from "../../core/domain/errors.ts";

export function readSmallFile(path: string, mostBytes: number): Result<string, string> {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return err("is not there");
    if (!found.isFile()) return err("is not a file");
    if (found.size > mostBytes) return err(`has ${found.size} bytes; ${mostBytes} at most`);
    return ok(readFileSync(path, "utf8"));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}
