/**
 * Transcript file: exchanges as JSON lines, written by the recorder and read by the recording.
 *
 * One transcript a line, in the order in which they were given out. What must stay true: a file is
 * hostile until parsed; a line that is none is told with its number, and nothing is guessed. Only a
 * line that a crash has cut off is passed over: the run that it belongs to can go on.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import {
  ADVISED_ACTIONS,
  type AdviceAnswer,
  type AdviceQuestion,
} from "../core/contracts/advice.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type AdvisorFault, noAdvice, type Transcript } from "./advisor.ts";
import { fileFault } from "./file-fault.ts";
import { soundAdvice } from "./sound-advice.ts";
import { oneLine } from "./untrusted-text.ts";

/** Of every line that the recorder writes: the first key of canonical JSON. */
export const LINE_BEGINS = '{"advisor":';
const MOST_LINE = 4_000_000;
const MOST_LINES = 1_000_000;
/** A text of one line may not be longer than a string can be. */
const MOST_BYTES = 256_000_000;
const DAY_MICROS = 86_400_000_000;

const count = z.number().min(0).max(1e12);
/** What a recording is played by; what only people read may be anything. */
const LINE = z.looseObject({
  version: z.literal(1),
  advisor: z.string().max(1000),
  questionHash: z.string().regex(/^[0-9a-f]{64}$/),
  question: z.looseObject({
    actions: z.array(z.enum(ADVISED_ACTIONS)),
    strategies: z.array(z.string()),
  }),
  latencyMicros: z.int().min(0).max(DAY_MICROS),
  usage: z.object({ inputTokens: count, outputTokens: count, isEstimate: z.boolean() }).optional(),
  costUsd: z.number().min(0).max(1e6).optional(),
  answer: z.looseObject({ kind: z.enum(["advice", "none"]) }),
});

const ANSWER = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("advice"),
    advice: z.unknown(),
    source: z.enum(["llm", "cache"]),
  }),
  z.strictObject({
    kind: z.literal("none"),
    reason: z.enum([
      "timed-out",
      "unreachable",
      "rate-limited",
      "refused",
      "malformed",
      "circuit-open",
      "budget",
      "not-recorded",
      "broken",
    ]),
    text: z.string().max(1000),
  }),
]);

export async function readTranscripts(
  path: string,
): Promise<Result<readonly Transcript[], AdvisorFault>> {
  const fit = await fitness(path);
  if (!fit.ok) return fit;
  const found: Transcript[] = [];
  let number = 0;
  const stream = createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 16 });
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      number++;
      if (number > MOST_LINES) return unusable(path, `more than ${MOST_LINES} lines`);
      if (line.trim() === "" || isTorn(line)) continue;
      const transcript = parseTranscript(line);
      if (!transcript.ok) return unusable(path, `line ${number}: ${transcript.error}`);
      found.push(transcript.value);
    }
  } catch (error) {
    return unusable(path, fileFault(error));
  } finally {
    stream.destroy();
  }
  return found.length > 0 ? ok(found) : unusable(path, "it holds no exchange");
}

/** The beginning of a line of ours that a crash has cut off. */
function isTorn(line: string): boolean {
  const isOurs = line.startsWith(LINE_BEGINS) || LINE_BEGINS.startsWith(line);
  if (!isOurs || line.length > MOST_LINE) return false;
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
}

async function fitness(path: string): Promise<Result<void, AdvisorFault>> {
  try {
    const found = await stat(path);
    // A device has no size and no end.
    if (!found.isFile()) return unusable(path, "it is no file");
    const { size } = found;
    return size <= MOST_BYTES ? ok(undefined) : unusable(path, `${size} bytes: split it`);
  } catch (error) {
    return unusable(path, fileFault(error));
  }
}

export function parseTranscript(line: string): Result<Transcript, string> {
  if (line.length > MOST_LINE) return err(`${line.length} letters: too long for an exchange`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return err("no JSON, or cut off");
  }
  const parsed = LINE.safeParse(value);
  if (!parsed.success) return err(wordsOf(parsed.error));
  const question = parsed.data.question as unknown as AdviceQuestion;
  const answer = answerOf(parsed.data.answer, question);
  if (!answer.ok) return answer;
  return ok({ ...(parsed.data as unknown as Transcript), answer: answer.value });
}

function answerOf(value: unknown, question: AdviceQuestion): Result<AdviceAnswer, string> {
  const parsed = ANSWER.safeParse(value);
  if (!parsed.success) return err(`answer: ${wordsOf(parsed.error)}`);
  if (parsed.data.kind === "none") return ok(noAdvice(parsed.data.reason, parsed.data.text));
  const advice = soundAdvice(parsed.data.advice, question);
  if (!advice.ok) return err(`answer: ${advice.error}`);
  return ok({ kind: "advice", advice: advice.value, source: parsed.data.source });
}

const wordsOf = ({ issues }: z.ZodError): string =>
  oneLine(`${issues[0]!.path.join(".")}: ${issues[0]!.message}`, 200);

const unusable = (path: string, why: string): Result<never, AdvisorFault> =>
  err({ code: "ADVISOR_FILE", text: `${path} is no recording of an advisor: ${why}` });
