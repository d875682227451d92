/**
 * Model file: fitted parameters of an impact model, written by `calibrate` for `estimate`.
 *
 * It says what was fitted, on what, and whether the word "calibrated" was earned: values without
 * that would look surer than they are. A person may write one too. What must stay true: a file that
 * is read back gives the very parameters that were written, and one that claims to be calibrated
 * names nothing that speaks against it.
 */
import { readFileSync, statSync } from "node:fs";
import { stringify } from "yaml";
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ImpactModel, ModelParameter } from "../../impact/impact-model.ts";
import { findImpactModel } from "../../impact/registry.ts";
import { parameterFault } from "../model-choice.ts";
import { parseSettings, type SettingsProblem } from "../settings-file.ts";
import type { Calibration } from "./calibrate.ts";

const VALUE = z.strictObject({
  value: z.number(),
  standardError: z.number().nonnegative(),
});

const SHAPE = z
  .strictObject({
    model: z.string().min(1),
    status: z.enum(["calibrated", "fitted, not calibrated"]),
    reasons: z.array(z.string()).default([]),
    origin: z.string(),
    market: z.string(),
    values: z.record(z.string(), VALUE),
  })
  .refine(({ status, reasons }) => status !== "calibrated" || reasons.length === 0, {
    message: "it says that it is calibrated, and why it is not",
    path: ["status"],
  });

export type ModelFile = z.infer<typeof SHAPE>;

export interface ModelFileFault {
  readonly code: "MODEL_FILE";
  readonly text: string;
}

/** A model with the parameters of a file. */
export interface ModelOfFile {
  readonly model: ImpactModel;
  readonly parameters: readonly ModelParameter[];
  readonly isCalibrated: boolean;
  /** In words, what to know of the values. */
  readonly caveats: readonly string[];
}

const BYTES_MOST = 256 << 10;
const REASON_MOST = 300;

/** The text of a file. Undefined where `estimate` could not use it: a value that means nothing. */
export function modelFileText(
  calibration: Calibration,
  origin: string,
  market: string,
): Result<string, ModelFileFault> {
  const { model, parameters, held, isCalibrated, reasons } = calibration;
  const values: Record<string, z.infer<typeof VALUE>> = {};
  for (const { name, value, standardError } of parameters) values[name] = { value, standardError };
  for (const { name, value } of held)
    values[name] = { value, standardError: heldError(model, name) };
  const file: ModelFile = {
    model: model.name,
    status: isCalibrated ? "calibrated" : "fitted, not calibrated",
    reasons: [...reasons],
    origin,
    market,
    values,
  };
  const wrong = faultIn(model, file);
  if (wrong !== undefined) return fault(`no model file is written: ${wrong}`);
  return ok(stringify(file));
}

/** What is held is as sure as its author said. */
const heldError = ({ parameters }: ImpactModel, name: string): number =>
  parameters.find((one) => one.name === name)?.standardError ?? 0;

const fault = (text: string) => err({ code: "MODEL_FILE", text } as const);

const problemText = ({ line, text }: SettingsProblem): string =>
  line === undefined ? text : `line ${line}: ${text}`;

/** @param path Of YAML or JSON. */
export function readModelFile(path: string): Result<ModelOfFile, ModelFileFault> {
  let text: string;
  try {
    if (statSync(path).size > BYTES_MOST) return fault(`${path} is far too large for a model file`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    return fault(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = parseModelFile(text);
  return parsed.ok ? parsed : fault(`${path}: ${parsed.error.text}`);
}

/** @param text YAML or JSON, from anywhere. */
export function parseModelFile(text: string): Result<ModelOfFile, ModelFileFault> {
  const raw = parseSettings(text);
  if (!raw.ok) return fault(raw.error.map(problemText).join("; "));
  const parsed = SHAPE.safeParse(raw.value);
  if (!parsed.success) return fault(z.prettifyError(parsed.error));
  const file = parsed.data;
  const found = findImpactModel(file.model);
  if (!found.ok) return fault(found.error.text);
  const model = found.value;
  const wrong = faultIn(model, file);
  if (wrong !== undefined) return fault(wrong);
  const isCalibrated = file.status === "calibrated";
  return ok({
    model,
    isCalibrated,
    caveats: caveatsOf(file),
    parameters: model.parameters.map((parameter) => fittedBy(file, parameter)),
  });
}

/** As the file has it; what it does not name is left to the model. */
function fittedBy({ values, origin }: ModelFile, parameter: ModelParameter): ModelParameter {
  const given = Object.hasOwn(values, parameter.name) ? values[parameter.name] : undefined;
  if (given === undefined) return parameter;
  return { ...parameter, ...given, origin: "fitted", note: `from ${shown(origin)}` };
}

function faultIn(model: ImpactModel, { values }: ModelFile): string | undefined {
  for (const [name, { value }] of Object.entries(values)) {
    const wrong = parameterFault(model, name.slice(0, 40), value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function caveatsOf({ status, reasons, origin, market }: ModelFile): readonly string[] {
  const texts = [`the parameters are from ${shown(origin)}, of ${shown(market)}: nowhere else`];
  if (status === "calibrated") return texts;
  const why = reasons.length === 0 ? "nobody says why" : reasons.map(shown).join("; ");
  return [...texts, `they are fitted, not calibrated: ${why}`];
}

/** A file's words are text from outside: what would move the cursor is not printed. */
const shown = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, "?").slice(0, REASON_MOST);
