/**
 * Access: who may use the server, and what their tokens are known by.
 *
 * A token is 256 random bits, shown once when it is made. What must stay true: only its SHA-256 is
 * kept, in a file that nobody else can read; and how long a wrong one takes to refuse says nothing
 * about any right one.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Role } from "../view/stream.ts";
import { readPrivate, writePrivate } from "./private-file.ts";
import type { ServerFault } from "./server-terms.ts";

export interface User {
  readonly name: string;
  readonly role: Role;
}

/** A token that was made just now: the only time that it can be seen. */
export interface NewToken extends User {
  readonly token: string;
}

export const ROLES = ["viewer", "trader", "admin"] as const satisfies readonly Role[];
export const USER_NAME = /^[a-z][a-z0-9-]{0,23}$/;
export const ACCESS_FILE = "arrival-access.json";

const KNOWN = z.strictObject({
  name: z.string().regex(USER_NAME),
  role: z.enum(ROLES),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const CONTENT = z.strictObject({ version: z.literal(1), users: z.array(KNOWN).max(100) });
type Known = z.infer<typeof KNOWN>;

const EVERYBODY: readonly User[] = ROLES.map((role) => ({ name: role, role }));
const LONGEST_TOKEN = 200;

export class Access {
  readonly #users: readonly Known[];

  private constructor(users: readonly Known[]) {
    this.#users = users;
  }

  /**
   * Makes a token for everybody who has none yet.
   *
   * @param wanted empty: one user for each role.
   * @param isRenewed all tokens are made anew, and the old ones are good for nothing.
   */
  static open(
    folder: string,
    wanted: readonly User[],
    isRenewed: boolean,
  ): Result<{ readonly access: Access; readonly made: readonly NewToken[] }, ServerFault> {
    const path = join(folder, ACCESS_FILE);
    const read = readPrivate(path);
    if (!read.ok && !isRenewed) return err({ code: "SERVER_ACCESS", text: read.error });
    const parsed = CONTENT.safeParse(read.ok ? read.value : undefined);
    const isThere = read.ok && read.value !== undefined;
    if (isThere && !parsed.success && !isRenewed) {
      const text = `${path} is not as it was written: --new-tokens makes it anew`;
      return err({ code: "SERVER_ACCESS", text });
    }
    const before = parsed.success ? parsed.data.users : [];
    const kept = isRenewed ? [] : before;
    const other = wanted.find((user) =>
      kept.some(({ name, role }) => name === user.name && role !== user.role),
    );
    if (other !== undefined) {
      const text = `${other.name} has another role in ${path}: --new-tokens makes all anew`;
      return err({ code: "SERVER_ACCESS", text });
    }
    const asked = wanted.length > 0 || before.length === 0 ? wanted : isRenewed ? before : [];
    const everybody = asked.length === 0 && before.length === 0 ? EVERYBODY : asked;
    const made = everybody
      .filter(({ name }) => !kept.some((user) => user.name === name))
      .map(({ name, role }) => ({ name, role, token: newToken() }));
    const users = [...kept, ...made.map(({ token, ...user }) => ({ ...user, sha256: hex(token) }))];
    if (made.length > 0) {
      const why = writePrivate(path, { version: 1, users });
      if (why !== undefined) return err({ code: "SERVER_ACCESS", text: why });
    }
    return ok({ access: new Access(users), made });
  }

  /** For one program in this very process: nothing is written, and it ends with the process. */
  static forItself(user: User): { readonly access: Access; readonly token: string } {
    const token = newToken();
    return { access: new Access([{ ...user, sha256: hex(token) }]), token };
  }

  /** All are compared, whichever fits. */
  find(token: string): User | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const given = Buffer.from(hex(token));
    let found: User | undefined;
    for (const { name, role, sha256 } of this.#users) {
      if (timingSafeEqual(given, Buffer.from(sha256))) found = { name, role };
    }
    return found;
  }
}

const newToken = (): string => `arrival_${randomBytes(32).toString("base64url")}`;
const hex = (text: string): string => createHash("sha256").update(text).digest("hex");

/** @param text `NAME:ROLE`. */
export function userOf(text: string): User | undefined {
  const [name = "", role = "", ...more] = text.split(":");
  const known = ROLES.find((each) => each === role);
  return USER_NAME.test(name) && known !== undefined && more.length === 0
    ? { name, role: known }
    : undefined;
}
