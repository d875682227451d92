/**
 * History: what is done of a parent order and will not change: closed child orders, fills, looks at
 * the market after them, reasons.
 *
 * Behind a restart it stands in archives, and is loaded when somebody asks: what is at work does
 * not wait for all that was ever done. What must stay true: whoever asks is told all of it, in the
 * order in which it happened; and an execution of an order counts once, however long ago it was
 * told.
 */
import type { ChildOrder, ClientOrderId } from "../domain/child-order.ts";
import { invariant } from "../domain/errors.ts";
import type { ExecutedFill, Markout } from "../tca/execution.ts";

export interface Deeds {
  /** In the order in which they closed; once more where a fill came after. */
  readonly closed: readonly ChildOrder[];
  readonly fills: readonly ExecutedFill[];
  readonly markouts: readonly Markout[];
  /** Why each decision was taken, by its number less one: children point here. */
  readonly reasonings: readonly string[];
}

/** Counts. */
export type Done = { readonly [Kind in keyof Deeds]: number };

export const NOTHING_DONE: Done = { closed: 0, fills: 0, markouts: 0, reasonings: 0 };

const KINDS = ["closed", "fills", "markouts", "reasonings"] as const;

export class History {
  #closed: ChildOrder[] = [];
  #fills: ExecutedFill[] = [];
  #markouts: Markout[] = [];
  #reasonings: string[] = [];
  #children = new Map<ClientOrderId, ChildOrder>();
  /** Of each child order at work. */
  readonly #executions = new Map<ClientOrderId, Set<string>>();
  /** The same of those that have closed, once somebody has asked: `ORDER EXECUTION`. */
  #told: Set<string> | undefined;
  /** What is not here but in archives, and how it comes here. */
  #archived: Done = NOTHING_DONE;
  #load: (() => void) | undefined;

  /** In the order in which they were sent. */
  get children(): ReadonlyMap<ClientOrderId, ChildOrder> {
    this.load();
    return this.#children;
  }
  get closed(): Deeds["closed"] {
    this.load();
    return this.#closed;
  }
  get fills(): Deeds["fills"] {
    this.load();
    return this.#fills;
  }
  get markouts(): Deeds["markouts"] {
    this.load();
    return this.#markouts;
  }
  get reasonings(): Deeds["reasonings"] {
    this.load();
    return this.#reasonings;
  }

  /** How much there is of it: what is still in archives counts. */
  get done(): Done {
    const { closed, fills, markouts, reasonings } = this.#archived;
    return {
      closed: closed + this.#closed.length,
      fills: fills + this.#fills.length,
      markouts: markouts + this.#markouts.length,
      reasonings: reasonings + this.#reasonings.length,
    };
  }

  /** What came behind the first `from` of each kind. */
  since(from: Done): Deeds {
    if (KINDS.some((kind) => from[kind] < this.#archived[kind])) this.load();
    const { closed, fills, markouts, reasonings } = this.#archived;
    return {
      closed: this.#closed.slice(from.closed - closed),
      fills: this.#fills.slice(from.fills - fills),
      markouts: this.#markouts.slice(from.markouts - markouts),
      reasonings: this.#reasonings.slice(from.reasonings - reasonings),
    };
  }

  /** One that was sent; one at work is found without the archives. */
  child(id: ClientOrderId): ChildOrder | undefined {
    return this.#children.get(id) ?? (this.#load === undefined ? undefined : this.children.get(id));
  }

  /** Whether an execution of that order has been booked. */
  hasBooked(id: ClientOrderId, executionId: string): boolean {
    const own = this.#executions.get(id);
    if (own !== undefined) return own.has(executionId);
    this.#told ??= new Set(this.fills.map(keyOf));
    return this.#told.has(`${id} ${executionId}`);
  }

  /** Of a child order at work, in their order. */
  executionsOf(id: ClientOrderId): string[] {
    return [...(this.#executions.get(id) ?? [])];
  }

  sent(child: ChildOrder): void {
    const { clientOrderId } = child.terms;
    this.#children.set(clientOrderId, child);
    this.#executions.set(clientOrderId, new Set());
  }

  booked(executed: ExecutedFill): void {
    this.#fills.push(executed);
    this.#executions.get(executed.clientOrderId as ClientOrderId)?.add(executed.fill.executionId);
    this.#told?.add(keyOf(executed));
  }

  /** It is at work no longer. */
  hasClosed(child: ChildOrder): void {
    this.#closed.push(child);
    if (!this.#executions.delete(child.terms.clientOrderId)) return;
    // Whoever asks for its executions next asks for those of all that have closed.
    this.#told = undefined;
  }

  measured(markout: Markout): void {
    this.#markouts.push(markout);
  }

  /** @param number of the decision, counted from 1. */
  decided(number: number, reasoning: string): void {
    this.#reasonings[number - 1 - this.#archived.reasonings] = reasoning;
  }

  /**
   * Behind a restart, of a history that is empty: so much stands in archives, and these are at work
   * with what was told of them. `load` brings the archives by `takeUp`.
   */
  goOn(
    archived: Done,
    live: readonly (readonly [ChildOrder, executions: readonly string[]])[],
    load: () => void,
  ): void {
    this.#archived = archived;
    this.#load = load;
    for (const [child, executions] of live) {
      this.sent(child);
      this.#executions.set(child.terms.clientOrderId, new Set(executions));
    }
  }

  /** Whether what was done before a restart is not here yet. */
  get isArchived(): boolean {
    return this.#load !== undefined;
  }

  /** Brings what stands in archives, where that has not been done. */
  load(): void {
    this.#load?.();
  }

  /** All that was archived of it. */
  takeUp({ closed, fills, markouts, reasonings }: Deeds): void {
    const told = { closed, fills, markouts, reasonings };
    const isWhole = KINDS.every((kind) => told[kind].length === this.#archived[kind]);
    invariant(isWhole, "the archives of a parent order are not those of its state");
    // Of one that is there twice the later is the true one; what is here is truer than both.
    const byId = new Map<ClientOrderId, ChildOrder>();
    for (const child of closed) byId.set(child.terms.clientOrderId, child);
    for (const [id, child] of this.#children) byId.set(id, child);
    const sent = [...byId.values()].sort((a, b) => a.decision - b.decision);
    this.#children = new Map(sent.map((child) => [child.terms.clientOrderId, child]));
    this.#closed = closed.concat(this.#closed);
    this.#fills = fills.concat(this.#fills);
    this.#markouts = markouts.concat(this.#markouts);
    this.#reasonings = reasonings.concat(this.#reasonings);
    this.#archived = NOTHING_DONE;
    this.#load = undefined;
  }
}

const keyOf = ({ clientOrderId, fill }: ExecutedFill): string =>
  `${clientOrderId} ${fill.executionId}`;
