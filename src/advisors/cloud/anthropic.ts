/**
 * Anthropic: the Messages API. The answer's form is enforced by the service where the model can.
 */
import type { Provider } from "./provider.ts";

export const ANTHROPIC: Provider = {
  name: "anthropic",
  keyName: "ANTHROPIC_API_KEY",
  needsKey: true,
  baseUrl: "https://api.anthropic.com/v1",
  packageName: "@ai-sdk/anthropic",
  async open() {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    return ({ model, baseUrl, key, fetch }) =>
      createAnthropic({ baseURL: baseUrl, apiKey: key?.reveal() ?? "", fetch })(model);
  },
  lookUp: ({ model, baseUrl, key }) => ({
    url: `${baseUrl}/models/${encodeURIComponent(model)}`,
    headers: { "x-api-key": key?.reveal() ?? "", "anthropic-version": "2023-06-01" },
  }),
};
