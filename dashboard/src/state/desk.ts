/**
 * Desk: the one replica of this page, who is logged in, and what the open room watches.
 */
import { effect, signal } from "@preact/signals";
import type { Topic } from "../../../src/view/stream.ts";
import { api, NO_ANSWER, type Refusal, type Who } from "./api.ts";
import { Replica } from "./replica.ts";
import { type Route, route } from "./route.ts";

const scheme = location.protocol === "https:" ? "wss" : "ws";
export const replica = new Replica(`${scheme}://${location.host}/api/v1/stream`);

/** Undefined: not known yet; null: nobody. */
export const who = signal<Who | null | undefined>(undefined);
export const mayTrade = (): boolean =>
  who.value?.isReadOnly === false && (who.value.role === "trader" || who.value.role === "admin");
/** Whether orders may be begun here, whoever asks. */
export const takesOrders = (): boolean => who.value?.takesOrders === true;

const ALWAYS: readonly Topic[] = ["orders", "approvals", "timeline"];

function topicsOf({ room, name }: Route): readonly Topic[] {
  if ((room === "order" || room === "advisor") && name !== "") {
    const instrument = replica.row(name)?.peek().instrument;
    return [
      ...ALWAYS,
      `order:${name}`,
      ...(instrument === undefined ? [] : [`market:${instrument}` as const]),
    ];
  }
  if (room === "market" && name !== "") return [...ALWAYS, `market:${name}`];
  return ALWAYS;
}

/** Begins once; a token in the address is used up and taken out of it. */
export async function begin(): Promise<void> {
  const token = /^#token=([\w.~-]+)$/.exec(location.hash)?.[1];
  if (token !== undefined) {
    history.replaceState(null, "", "/");
    route.value = { room: "orders", name: "" };
    await logIn(token);
  } else {
    const answer = await api.whoAmI();
    who.value = answer.ok ? answer.value : null;
  }
  let watched = "";
  effect(() => {
    if (!who.value) return;
    // An order's instrument is known once its row is.
    void replica.ids.value;
    const topics = topicsOf(route.value);
    if (topics.join(" ") === watched) return;
    watched = topics.join(" ");
    replica.watch(topics);
  });
  effect(() => {
    if (who.value) replica.connect();
    else replica.close();
  });
  effect(() => {
    if (replica.breaks.value > 0) void checkSession();
  });
}

/** A server that began anew, or a session that ended, knows nobody: the token is asked again. */
async function checkSession(): Promise<void> {
  if (!who.peek()) return;
  const answer = await api.whoAmI();
  if (!answer.ok && answer.refusal.code !== NO_ANSWER) who.value = null;
}

export async function logIn(token: string): Promise<Refusal | undefined> {
  const answer = await api.logIn(token);
  who.value = answer.ok ? answer.value : null;
  return answer.ok ? undefined : answer.refusal;
}

export async function logOut(): Promise<void> {
  await api.logOut();
  who.value = null;
}
