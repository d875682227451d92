/**
 * Same shape: a schema and a type that say the same, or the program does not compile.
 *
 * What must stay true: whatever leaves the server has a schema, from which its document is made,
 * and the schema cannot fall behind the type that the view is written in, by not even one member.
 */
import type { z } from "zod";

/** Without brands and `readonly`, which JSON does not know. */
type Plain<Value> = unknown extends Value
  ? unknown
  : Value extends number
    ? number
    : Value extends string | boolean | null | undefined
      ? Value
      : { -readonly [Key in keyof Value]: Plain<Value[Key]> };

type Same<One, Other> =
  (<Value>() => Value extends One ? 1 : 2) extends <Value>() => Value extends Other ? 1 : 2
    ? true
    : false;

/** @returns the schema itself. */
export const sameShape =
  <Shape>() =>
  <Schema extends z.ZodType>(
    schema: Same<Plain<z.output<Schema>>, Plain<Shape>> extends true
      ? Schema
      : Schema & { readonly differsFrom: Shape },
  ): Schema =>
    schema;
