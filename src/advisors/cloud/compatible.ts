/**
 * Compatible: any server that speaks OpenAI's chat completions: Ollama, vLLM, LM Studio,
 * llama-server. A key is sent where one is set.
 */
import type { Provider } from "./provider.ts";

export const COMPATIBLE: Provider = {
  name: "compatible",
  keyName: "ARRIVAL_COMPATIBLE_KEY",
  needsKey: false,
  baseUrl: undefined,
  packageName: "@ai-sdk/openai-compatible",
  async open() {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    return ({ model, baseUrl, key, fetch }) =>
      createOpenAICompatible({
        name: "compatible",
        baseURL: baseUrl,
        ...(key === undefined ? {} : { apiKey: key.reveal() }),
        supportsStructuredOutputs: true,
        fetch,
      })(model);
  },
  lookUp: ({ baseUrl, key }) => ({
    url: `${baseUrl}/models`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` },
  }),
  isList: true,
};
