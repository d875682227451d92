/**
 * `arrival/market`: the level-2 book and market columns by themselves. Pure: browsers run it too.
 */
export { Book, type TakeCost } from "./book.ts";
export { BookSide, NO_TICK } from "./book-side.ts";
export * from "./columns.ts";
export { Observer } from "./observer.ts";
