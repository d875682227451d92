/**
 * Provider server: a service on loopback that speaks one provider's true wire format.
 *
 * Bodies, paths, headers and errors are as the providers' references give them; what is answered is
 * told by a behaviour of the advisor suite. Nothing leaves this machine.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Behaviour } from "../../src/testing/advisor-suite.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Wire {
  /** Ends the base URL. */
  readonly root: string;
  readonly keyHeader: string;
  keyOf(key: string): string;
  isQuestion(path: string): boolean;
  said(text: string, model: string, asked?: string): object;
  cut(text: string, model: string): object;
  refused(model: string): object;
  error(status: number, message: string): object;
  /** Status of a key that is not accepted. */
  readonly badKey: number;
  model(model: string): object;
}

const USAGE = { input: 1210, output: 143 };

const ANTHROPIC: Wire = {
  root: "/v1",
  keyHeader: "x-api-key",
  keyOf: (key) => key,
  isQuestion: (path) => path === "/v1/messages",
  said: (text, model, asked = "") => {
    const input = asked.includes('"tool_choice"') ? objectOf(text) : undefined;
    if (input === undefined) return anthropicMessage([{ type: "text", text }], "end_turn", model);
    const use = { type: "tool_use", id: "toolu_01A09q90qw90lq917835lq9", name: "json", input };
    return anthropicMessage([use], "tool_use", model);
  },
  cut: (text, model) => anthropicMessage([{ type: "text", text }], "max_tokens", model),
  refused: (model) => anthropicMessage([], "refusal", model),
  error: (status, message) => ({
    type: "error",
    error: { type: ANTHROPIC_TYPES[status] ?? "api_error", message },
    request_id: "req_011CSHoEeqs5C35K2UUqR7Fy",
  }),
  badKey: 401,
  model: (id) => ({
    type: "model",
    id,
    display_name: "A model",
    created_at: "2025-02-19T00:00:00Z",
  }),
};

/** Older models are made to call a tool whose input is the answer: an object, or nothing. */
function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  404: "not_found_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};

const anthropicMessage = (content: object[], stopReason: string, model: string) => ({
  id: "msg_013Zva2CMHLNnXjNJJKqJ2EF",
  type: "message",
  role: "assistant",
  model,
  content,
  stop_reason: stopReason,
  stop_sequence: null,
  usage: {
    input_tokens: USAGE.input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: USAGE.output,
  },
});

const openaiError = (status: number, message: string) => ({
  error: {
    message,
    type: status === 429 ? "rate_limit_exceeded" : "invalid_request_error",
    param: null,
    code: status === 401 ? "invalid_api_key" : status === 404 ? "model_not_found" : null,
  },
});

const OPENAI: Wire = {
  root: "/v1",
  keyHeader: "authorization",
  keyOf: (key) => `Bearer ${key}`,
  isQuestion: (path) => path === "/v1/responses",
  said: (text, model) => openaiResponse([outputText(text)], "completed", model),
  cut: (text, model) => openaiResponse([outputText(text)], "incomplete", model),
  refused: (model) =>
    openaiResponse([{ type: "refusal", refusal: "I cannot help with that." }], "completed", model),
  error: openaiError,
  badKey: 401,
  model: (id) => ({ id, object: "model", created: 1686935002, owned_by: "openai" }),
};

const outputText = (text: string) => ({ type: "output_text", text, annotations: [] });

const openaiResponse = (content: object[], status: string, model: string) => ({
  id: "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
  object: "response",
  created_at: 1741476542,
  status,
  error: null,
  incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
  instructions: null,
  model,
  output: [
    {
      type: "message",
      id: "msg_67ccd2bf17f0819081ff3bb2cf6508e60bb6a6b452d3795b",
      status: "completed",
      role: "assistant",
      content,
    },
  ],
  parallel_tool_calls: true,
  store: false,
  usage: {
    input_tokens: USAGE.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: USAGE.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.input + USAGE.output,
  },
});

