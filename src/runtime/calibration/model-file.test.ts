/** A model file is text from anywhere: what it says is checked, and what was written comes back. */
import { describe, expect, it, vi } from "vitest";
import { impactModels } from "../../impact/registry.ts";
import { valuesOf } from "../../impact/impact-model.ts";
import { plant } from "../../../test/calibration/planted.ts";
import { calibrate, type Calibration } from "./calibrate.ts";
import { modelFileText, parseModelFile, readModelFile } from "./model-file.ts";

// Whole fits: slow on a machine that does other things as well.
vi.setConfig({ testTimeout: 60_000 });

const model = impactModels.get("square-root")!;

function calibration(): Calibration {
  const values = valuesOf(model.parameters);
  const orders = plant({ model, values, days: 24, ordersPerDay: 10, seed: 1 });
  const made = calibrate(model, orders, { width: "one day", seed: 1 });
  if ("code" in made) throw new Error(made.text);
  return made;
}

const FILE = {
  model: "square-root",
  status: "calibrated",
  origin: "800 orders",
  market: "binance:linear:BTCUSDT",
  values: { prefactor: { value: 0.8, standardError: 0.1 } },
};
const parsed = (over: object) => parseModelFile(JSON.stringify({ ...FILE, ...over }));
const textOf = (over: object): string => {
  const result = parsed(over);
  return result.ok ? "read" : result.error.text;
};

describe("a model file", () => {
  it("comes back as it was written, with the reasons why it is not calibrated", () => {
    const made = calibration();
    const text = modelFileText(made, "240 orders", "a market");
    const read = text.ok ? parseModelFile(text.value) : text;
    expect(read.ok && read.value.isCalibrated).toBe(false);
    if (!read.ok) return;
    expect(read.value.model).toBe(model);
    expect(read.value.caveats[1]).toContain("fitted, not calibrated: ");
    for (const { name, value, standardError } of made.parameters) {
      const parameter = read.value.parameters.find((one) => one.name === name);
      expect(parameter).toMatchObject({ value, standardError, origin: "fitted" });
    }
  });

  it("leaves to the model what it does not name", () => {
    const result = parsed({});
    expect(result.ok && result.value.isCalibrated).toBe(true);
    if (!result.ok) return;
    const [prefactor, exponent] = result.value.parameters;
    expect(prefactor).toMatchObject({ value: 0.8, standardError: 0.1, origin: "fitted" });
    expect(exponent).toEqual(model.parameters[1]);
  });

  it("is refused where it means nothing", () => {
    const value = (one: unknown) => ({ values: { prefactor: { value: one, standardError: 0.1 } } });
    expect(textOf({ model: "cube-root" })).toContain("no impact model is named");
    expect(textOf(value(-1))).toContain("prefactor of square-root must be over 0, not -1");
    expect(textOf(value("0.8"))).toContain("values.prefactor.value");
    expect(textOf({ values: { size: { value: 1, standardError: 0 } } })).toContain(
      "square-root has no parameter size",
    );
    expect(textOf({ reasons: ["few days"] })).toContain("calibrated, and why it is not");
    expect(textOf({ extra: 1 })).toContain("extra");
    for (const text of ["", "model: [", "3", "null", "{", "\u0000"]) {
      expect(parseModelFile(text).ok, JSON.stringify(text)).toBe(false);
    }
  });

  it("cannot be a bomb: aliases are refused, and what is nested endlessly", () => {
    const bomb = `a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]\nmodel: square-root`;
    expect(parseModelFile(bomb)).toMatchObject({
      error: { text: expect.stringContaining("aliases") as string },
    });
    expect(parseModelFile("[".repeat(100_000))).toMatchObject({
      error: { text: expect.stringContaining("deep") as string },
    });
  });

  it("that is not there, or is a folder, is a fault and not a throw", () => {
    for (const path of ["/nowhere/model.yaml", "/"]) {
      const read = readModelFile(path);
      expect(read).toMatchObject({ ok: false, error: { code: "MODEL_FILE" } });
    }
  });

  it("does not move the cursor with its words", () => {
    const result = parsed({ origin: "\u001b[2J gone" });
    expect(result.ok && result.value.caveats.join()).not.toContain("\u001b");
  });

  it("is not written with a value that means nothing", () => {
    const made = calibration();
    const below = made.parameters.map((one) => ({ ...one, value: -1 }));
    const text = modelFileText({ ...made, parameters: below }, "x", "y");
    expect(text).toMatchObject({ ok: false, error: { code: "MODEL_FILE" } });
  });
});
