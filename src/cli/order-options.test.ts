import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parameter } from "./order-options.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("--param", () => {
  it("takes numbers, words and lists, and keeps what stood before", () => {
    const before = parameter("rate=0.08");
    expect(parameter("curve=[1,2]", parameter("name=u-shape", before))).toEqual({
      rate: 0.08,
      name: "u-shape",
      curve: [1, 2],
    });
    expect(() => parameter("rate")).toThrow("Write key=value.");
  });

  it("takes the JSON of a file behind @, and an @ inside of a word as it stands", () => {
    const curve = { over: "day", weights: [1, 2], learned: null };
    const path = file("curve.json", JSON.stringify(curve));
    expect(parameter(`curve=@${path}`)).toEqual({ curve });
    expect(parameter("note=a@b")).toEqual({ note: "a@b" });
  });

  it("says what is wrong with the file", () => {
    const give = (path: string) => () => parameter(`curve=@${path}`);
    expect(give(join(folder, "nowhere"))).toThrow(/behind @ cannot be read: ENOENT/);
    expect(give(folder)).toThrow(/is not a file/);
    expect(give("")).toThrow(/cannot be read/);
    const large = file("large.json", " ".repeat((1 << 20) + 1));
    expect(give(large)).toThrow(/has 1048577 bytes; a value may have 1 MiB/);
    expect(give(file("words.json", "not json"))).toThrow(/words\.json is not JSON/);
  });
});
