/**
 * `npm run test:pybit -- PYTHON`: starts a local exchange and has pybit trade on it.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startLocal } from "./local-stage.ts";

const python = process.argv[2] ?? "python3";
const script = fileURLToPath(new URL("pybit_check.py", import.meta.url));
const exchange = await startLocal();
const { apiKey, secret } = exchange.accounts[0]!;
const child = spawn(python, [script, exchange.url, exchange.streamUrl, apiKey, secret], {
  stdio: "inherit",
});
child.on("error", (error) => {
  process.stderr.write(`${python} cannot be run: ${error.message}\n`);
});
child.on("close", async (code) => {
  process.exitCode = code ?? 1;
  await exchange.close();
});
