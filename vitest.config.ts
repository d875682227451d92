/**
 * Vitest: which files are tests and what a run may not do (pass empty, pass with `.only` left in).
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const COMMANDS = "test/commands/**/*.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["{src,test,bench,examples}/**/*.test.ts"],
          exclude: [COMMANDS],
        },
      },
      // Real processes: each start costs half a second.
      { extends: true, test: { name: "commands", include: [COMMANDS] } },
    ],
    // Examples import the package by its name, as whoever copies them does.
    alias: {
      "arrival/testing": fileURLToPath(new URL("src/testing/index.ts", import.meta.url)),
      "arrival/exchange": fileURLToPath(new URL("src/runtime/exchange-api.ts", import.meta.url)),
      arrival: fileURLToPath(new URL("src/index.ts", import.meta.url)),
    },
    allowOnly: false,
    passWithNoTests: false,
    // Laws run thousands of cases; a slow shared machine must not turn them into failures.
    // More than cores: many tests wait, for processes of their own or for a socket.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // Files share a worker's modules: no module of ours keeps anything that a test could see.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    chaiConfig: { truncateThreshold: 0 },
  },
});
