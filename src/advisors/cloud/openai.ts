/**
 * OpenAI: the Responses API, told not to keep what it is sent.
 */
import type { Provider } from "./provider.ts";

export const OPENAI: Provider = {
  name: "openai",
  keyName: "OPENAI_API_KEY",
  needsKey: true,
  baseUrl: "https://api.openai.com/v1",
  packageName: "@ai-sdk/openai",
  async open() {
    const { createOpenAI } = await import("@ai-sdk/openai");
    return ({ model, baseUrl, key, fetch }) =>
      createOpenAI({ baseURL: baseUrl, apiKey: key?.reveal() ?? "", fetch })(model);
  },
  lookUp: ({ model, baseUrl, key }) => ({
    url: `${baseUrl}/models/${encodeURIComponent(model)}`,
    headers: { authorization: `Bearer ${key?.reveal() ?? ""}` },
  }),
  settings: { openai: { store: false } },
};
