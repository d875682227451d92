/**
 * Llama runtime: the part of node-llama-cpp that is used, and whether it is installed.
 *
 * The package is an optional peer, so its types are told here as narrowly as they are used; a test
 * holds them against the true ones. What must stay true: nothing is compiled and nothing is
 * downloaded, and where it is missing that is a fault with the command that mends it.
 */
import { createRequire } from "node:module";
import type { AdvisorFault } from "../advisor.ts";

export const RUNTIME_PACKAGE = "node-llama-cpp";
/** The version that the tests run with. */
export const RUNTIME_VERSION = "3.21.1";

export type Token = number & { __token: never };

export interface LlamaModule {
  getLlama(options: {
    readonly gpu: false;
    readonly build: "never";
    readonly skipDownload: true;
    readonly progressLogs: false;
    readonly maxThreads: number;
    readonly logger: (level: string, message: string) => void;
  }): Promise<LlamaRuntime>;
}
export interface LlamaRuntime {
  loadModel(options: {
    readonly modelPath: string;
    readonly gpuLayers: 0;
    readonly defaultContextSwaFullCache: true;
  }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}
export interface LlamaModel {
  readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean };
  readonly trainContextSize: number;
  readonly fileInfo: {
    readonly metadata: {
      readonly general: { readonly architecture: string; readonly name?: string };
      readonly tokenizer?: { readonly chat_template?: string };
    };
  };
  tokenize(text: string, specialTokens?: boolean): Token[];
  createContext(options: {
    readonly contextSize: number;
    readonly batchSize: number;
    readonly threads: number;
    readonly sequences: 1;
  }): Promise<LlamaContext>;
}
export interface LlamaContext {
  readonly contextSize: number;
  getSequence(): LlamaSequence;
}
export interface LlamaSequence {
  readonly nextTokenIndex: number;
  clearHistory(): Promise<void>;
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: Token[]): Promise<void>;
  controlledEvaluate(
    input: (Token | [Token, { generateNext: { probabilities: true } }])[],
  ): Promise<(undefined | { next: { probabilities?: ReadonlyMap<Token, number> } })[]>;
}

/** Undefined where it is installed. Loads nothing. */
export function missingRuntime(): AdvisorFault | undefined {
  try {
    createRequire(import.meta.url).resolve(RUNTIME_PACKAGE);
    return undefined;
  } catch (error) {
    // It can be imported and not required: that it has no entry for us means that it is there.
    const isThere = error instanceof Error && "code" in error && error.code !== "MODULE_NOT_FOUND";
    return isThere ? undefined : runtimeFault(`${RUNTIME_PACKAGE} is not installed`);
  }
}

export const runtimeFault = (what: string): AdvisorFault => ({
  code: "ADVISOR_PACKAGE",
  text:
    `${what}: a language model inside the process needs it. In your project: ` +
    `npm install --save-exact ${RUNTIME_PACKAGE}@${RUNTIME_VERSION} ` +
    "(how to leave out its builds for graphics cards: docs/how-to/use-a-local-model.md)",
});
