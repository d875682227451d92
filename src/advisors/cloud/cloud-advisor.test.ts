import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  KEY,
  MODEL,
  ProviderServer,
  send,
  WIRES,
  type WireName,
} from "../../../test/advisors/provider-server.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import { FULL_QUESTION, numberedQuestion, rightAnswer } from "../../testing/advisor-questions.ts";
import { type AdvisorStage, advisorSuite } from "../../testing/advisor-suite.ts";
import { transcriptId } from "../advisor.ts";
import { type AdvisorChoice, openAdvisor, type OpenOptions } from "../registry.ts";
import { type AdvisorTime, SYSTEM_TIME } from "../time.ts";
import { PROVIDERS } from "./providers.ts";

const TIMEOUT = micros(4 * SECOND);
const names = Object.keys(WIRES) as WireName[];
const never = new AbortController().signal;

function choiceOf(name: WireName, server: ProviderServer): AdvisorChoice {
  const choice = { kind: "cloud", provider: name, model: MODEL } as const;
  return name === "compatible" ? { ...choice, baseUrl: server.baseUrl } : choice;
}

function environmentOf(name: WireName, server: ProviderServer, key: string | undefined = KEY) {
  const { keyName } = PROVIDERS.find((provider) => provider.name === name)!;
  return { [keyName]: key, [`ARRIVAL_${name.toUpperCase()}_URL`]: server.baseUrl };
}

async function openAt(name: WireName, server: ProviderServer, more: Partial<OpenOptions> = {}) {
  return openAdvisor(choiceOf(name, server), {
    environment: environmentOf(name, server),
    guard: { timeout: TIMEOUT, freshFor: micros(0) },
    ...more,
  });
}