const GOOGLE: Wire = {
  root: "/v1beta",
  keyHeader: "x-goog-api-key",
  keyOf: (key) => key,
  isQuestion: (path) => /^\/v1beta\/models\/[^/]+:generateContent$/.test(path),
  said: (text, model) => googleAnswer([candidate(text, "STOP")], model),
  cut: (text, model) => googleAnswer([candidate(text, "MAX_TOKENS")], model),
  refused: (model) => googleAnswer([{ finishReason: "SAFETY", index: 0 }], model),
  error: (status, message) => ({
    error: {
      code: status,
      message,
      status:
        { 400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED" }[status] ??
        "INTERNAL",
      ...(message.includes("API key")
        ? {
            details: [
              {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "API_KEY_INVALID",
                domain: "googleapis.com",
              },
            ],
          }
        : {}),
    },
  }),
  badKey: 400,
  model: (id) => ({ name: `models/${id}`, version: "001", displayName: "A model" }),
};

const candidate = (text: string, finishReason: string) => ({
  content: { parts: [{ text }], role: "model" },
  finishReason,
  index: 0,
});

const googleAnswer = (candidates: object[], model: string) => ({
  candidates,
  usageMetadata: {
    promptTokenCount: USAGE.input,
    candidatesTokenCount: USAGE.output,
    totalTokenCount: USAGE.input + USAGE.output,
  },
  modelVersion: model,
  responseId: "mAitaLmkHPPlz7IPvtfUqQ4",
});

const COMPATIBLE: Wire = {
  root: "/v1",
  keyHeader: "authorization",
  keyOf: (key) => `Bearer ${key}`,
  isQuestion: (path) => path === "/v1/chat/completions",
  said: (text, model) => completion(text, "stop", model),
  cut: (text, model) => completion(text, "length", model),
  refused: (model) => completion("I cannot help with that.", "content_filter", model),
  error: openaiError,
  badKey: 401,
  model: (id) => ({
    object: "list",
    data: [{ id, object: "model", created: 1686935002, owned_by: "library" }],
  }),
};

const completion = (content: string, finishReason: string, model: string) => ({
  id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
  object: "chat.completion",
  created: 1741569952,
  model,
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finishReason }],
  usage: {
    prompt_tokens: USAGE.input,
    completion_tokens: USAGE.output,
    total_tokens: USAGE.input + USAGE.output,
  },
});

export const WIRES = {
  anthropic: ANTHROPIC,
  openai: OPENAI,
  google: GOOGLE,
  compatible: COMPATIBLE,
} as const;
export type WireName = keyof typeof WIRES;

export const MODEL = "a-model-1";
export const KEY = "sk-planted/KEY+1234567890==";

/** What it does instead of a behaviour of the suite. */
export type Answerer = (asked: Asked, response: ServerResponse) => void;

export class ProviderServer {
  readonly asked: Asked[] = [];
  behaviour: Behaviour = { kind: "fails" };
  /** Of the look-up; undefined: that the model is there. */
  lookUpStatus: number | undefined;
  answerer: Answerer | undefined;
  readonly #wire: Wire;
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(name: WireName) {
    this.#wire = WIRES[name];
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      request.on("end", () => this.#answer(request, response, Buffer.concat(parts).toString()));
    });
  }

  static open(name: WireName): Promise<ProviderServer> {
    const server = new ProviderServer(name);
    return new Promise((resolve) => {
      server.#server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }

  get baseUrl(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#wire.root}`;
  }

  close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { method = "", url = "", headers } = request;
    const asked = { method, path: url, headers, body };
    this.asked.push(asked);
    if (this.answerer !== undefined) return this.answerer(asked, response);
    if (headers[this.#wire.keyHeader] !== this.#wire.keyOf(KEY)) {
      return this.#fail(response, this.#wire.badKey, "API key not valid: invalid x-api-key");
    }
    if (method === "GET") return this.#lookUp(url, response);
    if (!this.#wire.isQuestion(url)) return this.#fail(response, 404, `no such path: ${url}`);
    this.#behave(response, this.behaviour, body);
  }

  #lookUp(path: string, response: ServerResponse): void {
    if (this.lookUpStatus !== undefined) {
      return this.#fail(response, this.lookUpStatus, "as the test says");
    }
    const isThere = path.endsWith("/models") || path.endsWith(`/models/${MODEL}`);
    if (!isThere) return this.#fail(response, 404, "model: no such model");
    send(response, 200, this.#wire.model(MODEL));
  }

  #behave(response: ServerResponse, behaviour: Behaviour, body: string): void {
    const wire = this.#wire;
    switch (behaviour.kind) {
      case "writes":
        return send(response, 200, wire.said(behaviour.text, MODEL, body));
      case "cut":
        return send(response, 200, wire.cut(behaviour.text, MODEL));
      case "refuses":
        return send(response, 200, wire.refused(MODEL));
      case "limits":
        response.setHeader("retry-after", String(behaviour.afterSeconds));
        return this.#fail(response, 429, "too many requests");
      case "dies":
        response.destroy();
        return undefined;
      case "fails":
        return this.#fail(response, 500, "internal error");
      case "hangs":
        return undefined;
      case "slow": {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          send(response, 200, wire.said(behaviour.text, MODEL, body));
        }, behaviour.ms);
        this.#timers.add(timer);
        return undefined;
      }
    }
  }

  #fail(response: ServerResponse, status: number, message: string): void {
    send(response, status, this.#wire.error(status, message));
  }
}

export function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
