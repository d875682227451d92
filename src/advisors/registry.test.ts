import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ADVISOR_FORMS } from "./advisor-forms.ts";
import { type AdvisorChoice, openAdvisor, parseAdvisor } from "./registry.ts";

describe("what is named", () => {
  it.each<[string, AdvisorChoice]>([
    ["none", { kind: "none" }],
    ["anthropic:claude-x", { kind: "cloud", provider: "anthropic", model: "claude-x" }],
    ["openai:gpt-x", { kind: "cloud", provider: "openai", model: "gpt-x" }],
    ["google:gemini-x", { kind: "cloud", provider: "google", model: "gemini-x" }],
    [
      "compatible:http://localhost:11434/v1/#qwen2.5:7b-instruct",
      {
        kind: "cloud",
        provider: "compatible",
        baseUrl: "http://localhost:11434/v1",
        model: "qwen2.5:7b-instruct",
      },
    ],
    ["local:smollm2-135m", { kind: "local", model: "smollm2-135m" }],
    ["recorded:a/b.jsonl", { kind: "recorded", path: "a/b.jsonl" }],
    ["scripted:C:\\rules.yaml", { kind: "scripted", path: "C:\\rules.yaml" }],
  ])("%s", (text, choice) => {
    expect(parseAdvisor(text)).toEqual({ ok: true, value: choice });
  });

  it.each([
    ["", "ADVISOR_NAME"],
    ["gpt-x", "ADVISOR_NAME"],
    ["anthropic", "ADVISOR_NAME"],
    ["anthropic:", "ADVISOR_NAME"],
    ["Anthropic:claude-x", "ADVISOR_NAME"],
    ["anthropic:a model", "ADVISOR_NAME"],
    ["openai:x\u0000\u001b[2J", "ADVISOR_NAME"],
    ["recorded:", "ADVISOR_NAME"],
    ["compatible:http://localhost/v1", "ADVISOR_NAME"],
    ["compatible:http://localhost/v1#", "ADVISOR_NAME"],
    ["compatible:localhost:11434#m", "ADVISOR_URL"],
    ["compatible:file:///etc/passwd#m", "ADVISOR_URL"],
    ["compatible:http://user:secret@host/v1#m", "ADVISOR_URL"],
    ["compatible:https://host/v1?key=secret#m", "ADVISOR_URL"],
  ])("%s is refused", (text, code) => {
    const parsed = parseAdvisor(text);
    expect(parsed).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(parsed)).not.toMatch(/\\u0000|\\u001b/);
    if (text.includes("user:")) expect(JSON.stringify(parsed)).not.toContain("secret");
  });

  it("tells the forms that there are", () => {
    const parsed = parseAdvisor("chatgpt");
    expect(!parsed.ok && parsed.error.text).toContain(ADVISOR_FORMS);
  });
});

const open = (text: string, environment: Readonly<Record<string, string>>, more = {}) => {
  const choice = parseAdvisor(text);
  if (!choice.ok) throw new Error(choice.error.text);
  return openAdvisor(choice.value, { environment, ...more });
};

describe("what cannot be opened", () => {
  it.each([
    ["anthropic:m", "ANTHROPIC_API_KEY"],
    ["openai:m", "OPENAI_API_KEY"],
    ["google:m", "GOOGLE_GENERATIVE_AI_API_KEY"],
  ])("%s without a key", async (text, name) => {
    const opened = await open(text, {});
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_KEY" } });
    expect(!opened.ok && opened.error.text).toContain(`set ${name}`);
  });

  it("a key that cannot stand in a header, without telling it", async () => {
    const opened = await open("openai:m", { OPENAI_API_KEY: "sk-secret\r\nx-evil: 1" });
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_KEY" } });
    expect(JSON.stringify(opened)).not.toContain("sk-secret");
  });

  it("a key that would go out in clear text", async () => {
    const environment = { ARRIVAL_COMPATIBLE_KEY: "sk-planted-key-77" };
    const opened = await open("compatible:http://192.0.2.1/v1#m", environment);
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_URL" } });
    expect(JSON.stringify(opened)).not.toContain("sk-planted-key-77");
    const moved = {
      OPENAI_API_KEY: "sk-planted-key-77",
      ARRIVAL_OPENAI_URL: "http://proxy.test/v1",
    };
    expect(await open("openai:m", moved)).toMatchObject({
      ok: false,
      error: { code: "ADVISOR_URL" },
    });
  });

  it("a moved address that is none", async () => {
    const environment = { OPENAI_API_KEY: "sk-planted-key-77", ARRIVAL_OPENAI_URL: "nonsense" };
    const opened = await open("openai:m", environment);
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_URL" } });
  });

  it("a budget in money without prices", async () => {
    const guard = { budget: { calls: 10, tokens: 1e6, usd: 1 } };
    const opened = await open("openai:m", { OPENAI_API_KEY: "sk-planted-key-77" }, { guard });
    expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_PRICES" } });
  });

  it("a file that is not there", async () => {
    for (const kind of ["recorded", "scripted"]) {
      const opened = await open(`${kind}:/no/such/file`, {});
      expect(opened).toMatchObject({ ok: false, error: { code: "ADVISOR_FILE" } });
    }
  });
});

/** A process of its own that opens an advisor: what it loads of packages, and what comes of it. */
function openedAlone(
  text: string,
  environment: Readonly<Record<string, string>>,
  absent = "",
): { readonly loaded: readonly string[]; readonly opened: object } {
  const code = `
    import { registerHooks } from "node:module";
    const seen = new Set();
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier === ${JSON.stringify(absent)}) {
          throw Object.assign(new Error("none"), { code: "ERR_MODULE_NOT_FOUND" });
        }
        seen.add(specifier);
        return next(specifier, context);
      },
    });
    const { openAdvisor, parseAdvisor } = await import("./src/advisors/registry.ts");
    const choice = parseAdvisor(${JSON.stringify(text)});
    const opened = await openAdvisor(choice.value, { environment: ${JSON.stringify(environment)} });
    const loaded = [...seen].filter((name) => !/^(\\.|node:|file:)/.test(name));
    console.log(JSON.stringify({ loaded, opened }));`;
  const run = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", code], {
    encoding: "utf8",
  });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout);
}

describe("the packages of providers", () => {
  const environment = { OPENAI_API_KEY: "sk-x", ARRIVAL_OPENAI_URL: "http://127.0.0.1:1/v1" };

  it("are loaded for the one that was named, and for nobody else", () => {
    const isOfProviders = (name: string): boolean => name === "ai" || name.startsWith("@ai-sdk/");
    const { loaded: byNobody } = openedAlone("none", {});
    expect(byNobody).toContain("zod");
    expect(byNobody.filter(isOfProviders)).toEqual([]);
    const { loaded } = openedAlone("openai:m", environment);
    expect(loaded).toContain("ai");
    expect(loaded).toContain("@ai-sdk/openai");
    expect(loaded).not.toContain("@ai-sdk/anthropic");
  });

  it.each(["ai", "@ai-sdk/openai"])("say how they come where %s is absent", (absent) => {
    const { opened } = openedAlone("openai:m", environment, absent);
    expect(opened).toEqual({
      ok: false,
      error: {
        code: "ADVISOR_PACKAGE",
        text: "openai needs the packages ai and @ai-sdk/openai: npm install ai @ai-sdk/openai",
      },
    });
  });
});
