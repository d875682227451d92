/**
 * Provider: what differs between the services that answer over the network.
 *
 * One file each, one line in `providers.ts`. What must stay true: nothing is loaded before `open`
 * is called, and all that goes out goes through the `fetch` that is handed in.
 */
import type { LanguageModel } from "ai";
import type { ApiKey } from "./api-key.ts";
import type { Fetch } from "./watched-fetch.ts";

export interface ModelAccess {
  readonly model: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly key: ApiKey | undefined;
  readonly fetch: Fetch;
}

export interface Provider {
  readonly name: "anthropic" | "openai" | "google" | "compatible";
  /** The environment's variable that holds the key. */
  readonly keyName: string;
  readonly needsKey: boolean;
  /** Undefined: the user names it. */
  readonly baseUrl: string | undefined;
  /** The npm package that speaks its language. */
  readonly packageName: string;
  /** @throws where the package is not installed. */
  open(): Promise<(access: ModelAccess) => LanguageModel>;
  /** Where the model can be looked up without asking it anything. */
  lookUp(access: Omit<ModelAccess, "fetch">): {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** It lists models instead of telling of one; absent: a 404 means there is no such model. */
  readonly isList?: boolean;
  /** Settings of its own, sent with each question. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;
}
