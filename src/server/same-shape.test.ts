import { expect, it } from "vitest";
import { z } from "zod";
import { sameShape } from "./same-shape.ts";

it("compiles for schemas that say what the type says, and for no others", () => {
  const held = sameShape<{ readonly a: readonly number[]; readonly b?: string }>()(
    z.object({ a: z.array(z.number()), b: z.string().exactOptional() }),
  );
  expect(held.parse({ a: [1] })).toEqual({ a: [1] });
  // @ts-expect-error a member is missing in the schema
  sameShape<{ readonly a: string; readonly b: number }>()(z.object({ a: z.string() }));
  // @ts-expect-error one too many
  sameShape<{ readonly a: string }>()(z.object({ a: z.string(), b: z.number() }));
  // @ts-expect-error one that the type allows to be absent
  sameShape<{ readonly a?: string }>()(z.object({ a: z.string() }));
  // @ts-expect-error another word
  sameShape<{ readonly a: "x" | "y" }>()(z.object({ a: z.enum(["x", "z"]) }));
  // @ts-expect-error null where the type knows none
  sameShape<{ readonly a: number }>()(z.object({ a: z.number().nullable() }));
});
