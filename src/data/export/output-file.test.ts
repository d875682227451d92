import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { OutputError, OutputFile } from "./output-file.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-output-"));
afterAll(() => rmSync(folder, { recursive: true }));

function begun(name: string): OutputFile {
  const created = OutputFile.create(join(folder, name));
  if (!created.ok) throw new Error(created.error.text);
  created.value.write(Buffer.from("hours of work"));
  return created.value;
}

describe("an output file", () => {
  it("whose name was taken meanwhile stays whole beside it, and says where", () => {
    const output = begun("taken.csv");
    writeFileSync(output.path, "another's");
    let fault: unknown;
    try {
      output.seal();
    } catch (error) {
      fault = error;
    } finally {
      output.abandon();
    }
    expect(fault).toBeInstanceOf(OutputError);
    expect((fault as OutputError).fault.text).toContain(`whole, in ${output.partial}`);
    expect(readFileSync(output.partial, "utf8")).toBe("hours of work");
    expect(readFileSync(output.path, "utf8")).toBe("another's");
  });

  it("that was given up leaves nothing behind", () => {
    const output = begun("given-up.csv");
    output.abandon();
    expect(existsSync(output.partial)).toBe(false);
    expect(existsSync(output.path)).toBe(false);
  });
});
