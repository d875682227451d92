/**
 * Examples: Bybit's documented and recorded messages, read in place from `../shared/data`.
 *
 * They belong to others and are not part of this repository; without them nothing is checked.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../clients/raw-client.ts";

export const FIXTURES = "../shared/data/bybit-fixtures";
export const hasFixtures = (): boolean => existsSync(FIXTURES);

/** An answer of REST, and what it answered. */
export interface RestExample {
  readonly kind: "rest";
  readonly source: string;
  readonly method: string;
  readonly path: string;
  readonly category: string | undefined;
  readonly answer: Json;
}

interface Streamed {
  readonly source: string;
  /** Which stream it came by, as far as the file tells. */
  readonly stream: string;
  readonly message: Json;
}

/** What a subscriber is told. */
export interface StreamExample extends Streamed {
  readonly kind: "stream";
}

/** What a stream says to a command. */
export interface ReplyExample extends Streamed {
  readonly kind: "reply";
}

/** Something that is there and cannot be read. */
export interface UnreadExample {
  readonly kind: "unread";
  readonly source: string;
  readonly why: string;
}

export type Example = RestExample | StreamExample | ReplyExample | UnreadExample;

interface Block {
  readonly http?: string | null;
  readonly json?: Json;
  readonly raw?: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly category: string | undefined;
}

function askedOf({ http, json }: Block): Asked | undefined {
  const line = /^(GET|POST)\s+\/?(v5\/[^\s?&]*)\??(\S*)/.exec(http ?? "");
  if (line === null) return undefined;
  const query = new URLSearchParams(line[3]);
  const category = query.get("category") ?? json?.category;
  return { method: line[1]!, path: `/${line[2]}`, category: category ?? undefined };
}

/** JSON, or what is JSON but for remarks and for a comma too many. */
function relaxed(text: string): Json {
  const plain = text.replaceAll(/\/\/[^\n"]*$/gm, "").replaceAll(/,(\s*[\]}])/g, "$1");
  try {
    return JSON.parse(plain);
  } catch {
    return undefined;
  }
}

/** Requests and answers of a page stand in order; where it has several, the category tells. */
function fromPage(file: string): Example[] {
  const { blocks } = JSON.parse(readFileSync(join(FIXTURES, "docs", file), "utf8")) as {
    blocks: Block[];
  };
  const asked: Asked[] = [];
  const examples: Example[] = [];
  for (const [index, block] of blocks.entries()) {
    const source = `docs/${file}#${index}`;
    const request = askedOf(block);
    if (request !== undefined) {
      asked.push(request);
      continue;
    }
    const message = block.json ?? relaxed(block.raw ?? "");
    if (message === undefined) {
      if (block.http === null || block.http === undefined) {
        examples.push({ kind: "unread", source, why: "cut short in the documentation" });
      }
    } else if (message.topic !== undefined && message.data !== undefined) {
      examples.push({ kind: "stream", source, stream: streamOf(message), message });
    } else if (message.retCode !== undefined && message.op === undefined) {
      const category = message.result?.category;
      const found =
        asked.find((one) => category !== undefined && one.category === category) ?? asked.at(-1);
      if (found === undefined) continue;
      examples.push({
        kind: "rest",
        source,
        method: found.method,
        path: found.path,
        category: category ?? found.category,
        answer: message,
      });
    } else if (message.op !== undefined && (message.success ?? message.retCode) !== undefined) {
      const stream = message.retCode === undefined ? "" : "trade";
      examples.push({ kind: "reply", source, stream, message });
    }
  }
  return examples;
}

const streamOf = (message: Json): string => {
  if (message.creationTime !== undefined) return "private";
  const { data } = message;
  // Only spot tells a dollar index, only derivatives tell a mark.
  return data.usdIndexPrice === undefined ? "linear" : "spot";
};

/** A method, a path, whether it is signed, the answer. */
function fromRest(path: string): Example {
  const [method = "", address = "", , ...lines] = readFileSync(path, "utf8").split("\n");
  const source = path.slice(FIXTURES.length + 1);
  const answer = relaxed(lines.join("\n"));
  if (answer === undefined) return { kind: "unread", source, why: "no JSON" };
  const category = answer.result?.category;
  return {
    kind: "rest",
    source,
    method: method.trim(),
    path: address.trim(),
    category,
    answer,
  };
}

/** `>` was sent, `<` was received, after `=` stands what a subscriber was told. */
function fromStream(path: string): Example[] {
  const source = path.slice(FIXTURES.length + 1);
  const text = readFileSync(path, "utf8").trim();
  const stream = /Socket/.test(path) ? "trade" : /\/V5\/(\w+)\//.exec(path)![1]!.toLowerCase();
  const at = text.indexOf("\n=");
  const replies = text
    .slice(0, at)
    .split("\n")
    .filter((line) => line.startsWith("<"))
    .map((line) => relaxed(line.replace(/^<\d?\s*/, "")));
  const told = relaxed(text.slice(at + 2).replace(/^\d?\s*/, ""));
  return [
    ...replies.map((message) => ({ kind: "reply" as const, source, stream, message })),
    told === undefined
      ? { kind: "unread" as const, source, why: "no JSON" }
      : { kind: told.topic === undefined ? "reply" : "stream", source, stream, message: told },
  ];
}

const filesUnder = (folder: string): string[] =>
  readdirSync(join(FIXTURES, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

export function readExamples(): Example[] {
  const recorded = "jkorf/Bybit.UnitTests";
  return [
    ...readdirSync(join(FIXTURES, "docs")).sort().flatMap(fromPage),
    ...filesUnder(`${recorded}/Endpoints`).map(fromRest),
    ...filesUnder(`${recorded}/Subscriptions`).flatMap(fromStream),
    ...filesUnder(`${recorded}/Socket`).flatMap(fromStream),
  ];
}

/** Values that Bybit's own tables allow, by name of the field. */
export function readEnums(): ReadonlyMap<string, ReadonlySet<string>> {
  const enums = new Map<string, Set<string>>();
  for (const line of readFileSync(join(FIXTURES, "enums.tsv"), "utf8").split("\n")) {
    const [name, text = ""] = line.split("\t");
    for (const [, value] of text.matchAll(/`([^`]+)`/g)) {
      const values = enums.get(name!) ?? new Set();
      enums.set(name!, values.add(value!));
    }
  }
  return enums;
}
