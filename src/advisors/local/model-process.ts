/**
 * Model process: the program that holds the model, started by `model-host.ts`.
 *
 * A process of its own: native code that breaks takes only itself along, one that hangs can be
 * ended, and it yields the cores to the engine. What must stay true: every request is answered
 * once, and when the engine's process is gone this one ends.
 */
import { setPriority } from "node:os";
import { LabelModel } from "./label-model.ts";
import { type LlamaModule, RUNTIME_PACKAGE } from "./llama-runtime.ts";
import type { ModelReply, ModelRequest, OpenRequest } from "./model-messages.ts";

const MOST_WORDS = 500;
const say = (reply: ModelReply): void => void process.send?.(reply);
const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, MOST_WORDS);

let model: LabelModel | undefined;
let last: Promise<void> = Promise.resolve();

process.on("disconnect", () => process.exit(0));
// Ctrl-C goes to the whole group: the engine's process ends this one when it is done with it.
process.on("SIGINT", () => undefined);
process.on("message", (request: ModelRequest) => {
  last = last.then(() => answer(request));
});

try {
  setPriority(Number(process.argv[2] ?? 0));
} catch {
  // Where it may not be told it is not nicer than others: slower for them, and no worse.
}

async function answer(request: ModelRequest): Promise<void> {
  if (request.kind === "open") return open(request);
  const { id } = request;
  try {
    if (model === undefined) throw new Error("no model is open");
    say(await model.score(request));
  } catch (error) {
    say({ kind: "not-scored", id, text: wordsOf(error) });
  }
}

async function open(request: OpenRequest): Promise<void> {
  let library: LlamaModule;
  try {
    library = (await import(RUNTIME_PACKAGE)) as LlamaModule;
  } catch (error) {
    return say({ kind: "not-opened", isRuntime: true, text: wordsOf(error) });
  }
  try {
    model = await LabelModel.open(library, request);
    say({ kind: "opened", info: model.info });
  } catch (error) {
    const isRuntime = error instanceof Error && error.constructor.name === "NoBinaryFoundError";
    say({ kind: "not-opened", isRuntime, text: wordsOf(error) });
  }
}
