/**
 * Google: the Generative Language API, by which its Gemini models are asked.
 */
import type { Provider } from "./provider.ts";

export const GOOGLE: Provider = {
  name: "google",
  keyName: "GOOGLE_GENERATIVE_AI_API_KEY",
  needsKey: true,
  baseUrl: "https://generativelanguage.googleapis.com/v1beta",
  packageName: "@ai-sdk/google",
  async open() {
    const { createGoogle } = await import("@ai-sdk/google");
    return ({ model, baseUrl, key, fetch }) =>
      createGoogle({ baseURL: baseUrl, apiKey: key?.reveal() ?? "", fetch })(model);
  },
  lookUp: ({ model, baseUrl, key }) => ({
    url: `${baseUrl}/models/${encodeURIComponent(model)}`,
    headers: { "x-goog-api-key": key?.reveal() ?? "" },
  }),
};
