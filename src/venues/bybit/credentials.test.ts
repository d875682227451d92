import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { Credentials, readCredentials } from "./credentials.ts";
import { restSignature, streamSignature } from "./signing.ts";

const KEY = "kTestKey12345678";
const SECRET = 'plAnted+secret/with"odd&signs=';
const credentials = new Credentials(KEY, SECRET);

const folder = mkdtempSync(join(tmpdir(), "arrival-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fileOf = (text: string, mode = 0o600): string => {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};

const faultOf = (result: ReturnType<typeof readCredentials>): string => {
  if (result.ok) throw new Error("it was read");
  expect(result.error.code).toBe("VENUE_CREDENTIALS");
  return result.error.text;
};

describe("credentials", () => {
  it("show the secret nowhere, however they are printed", () => {
    const shown = [
      String(credentials),
      `${credentials}`,
      JSON.stringify({ credentials }),
      inspect(credentials, { showHidden: true, depth: 9 }),
      format("%o %j %s", credentials, credentials, credentials),
      JSON.stringify(Object.entries(credentials)),
      JSON.stringify(structuredClone({ ...credentials })),
    ];
    for (const text of shown) {
      expect(text).not.toContain("plAnted");
      expect(text).not.toContain(KEY);
    }
    expect(shown[0]).toBe("Credentials(kTes…)");
  });

  it("take the secret out of any text, in each form that it could have", () => {
    const forms = [
      SECRET,
      encodeURIComponent(SECRET),
      JSON.stringify({ a: SECRET }),
      Buffer.from(SECRET).toString("base64"),
      Buffer.from(SECRET).toString("hex"),
      `origin_string[1700000000000${KEY}5000]`,
    ];
    for (const form of forms) {
      const clean = credentials.redact(`before ${form} after`);
      expect(clean).not.toContain(form);
      expect(clean).toMatch(/^before .*(\[secret\]|\[key kTes\]).* after$/);
    }
    expect(credentials.redact("nothing here")).toBe("nothing here");
  });

  it("come from the environment, and from files that it names", () => {
    const plain = { ARRIVAL_BYBIT_KEY: KEY, ARRIVAL_BYBIT_SECRET: "s3cretsecret" };
    const read = readCredentials(plain);
    expect(read.ok && read.value?.key).toBe(KEY);
    const secretFile = fileOf("s3cretsecret\n");
    const split = readCredentials({
      ARRIVAL_BYBIT_KEY: KEY,
      ARRIVAL_BYBIT_SECRET_FILE: secretFile,
    });
    if (!split.ok || !read.ok) throw new Error("not read");
    expect(split.value!.sign("x")).toBe(read.value!.sign("x"));
  });

  it.each([
    `{"key":"${KEY}","secret":"s3cretsecret"}`,
    `key = ${KEY}\nsecret = s3cretsecret\n`,
    `# mine\nARRIVAL_BYBIT_KEY="${KEY}"\r\nARRIVAL_BYBIT_SECRET='s3cretsecret'\r\n`,
  ])("come from a file such as %j", (text) => {
    const path = fileOf(text);
    const read = readCredentials({}, path);
    const named = readCredentials({ ARRIVAL_BYBIT_CREDENTIALS: path });
    if (!read.ok || !named.ok) throw new Error("not read");
    expect(read.value!.key).toBe(KEY);
    const same = new Credentials(KEY, "s3cretsecret").sign("x");
    expect([read.value!.sign("x"), named.value!.sign("x")]).toEqual([same, same]);
  });

  it("are none where nothing is given", () => {
    expect(readCredentials({})).toEqual({ ok: true, value: undefined });
    expect(readCredentials({ ARRIVAL_BYBIT_KEY: "", ARRIVAL_BYBIT_SECRET: "" })).toEqual({
      ok: true,
      value: undefined,
    });
  });

  it("are refused from a file that others can read, with what to do", () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      const path = fileOf(`key=${KEY}\nsecret=s3cretsecret`, mode);
      expect(faultOf(readCredentials({}, path))).toMatch(/others.*chmod 600/);
      const asEnv = { ARRIVAL_BYBIT_KEY: KEY, ARRIVAL_BYBIT_SECRET_FILE: path };
      expect(faultOf(readCredentials(asEnv))).toMatch(/chmod 600/);
    }
  });

  it("are refused with a clear text, which never holds what was read", () => {
    const wrong = "plAnted secret with blanks";
    const texts = [
      faultOf(readCredentials({ ARRIVAL_BYBIT_KEY: KEY })),
      faultOf(readCredentials({ ARRIVAL_BYBIT_SECRET: SECRET })),
      faultOf(readCredentials({ ARRIVAL_BYBIT_KEY: KEY, ARRIVAL_BYBIT_SECRET: wrong })),
      faultOf(readCredentials({}, fileOf(wrong))),
      faultOf(readCredentials({}, fileOf(`{"key":"${KEY}","secret":5}`))),
      faultOf(readCredentials({}, fileOf("plAnted".repeat(9000)))),
      faultOf(readCredentials({}, folder)),
      faultOf(readCredentials({}, join(folder, "absent"))),
      faultOf(
        readCredentials({
          ARRIVAL_BYBIT_KEY: KEY,
          ARRIVAL_BYBIT_KEY_FILE: fileOf(KEY),
          ARRIVAL_BYBIT_SECRET: SECRET,
        }),
      ),
    ];
    for (const text of texts) expect(text).not.toMatch(/plAnted|kTestKey/);
    expect(texts[0]).toMatch(/ARRIVAL_BYBIT_SECRET is not/);
    expect(texts[2]).toMatch(/without blanks/);
    expect(texts[7]).toMatch(/ENOENT/);
  });
});

const VECTORS = "../shared/data/bybit-fixtures/signing-vectors.json";

describe.skipIf(!existsSync(VECTORS))(`${VECTORS} (skipped where it is absent)`, () => {
  interface Vector {
    readonly kind: string;
    readonly apiKey: string;
    readonly secret: string;
    readonly timestamp?: string;
    readonly recvWindow?: number;
    readonly payload?: string;
    readonly expires?: number;
    readonly sign: string;
  }

  it("are reproduced, for REST and for the streams", () => {
    const { vectors } = JSON.parse(readFileSync(VECTORS, "utf8")) as { vectors: Vector[] };
    expect(vectors).toHaveLength(3);
    for (const { kind, apiKey, secret, timestamp, recvWindow, payload, expires, sign } of vectors) {
      const of = new Credentials(apiKey, secret);
      const made =
        kind === "ws-auth"
          ? streamSignature(of, expires!)
          : restSignature(of, Number(timestamp), recvWindow!, payload!);
      expect([kind, made]).toEqual([kind, sign]);
    }
  });
});
