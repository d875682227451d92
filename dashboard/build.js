/**
 * Build: the page, into `dist/dashboard`. Run by `npm run build:page`, and behind each install.
 *
 * It is plain JavaScript, since the Node that npm itself runs on may not read TypeScript. What must
 * stay true: an install without development packages does not fail for want of them.
 */
import { fileURLToPath } from "node:url";
import { compressFolder } from "./compress.js";

const isOptional = process.argv.includes("--where-possible");
const say = (text) => void process.stdout.write(`${text}\n`);

const kB = (count) => `${Math.round(count / 1_000)} kB`;

const vite = await import("vite").catch((error) => {
  if (isOptional && error?.code === "ERR_MODULE_NOT_FOUND") return undefined;
  throw error;
});

if (vite === undefined) say("the page is not built: vite is not installed");
else {
  const root = fileURLToPath(new URL(".", import.meta.url));
  await vite.build({ root, configFile: `${root}vite.config.ts`, logLevel: "warn" });
  const { bytes, compressed } = compressFolder(
    fileURLToPath(new URL("../dist/dashboard", import.meta.url)),
  );
  say(`the page is built: dist/dashboard, ${kB(bytes)}, ${kB(compressed)} over the wire`);
}
