import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros, SECOND } from "../core/domain/units.ts";
import { DEFAULT_EXECUTION_CONFIG, DEFAULT_RISK_LIMITS } from "../core/execution/limits.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import {
  type ArrivalConfig,
  type CheckStrategy,
  configJson,
  DEFAULT_CONFIG,
  formatConfigFaults,
  loadConfig,
  parseConfig,
} from "./config.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "arrival-config-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string, name = "config.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problems(text: string, overrides = {}, check?: CheckStrategy): string {
  const loaded = loadConfig(file(text), overrides, check);
  return loaded.ok ? "none" : formatConfigFaults(loaded.error).replaceAll(folder, "");
}

function loadOrThrow(text: string, overrides = {}): ArrivalConfig {
  const loaded = loadConfig(file(text), overrides);
  if (!loaded.ok) throw new Error(formatConfigFaults(loaded.error));
  return loaded.value;
}

const refuseParameters: CheckStrategy = ({ parameters }) =>
  Object.keys(parameters).map((key) => ({ path: `parameters.${key}`, text: "unknown" }));
const spanOf = (least: number) => fc.integer({ min: least, max: 86_400_000_000 }).map(micros);

describe("loadConfig", () => {
  it("without a file is the defaults of the requirements, complete", () => {
    expect(loadConfig(undefined)).toEqual({ ok: true, value: DEFAULT_CONFIG });
    expect(DEFAULT_CONFIG.execution).toEqual(DEFAULT_EXECUTION_CONFIG);
    expect(DEFAULT_CONFIG.limits).toEqual(DEFAULT_RISK_LIMITS);
  });

  it.each(["", "# all left out", "limits:\n  # participation: 0.05\n", "{}"])(
    "takes a file that sets nothing as the defaults: %j",
    (text) => {
      expect(loadOrThrow(text)).toEqual(DEFAULT_CONFIG);
    },
  );

  it("lays the command line over the file and the file over the defaults", () => {
    const config = loadOrThrow(
      `
execution: { urgency: 0.2, minOrder: 0.05, llmQueryInterval: 1m30s }
strategy: { name: twap, parameters: { intervals: 12 } }
simulation: { fees: { maker: "-0.00005" } }
`,
      { execution: { urgency: 0.9 }, strategy: { parameters: { randomize: true } } },
    );
    expect(config.execution).toEqual({
      ...DEFAULT_EXECUTION_CONFIG,
      urgency: 0.9,
      minOrder: "0.05",
      llmQueryInterval: micros(90_000_000),
    });
    expect(config.strategy).toEqual({
      name: "twap",
      parameters: { intervals: 12, randomize: true },
    });
    expect(config.simulation.fees).toEqual({ maker: "-0.00005", taker: "0.0005", coin: "settle" });
    expect(config.limits).toEqual(DEFAULT_RISK_LIMITS);
  });

  it("leaves the file's parameters where the command line names another strategy", () => {
    const text = "strategy: { name: twap, parameters: { intervals: 12 } }";
    const config = loadOrThrow(text, { strategy: { name: "pov" } });
    expect(config.strategy).toEqual({ name: "pov", parameters: {} });
  });

  it("reads JSON, tabs and all", () => {
    const path = file('{\n\t"limits": {\n\t\t"participation": 0.05\n\t}\n}\n', "config.json");
    const loaded = loadConfig(path);
    expect(loaded.ok && loaded.value.limits.participation).toBe(0.05);
  });

  it("lists every problem at once, each with its path and what to write instead", () => {
    const text = `
execution:
  urgency: -1
  llmAdaptation: "yes"
  llmQueryInterval: 30
  minOrder: 0
limits:
  participaton: 0.2
  participation: 7
  spreadToCrossBps: "20"
  volatilityStopPerHour: 10%
  aggressive_spacing: 5s
  staleAfter: 25h
  ordersPerMinute: 1.5
simulation:
  fees: { maker: 0.2, taker: 1e-9, coin: USDT }
  queue: fifo
orderNotional: 5
colour: red
__proto__: { a: 1 }
strategy: { name: TWAP }
`;
    expect(problems(text)).toMatchInlineSnapshot(`
      "execution.urgency: must be a number in [0, 1], got -1
      execution.llmAdaptation: must be true or false, got "yes"
      execution.llmQueryInterval: must be a duration with its unit in [1ms, 24h], such as 5s, got 30
      execution.minOrder: must be a decimal above 0, such as "0.01", got 0
      limits.participation: must be a fraction in (0, 1], got 7
      limits.spreadToCrossBps: must be basis points in [0, 10000], got "20" (write it unquoted)
      limits.volatilityStopPerHour: must be a fraction in (0, 1], got "10%" (write a fraction: 0.1)
      limits.ordersPerMinute: must be a whole number in [1, 1000000], got 1.5
      limits.staleAfter: must be a duration with its unit in [1ms, 24h], such as 5s, got "25h"
      limits.participaton: unknown key; did you mean limits.participation?
      limits.aggressive_spacing: unknown key; did you mean limits.aggressiveSpacing?
      strategy.name: must be a strategy's name, got "TWAP"
      simulation.queue: must be risk-averse or probabilistic, got "fifo"
      simulation.fees.maker: must be a decimal fraction in [-0.1, 0.1], such as "0.0002", got 0.2
      simulation.fees.taker: must be a decimal fraction in [-0.1, 0.1], such as "0.0002", got 1e-9
      simulation.fees.coin: must be settle or received, got "USDT"
      orderNotional: unknown key; did you mean limits.orderNotional?
      colour: unknown key; known here: execution, limits, strategy, simulation, live, advice, alerts
      __proto__: unknown key; known here: execution, limits, strategy, simulation, live, advice, alerts"
    `);
  });

  it("lists the strategy's own problems among the others", () => {
    const text = "strategy: { parameters: { pace: 3 } }\nexecution: { urgency: 2 }";
    expect(problems(text, {}, refuseParameters)).toBe(
      "execution.urgency: must be a number in [0, 1], got 2\nstrategy.parameters.pace: unknown",
    );
  });

  it.each([
    ["limits: { participation: 0.1, participation: 0.2 }", "Map keys must be unique"],
    ["limits: [1", "/config.yaml:1"],
    ["limits: !!js/function 'x'", "Unresolved tag"],
    ["a: 1\n---\nb: 2", "must be one document"],
    ["[1, 2]", "must be a map of sections, got [1,2]"],
    ["limits: 7", "limits: must be a map, got 7"],
    ["strategy: { parameters: { n: .inf } }", "strategy.parameters: must be a map of plain values"],
    ["strategy:\n  parameters: &a\n    b: *a", "uses YAML aliases"],
    ["a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "uses YAML aliases"],
    ["? [1]\n: 2", "unknown key"],
  ])("refuses what is not plain data: %j", (text, expected) => {
    expect(problems(text)).toContain(expected);
  });

  it("says which file cannot be read", () => {
    const loaded = loadConfig(join(folder, "none.yaml"));
    expect(!loaded.ok && loaded.error[0]).toMatchObject({
      code: "CONFIG_UNREADABLE",
      path: join(folder, "none.yaml"),
    });
    expect(problems(`# ${"x".repeat(1 << 20)}`)).toContain("not a file of settings");
  });
});

describe("configJson", () => {
  const share = fc.double({ min: 1e-9, max: 1, noNaN: true });
  const configs = fc
    .record({
      participation: share,
      participationWindow: fc
        .integer({ min: 1, max: 3600 })
        .map((seconds) => micros(seconds * SECOND)),
      aggressiveSpacing: spanOf(0),
      ordersPerMinute: fc.integer({ min: 1, max: 1000 }),
      entryLatency: spanOf(0),
      latencyJitter: spanOf(0),
      minOrder: fc.integer({ min: 1, max: 1e9 }).map((n) => `${n}.0`),
      urgency: fc.double({ min: 0, max: 1, noNaN: true }),
      parameters: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.integer()),
    })
    .map((drawn): ArrivalConfig => ({
      execution: {
        ...DEFAULT_EXECUTION_CONFIG,
        minOrder: drawn.minOrder,
        urgency: drawn.urgency,
        llmQueryInterval: drawn.participationWindow,
      },
      limits: {
        ...DEFAULT_RISK_LIMITS,
        participation: drawn.participation,
        participationWindow: drawn.participationWindow,
        aggressiveSpacing: drawn.aggressiveSpacing,
        ordersPerMinute: drawn.ordersPerMinute,
      },
      strategy: { name: "pov", parameters: drawn.parameters },
      simulation: {
        ...DEFAULT_CONFIG.simulation,
        entryLatency: drawn.entryLatency,
        latencyJitter: drawn.latencyJitter,
      },
      live: { ...DEFAULT_CONFIG.live, minOrderInterval: drawn.entryLatency },
      advice: {
        ...DEFAULT_CONFIG.advice,
        advisor: "compatible:http://127.0.0.1:8080/v1#m",
        strategies: ["twap", "is"],
        influence: { calm: drawn.urgency, usual: 0, stressed: 1 },
      },
      alerts: {
        ...DEFAULT_CONFIG.alerts,
        minimum: "critical",
        kinds: ["kill", "run"],
        perMinute: drawn.ordersPerMinute > 1000 ? 1000 : drawn.ordersPerMinute,
        telegram: { ...DEFAULT_CONFIG.alerts.telegram, chat: "-100200300" },
      },
    }));

  it("is read back as the same config, through the journal's text: a replay runs the same", () => {
    fc.assert(
      fc.property(configs, (config) => {
        const text = canonicalJson(configJson(config));
        expect(parseConfig(JSON.parse(text))).toEqual({ ok: true, value: config });
      }),
    );
  });

  it("writes every setting out, in words a person can edit", () => {
    expect(configJson(DEFAULT_CONFIG)).toMatchInlineSnapshot(`
      {
        "advice": {
          "advisor": "none",
          "budget": {
            "questions": 500,
            "tokens": 2000000,
            "usd": null,
          },
          "envelope": {
            "corridor": 0.05,
            "crossing": 0.05,
            "variation": 0.2,
          },
          "influence": {
            "calm": 0,
            "stressed": 0,
            "usual": 0,
          },
          "influenceSource": "none was given",
          "mayCancel": false,
          "prices": null,
          "strategies": [],
        },
        "alerts": {
          "email": {
            "from": null,
            "host": null,
            "port": 587,
            "security": "starttls",
            "to": [],
            "user": null,
          },
          "kinds": [],
          "minimum": "warning",
          "perMinute": 10,
          "telegram": {
            "chat": null,
            "server": "https://api.telegram.org",
          },
          "webhook": {
            "url": null,
          },
        },
        "execution": {
          "darkVenues": true,
          "llmAdaptation": true,
          "llmQueryInterval": "1m",
          "maxParticipation": 0.1,
          "maxSpreadToCrossBps": 10,
          "minOrder": "0.01",
          "urgency": 0.5,
        },
        "limits": {
          "aggressiveSpacing": "5s",
          "amendsPerMinute": 60,
          "benchmarkDeviationBps": 100,
          "llmTimeout": "10s",
          "orderImpactBps": 25,
          "orderNotional": 100000,
          "ordersPerMinute": 20,
          "participation": 0.1,
          "participationWindow": "1m",
          "positionNotional": 10000000,
          "shortfallAlertBps": 50,
          "spreadToCrossBps": 20,
          "staleAfter": "5s",
          "volatilityStopPerHour": 0.05,
        },
        "live": {
          "killFile": null,
          "maxOrderValue": 100000,
          "minOrderInterval": "0s",
          "onInterrupt": "cancel",
        },
        "simulation": {
          "entryLatency": "10ms",
          "fees": {
            "coin": "settle",
            "maker": "0.0002",
            "taker": "0.0005",
          },
          "latencyJitter": "5ms",
          "market": "auto",
          "queue": "risk-averse",
          "reaction": {
            "halfLife": "5s",
            "permanent": 1,
            "transient": 1,
          },
          "responseLatency": "10ms",
        },
        "strategy": {
          "name": "twap",
          "parameters": {},
          "tactic": null,
        },
      }
    `);
  });
});
