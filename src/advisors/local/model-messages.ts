/**
 * Model messages: what the engine's process and the model's process tell each other.
 *
 * Plain data. What must stay true: one request at a time is under work, since several at once are
 * not the same to the bit.
 */

export interface OpenRequest {
  readonly kind: "open";
  readonly path: string;
  readonly threads: number;
  /** Most that are kept of system, situation and item together. */
  readonly contextTokens: number;
}

export interface ScoreRequest {
  readonly kind: "score";
  readonly id: number;
  /** Always the same, and so computed once. */
  readonly system: string;
  /** The same for the items of one question. */
  readonly user: string;
  readonly item: string;
  /** One letter for each option, from A on. */
  readonly letters: number;
}

export type ModelRequest = OpenRequest | ScoreRequest;

export interface ModelInfo {
  readonly architecture: string;
  /** As its file says; free text of a stranger. */
  readonly title: string;
  readonly contextTokens: number;
  /** How its turns are written: see `chat-form.ts`. */
  readonly form: string;
  readonly loadMillis: number;
  readonly residentBytes: number;
}

export interface Scored {
  readonly kind: "scored";
  readonly id: number;
  /** Natural logarithms of the probability of each letter, among all that could be written. */
  readonly logs: readonly number[];
  readonly tokens: number;
  /** Of these, how many had to be computed. */
  readonly computed: number;
  readonly millis: number;
  /** Of all its threads: what it would take on a machine that has nothing else to do. */
  readonly cpuMillis: number;
  readonly residentBytes: number;
}

export type ModelReply =
  | { readonly kind: "opened"; readonly info: ModelInfo }
  | { readonly kind: "not-opened"; readonly isRuntime: boolean; readonly text: string }
  | Scored
  | { readonly kind: "not-scored"; readonly id: number; readonly text: string };