async function opened(name: WireName, server: ProviderServer, more: Partial<OpenOptions> = {}) {
  const result = await openAt(name, server, more);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.text}`);
  return result.value;
}

async function stageOf(name: WireName): Promise<AdvisorStage<AbortSignal>> {
  const server = await ProviderServer.open(name);
  server.behaviour = { kind: "writes", text: rightAnswer() };
  // Of a server that hangs nobody needs to see more than that it does.
  const after: AdvisorTime["after"] = (nanos, call) =>
    SYSTEM_TIME.after(server.behaviour.kind === "hangs" ? nanos / 20 : nanos, call);
  return {
    advisor: await opened(name, server, { time: { ...SYSTEM_TIME, after } }),
    patienceMs: TIMEOUT / 1000,
    secrets: [KEY],
    signal() {
      const controller = new AbortController();
      return { signal: controller.signal, abort: () => controller.abort() };
    },
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    behave(behaviour) {
      server.behaviour = behaviour;
    },
    close: () => server.close(),
  };
}

describe.each(names)("%s passes the advisor suite", (name) => {
  for (const { name: title, run } of advisorSuite({ name, open: () => stageOf(name) })) {
    it.concurrent(title, run);
  }
});

async function withServer(name: WireName, story: (server: ProviderServer) => Promise<void>) {
  const server = await ProviderServer.open(name);
  try {
    await story(server);
  } finally {
    await server.close();
  }
}

describe.each(names)("%s", (name) => {
  it("is sent the prompt and the form once, and tells what it cost", () =>
    withServer(name, async (server) => {
      server.behaviour = { kind: "writes", text: rightAnswer() };
      const advisor = await opened(name, server, { prices: { input: 3, output: 15 } });
      const { answer, transcript } = await advisor.ask(FULL_QUESTION, never);
      expect(answer.kind).toBe("advice");
      const questions = server.asked.filter(({ method }) => method === "POST");
      expect(questions).toHaveLength(1);
      const [{ body }] = questions as [(typeof questions)[number]];
      expect(body).toContain("expert execution trader");
      expect(body).toContain("untrusted_news");
      // The form: an option that stands nowhere else as a JSON value.
      expect(body).toContain('"decelerate"');
      expect(body).toContain("strategy");
      expect(body).not.toContain("BTCUSDT");
      expect(transcript.usage).toEqual({ inputTokens: 1210, outputTokens: 143, isEstimate: false });
      expect(transcript.costUsd).toBeCloseTo((1210 * 3 + 143 * 15) / 1e6, 12);
      expect(transcript.received?.text).toBe(rightAnswer());
      expect(transcript.received?.modelId).toBe(MODEL);
      expect(transcriptId(transcript)).toMatch(/^[0-9a-f]{64}$/);
      expect(advisor.spent("suite").tokens).toBe(1353);
      await advisor.close();
    }));

  it("is looked up before anything starts, without a token", () =>
    withServer(name, async (server) => {
      const advisor = await opened(name, server);
      expect(server.asked.map(({ method }) => method)).toEqual(["GET"]);
      await advisor.close();
    }));

  it("tells a key that is not accepted", () =>
    withServer(name, async (server) => {
      const environment = environmentOf(name, server, "sk-another-key-123456");
      const result = await openAt(name, server, { environment });
      expect(result).toMatchObject({ ok: false, error: { code: "ADVISOR_KEY" } });
      expect(JSON.stringify(result)).not.toContain("sk-another-key-123456");
    }));

  it("tells a model that is not there", () =>
    withServer(name, async (server) => {
      const choice = { ...choiceOf(name, server), model: "no-such-model" } as AdvisorChoice;
      const result = await openAdvisor(choice, { environment: environmentOf(name, server) });
      expect(result).toMatchObject({ ok: false, error: { code: "ADVISOR_MODEL" } });
    }));

  it("tells a server that is broken, and one that is not there", async () => {
    const server = await ProviderServer.open(name);
    server.lookUpStatus = 503;
    const broken = await openAt(name, server);
    expect(broken).toMatchObject({ ok: false, error: { code: "ADVISOR_UNREACHABLE" } });
    const choice = choiceOf(name, server);
    const environment = environmentOf(name, server);
    await server.close();
    const gone = await openAdvisor(choice, { environment });
    expect(gone).toMatchObject({ ok: false, error: { code: "ADVISOR_UNREACHABLE" } });
    expect(JSON.stringify(gone)).toContain("ECONNREFUSED");
  });

  it("keeps the key out of what a server that repeats it says", () =>
    withServer(name, async (server) => {
      const folder = await mkdtemp(join(tmpdir(), "arrival-key-"));
      const path = join(folder, "exchanges.jsonl");
      const advisor = await opened(name, server, { recordTo: path });
      for (const status of [200, 400, 401, 429, 500]) {
        server.answerer = ({ headers }, response) =>
          send(response, status, {
            error: { message: `you sent ${JSON.stringify(headers)}`, code: status, status: "X" },
          });
        const exchange = await advisor.ask(numberedQuestion(status), never);
        expect(exchange.answer.kind).toBe("none");
        expect(JSON.stringify(exchange)).not.toContain(KEY);
      }
      server.answerer = undefined;
      await advisor.close();
      const kept = await readFile(path, "utf8");
      await rm(folder, { recursive: true });
      expect(kept).toContain("you sent");
      expect(kept).not.toContain(KEY);
    }));

  it("takes no answer that is not JSON, or is endless", () =>
    withServer(name, async (server) => {
      const advisor = await opened(name, server);
      server.answerer = (_, response) => response.end("<html>It works!</html>");
      const page = await advisor.ask(numberedQuestion(1), never);
      expect(page.answer).toMatchObject({ kind: "none", reason: "malformed" });
      server.answerer = (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const flood = (): void => {
          while (!response.destroyed && response.write(" ".repeat(1 << 16)));
          if (!response.destroyed) response.once("drain", flood);
        };
        flood();
      };
      const endless = await advisor.ask(numberedQuestion(2), never);
      expect(endless.answer).toMatchObject({ kind: "none", reason: "malformed" });
      await advisor.close();
    }));

  it("follows no redirect: the key would go along", () =>
    withServer(name, async (server) => {
      const advisor = await opened(name, server);
      await withServer(name, async (other) => {
        server.answerer = (_, response) => {
          response.writeHead(307, { location: `${other.baseUrl}/elsewhere` });
          response.end();
        };
        const { answer } = await advisor.ask(FULL_QUESTION, never);
        expect(answer).toMatchObject({ kind: "none", reason: "unreachable" });
        expect(other.asked).toEqual([]);
      });
      await advisor.close();
    }));

  it("is left alone for as long as it asks", () =>
    withServer(name, async (server) => {
      server.behaviour = { kind: "limits", afterSeconds: 20 };
      const advisor = await opened(name, server);
      const first = await advisor.ask(numberedQuestion(1), never);
      expect(first.answer).toMatchObject({ kind: "none", reason: "rate-limited" });
      expect(first.retryAfter).toBe(20 * SECOND);
      server.behaviour = { kind: "writes", text: rightAnswer() };
      const second = await advisor.ask(numberedQuestion(2), never);
      expect(second.answer).toMatchObject({ kind: "none", reason: "rate-limited" });
      expect(server.asked.filter(({ method }) => method === "POST")).toHaveLength(1);
      await advisor.close();
    }));
});

describe("anthropic", () => {
  it.each([
    ["claude-sonnet-4-5", "output_config"],
    ["claude-3-haiku-20240307", "tool_choice"],
  ])("%s is told the form by %s", (model, member) =>
    withServer("anthropic", async (server) => {
      server.lookUpStatus = 429;
      server.behaviour = { kind: "writes", text: rightAnswer() };
      const choice = { kind: "cloud", provider: "anthropic", model } as const;
      const result = await openAdvisor(choice, { environment: environmentOf("anthropic", server) });
      if (!result.ok) throw new Error(result.error.text);
      const { answer } = await result.value.ask(FULL_QUESTION, never);
      expect(answer.kind).toBe("advice");
      expect(Object.keys(JSON.parse(server.asked.at(-1)!.body))).toContain(member);
    }),
  );
});

describe("compatible", () => {
  it("asks in words alone where the server does not know forms, and remembers it", () =>
    withServer("compatible", async (server) => {
      const advisor = await opened("compatible", server);
      server.answerer = ({ body }, response) =>
        body.includes("response_format")
          ? send(response, 400, WIRES.compatible.error(400, "unknown field response_format"))
          : send(response, 200, WIRES.compatible.said(rightAnswer(), MODEL));
      for (const number of [1, 2]) {
        const { answer, transcript } = await advisor.ask(numberedQuestion(number), never);
        expect(answer.kind).toBe("advice");
        expect(transcript.sent?.settings["hasForm"]).toBe(false);
      }
      expect(server.asked.filter(({ method }) => method === "POST")).toHaveLength(3);
      await advisor.close();
    }));

  it("is asked without a key where none is set", () =>
    withServer("compatible", async (server) => {
      server.answerer = ({ method }, response) =>
        send(
          response,
          200,
          method === "GET"
            ? WIRES.compatible.model(MODEL)
            : WIRES.compatible.said(rightAnswer(), MODEL),
        );
      const advisor = await opened("compatible", server, { environment: {} });
      const { answer } = await advisor.ask(FULL_QUESTION, never);
      expect(answer.kind).toBe("advice");
      for (const { headers } of server.asked) expect(headers.authorization).toBeUndefined();
      await advisor.close();
    }));

  it("may have no list of models", () =>
    withServer("compatible", async (server) => {
      server.lookUpStatus = 404;
      expect((await openAt("compatible", server)).ok).toBe(true);
    }));

  it("names the models that are there", () =>
    withServer("compatible", async (server) => {
      const choice = { ...choiceOf("compatible", server), model: "other" } as AdvisorChoice;
      const result = await openAdvisor(choice, {
        environment: environmentOf("compatible", server),
      });
      expect(JSON.stringify(result)).toContain(`it has ${MODEL}`);
    }));
});
