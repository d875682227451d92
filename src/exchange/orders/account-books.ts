/**
 * Account books: all that the exchange keeps of one account, and what it has yet to tell of it.
 */
import type { AccountLedger } from "../ledger/account-ledger.ts";
import type { Exposure } from "../ledger/exposure.ts";
import type { Position } from "../ledger/position.ts";
import type { OrderArchive } from "./order-archive.ts";
import { ReducingOrders } from "./reducing-orders.ts";

export class AccountBooks {
  readonly number: number;
  readonly ledger: AccountLedger;
  readonly archive: OrderArchive;
  readonly reducing = new ReducingOrders();
  /** Positions that moved in the call in hand, and where they belong. */
  readonly movedPositions = new Map<Position, Exposure>();
  /** Whether coins moved, or were locked, in the call in hand. */
  isWalletMoved = false;

  constructor(number: number, ledger: AccountLedger, archive: OrderArchive) {
    this.number = number;
    this.ledger = ledger;
    this.archive = archive;
  }
}
