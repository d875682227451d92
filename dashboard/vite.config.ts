/**
 * Vite: how the page is built: into `dist/dashboard`, each file named by its content.
 *
 * What must stay true: nothing is put inline, since the server's policy runs no inline script and
 * takes no inline style.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/",
  publicDir: here("public"),
  build: {
    outDir: here("../dist/dashboard"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    sourcemap: false,
  },
});
