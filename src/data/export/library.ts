/**
 * Library: packages that only some commands need, loaded when one of them does.
 *
 * They are optional dependencies: heavy, partly native, and of no use to a replay. What must stay
 * true: no other command pays for them, and where one is missing the fault says how to get it.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { DataFault } from "../fault.ts";

export type ArrowLibrary = typeof import("apache-arrow");
export type ParquetLibrary = typeof import("parquet-wasm/node");
export type DuckDbLibrary = typeof import("@duckdb/node-api");

/** Arrow's columns in memory, and its files. */
export const arrowLibrary = (): Promise<Result<ArrowLibrary, DataFault>> =>
  loadLibrary("apache-arrow", "writes Arrow and Parquet files", () => import("apache-arrow"));

/** The Parquet writer of Arrow's Rust implementation, as WebAssembly. */
export const parquetLibrary = (): Promise<Result<ParquetLibrary, DataFault>> =>
  loadLibrary("parquet-wasm", "writes Parquet files", () => import("parquet-wasm/node"));

export const duckDbLibrary = (): Promise<Result<DuckDbLibrary, DataFault>> =>
  loadLibrary("@duckdb/node-api", "answers SQL", () => import("@duckdb/node-api"));

/** @param what what it does for us, as in "`name`, which writes Parquet files" */
export async function loadLibrary<Library>(
  name: string,
  what: string,
  load: () => Promise<Library>,
): Promise<Result<Library, DataFault>> {
  try {
    return ok(await load());
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
    const text =
      `the package ${name}, which ${what}, is not installed here, or not for this machine ` +
      `(${why}); it is optional: install it with \`npm install ${name}\``;
    return err({ code: "DATA_LIBRARY", text });
  }
}
