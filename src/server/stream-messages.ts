/**
 * Stream messages: what a viewer says, hostile until parsed, and how what it is told is written.
 *
 * The text of a state is made once for all viewers; what is told to each is where it is in the
 * sequence.
 */
import { z } from "zod";
import type { StreamMessage, Topic, WatchRequest } from "../view/stream.ts";

export const MOST_TOPICS = 32;
export const MESSAGE_BYTES = 16_384;

const TOPIC = z
  .string()
  .max(200)
  .regex(/^(?:orders|approvals|timeline|order:[A-Za-z0-9-]{1,40}|market:[\w:.-]{1,120})$/);

const WATCH = z.strictObject({
  type: z.literal("watch"),
  topics: z.array(TOPIC).max(MOST_TOPICS),
  epoch: z.string().max(64).exactOptional(),
  since: z.int().nonnegative().exactOptional(),
});

/** @returns undefined: it is no such thing. */
export function parseWatch(text: string): WatchRequest | undefined {
  try {
    const parsed = WATCH.safeParse(JSON.parse(text));
    if (!parsed.success) return undefined;
    return { ...parsed.data, topics: parsed.data.topics as readonly Topic[] };
  } catch {
    return undefined;
  }
}

type Told = Exclude<StreamMessage, { readonly type: "hello" | "refused" }>;
type Rest<Message> = Message extends unknown ? Omit<Message, "type" | "seq"> : never;

/** All of a message but its place in the sequence. */
export interface Body {
  readonly type: Told["type"];
  /** Members, as JSON, without the brackets around them. */
  readonly text: string;
  /** As it was told last: most viewers are told the same. */
  frame?: { readonly seq: number; readonly bytes: Buffer };
}

export function bodyOf<Type extends Told["type"]>(
  type: Type,
  rest: Rest<Extract<Told, { readonly type: Type }>>,
): Body {
  return { type, text: JSON.stringify(rest).slice(1, -1) };
}

/** The message as it crosses the wire, made once for all who are as far. */
export function frameOf(body: Body, seq: number): Buffer {
  if (body.frame?.seq !== seq) {
    const text = `{"type":"${body.type}","seq":${seq},${body.text}}`;
    body.frame = { seq, bytes: Buffer.from(text) };
  }
  return body.frame!.bytes;
}
