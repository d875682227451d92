/**
 * Virtual rows: which rows of a scrolling box are seen, by TanStack's virtualizer.
 */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";

/** Rows that are drawn before and behind those that are seen. */
const AROUND = 6;

export interface VirtualRows {
  readonly rows: readonly VirtualItem[];
  /** Pixels, of all rows. */
  readonly total: number;
  scrollTo(index: number): void;
}

export function useVirtualRows(
  box: RefObject<HTMLDivElement | null>,
  count: number,
  height: number,
): VirtualRows {
  const [, again] = useState(0);
  const options = (rows: number): VirtualizerOptions<HTMLDivElement, HTMLDivElement> => ({
    count: rows,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: AROUND,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    // The heading stays in sight above the rows.
    paddingEnd: 4,
    scrollPaddingStart: height + 4,
    onChange: () => again((times) => times + 1),
    initialRect: { width: 800, height: 600 },
  });
  const virtual = useMemo(() => new Virtualizer(options(count)), []);
  virtual.setOptions(options(count));
  useLayoutEffect(() => virtual._didMount(), []);
  useEffect(() => virtual._willUpdate());
  return {
    rows: virtual.getVirtualItems(),
    total: virtual.getTotalSize(),
    scrollTo: (index) => virtual.scrollToIndex(index, { align: "auto" }),
  };
}
