/**
 * Stream: what goes between the server and whoever looks on, as JSON messages over a WebSocket.
 *
 * A viewer holds a replica: what it is told of a thing replaces what it held of it. Each change has
 * a number in one sequence, which grows by one with each and belongs to one run of the server
 * (`epoch`); who comes back says what it had, and is told what has changed since, no more. What
 * must stay true: messages are facts from the journals' fold, never live objects; nobody waits for
 * a viewer, and one that is slow misses states in between, never the newest.
 */
import type { Micros } from "../core/domain/units.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry } from "./shapes.ts";

export type Role = "viewer" | "trader" | "admin";

/**
 * What may be watched. `orders`: rows of the list; `approvals`: what waits for a second person;
 * `timeline`: what happens on the desk; `order:PARENT` and `market:INSTRUMENT`: one of each.
 */
export type Topic = "orders" | "approvals" | "timeline" | `order:${string}` | `market:${string}`;

export interface WatchRequest {
  readonly type: "watch";
  /** All of them: what is not named is watched no more. */
  readonly topics: readonly Topic[];
  /** Both as they were told last; absent: nothing is held. */
  readonly epoch?: string;
  readonly since?: number;
}

/** Something that a second person has to agree to. */
export interface Approval {
  readonly id: string;
  readonly by: string;
  readonly at: Micros;
  readonly text: string;
  /** Of the request, as it was made: exactly this is carried out. */
  readonly request: unknown;
  readonly expiresAt: Micros;
}

export interface RunNote {
  readonly journal: string;
  /** `VENUE:KIND:SYMBOL`, of another process's run `VENUE:SYMBOL`; empty: not known. */
  readonly instrument: string;
  /** As the venue calls itself, such as `bybit`; empty: not known. */
  readonly venue: string;
  readonly isLive: boolean;
  readonly isKilled: boolean;
  /** Where the run is being recovered, or cannot go on: in words. */
  readonly trouble: string | null;
}

export type StreamMessage =
  | {
      readonly type: "hello";
      readonly epoch: string;
      readonly seq: number;
      readonly now: Micros;
      readonly user: string;
      readonly role: Role;
      readonly program: string;
    }
  /** `isWhole`: rows that are not named are there no more. */
  | {
      readonly type: "orders";
      readonly seq: number;
      readonly isWhole: boolean;
      readonly rows: readonly OrderRow[];
    }
  | { readonly type: "runs"; readonly seq: number; readonly runs: readonly RunNote[] }
  | { readonly type: "approvals"; readonly seq: number; readonly waiting: readonly Approval[] }
  /** Newer than `since`, oldest first; the newest 500. */
  | {
      readonly type: "timeline";
      readonly seq: number;
      readonly entries: readonly (TimelineEntry & { readonly journal: string })[];
    }
  /** Null: there is no such order (any more). */
  | {
      readonly type: "order";
      readonly seq: number;
      readonly parentId: string;
      readonly view: OrderView | null;
    }
  | {
      readonly type: "market";
      readonly seq: number;
      readonly instrument: string;
      readonly view: MarketView | null;
    }
  | { readonly type: "refused"; readonly code: string; readonly text: string };
