/**
 * Route: which room of the page is open, as the part of the address behind `#`.
 *
 * The address says all, so that a reload, a bookmark and the back button work.
 */
import { signal } from "@preact/signals";

export const ROOMS = [
  "orders",
  "order",
  "market",
  "advisor",
  "new",
  "replay",
  "approvals",
  "events",
] as const;
export type Room = (typeof ROOMS)[number];

export interface Route {
  readonly room: Room;
  /** Order, instrument or journal; empty: none. */
  readonly name: string;
}

const plain = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};

export function parseRoute(hash: string): Route {
  const [room = "", name = ""] = hash.replace(/^#\/?/, "").split("/");
  const known = ROOMS.find((each) => each === room);
  return known === undefined ? { room: "orders", name: "" } : { room: known, name: plain(name) };
}

export const addressOf = (room: Room, name = ""): string =>
  name === "" ? `#/${room}` : `#/${room}/${encodeURIComponent(name)}`;

export const route = signal<Route>(parseRoute(location.hash));
addEventListener("hashchange", () => (route.value = parseRoute(location.hash)));

export function open(room: Room, name = ""): void {
  location.hash = addressOf(room, name);
}
