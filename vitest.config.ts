/**
 * Vitest: which files are tests and what a run may not do (pass empty, pass with `.only` left in).
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
    allowOnly: false,
    passWithNoTests: false,
    // Laws run thousands of cases; a slow shared machine must not turn them into failures.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    chaiConfig: { truncateThreshold: 0 },
  },
});
