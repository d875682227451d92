/**
 * Providers: the services that can be named before the colon of `--advisor`.
 */
import { ANTHROPIC } from "./anthropic.ts";
import { COMPATIBLE } from "./compatible.ts";
import { GOOGLE } from "./google.ts";
import { OPENAI } from "./openai.ts";
import type { Provider } from "./provider.ts";

export const PROVIDERS: readonly Provider[] = [ANTHROPIC, OPENAI, GOOGLE, COMPATIBLE];
