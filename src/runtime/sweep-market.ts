/**
 * Sweep market: a recording that all workers read from the same memory.
 *
 * A day of ticks is large, and a machine has many cores: each recording is decoded once and its
 * columns are shared, not copied to every worker. What must stay true: nobody writes to a column
 * after it has been shared.
 */
import { blockOf, type MarketBlock } from "../core/market/columns.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { dayScaleOf } from "./day-scale.ts";
import { type FileMarket, type MarketFault, openMarket, type OpenMarket } from "./market-source.ts";

/** An open market that can be sent to a worker: no functions. */
export type SharedMarket = Omit<OpenMarket, "blocks" | "scale" | "metaorders"> & {
  readonly blocks: readonly MarketBlock[];
};

/** The market again, where it has arrived. */
export const unshared = (market: SharedMarket): OpenMarket => ({
  ...market,
  scale: dayScaleOf(market.header, () => market.blocks),
});

/** Reads the files of one market; those of a second reading must be the bytes of the first. */
export async function openShared(
  files: FileMarket,
  onProgress?: (done: number) => void,
): Promise<Result<SharedMarket, MarketFault>> {
  const opened = await openMarket(
    files,
    onProgress === undefined ? {} : { onProgress: (done, total) => onProgress(done / total) },
  );
  if (opened.ok) {
    const { header, blocks, from, until, spec, label } = opened.value;
    return ok({ header, blocks: [...blocks].map(shared), from, until, spec, label });
  }
  const { error } = opened;
  if (error.code !== "DATA_CHANGED") return opened;
  const text = `${files.paths.join(", ")}: the content has changed since the sweep began`;
  return err({ ...error, text });
}

function shared({ length, ...columns }: MarketBlock): MarketBlock {
  const floats = (from: Float64Array): Float64Array => {
    const to = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
    to.set(from.subarray(0, length));
    return to;
  };
  const kind = new Uint8Array(new SharedArrayBuffer(length));
  kind.set(columns.kind.subarray(0, length));
  const price = new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
  price.set(columns.price.subarray(0, length));
  const copy = {
    exchangeTime: floats(columns.exchangeTime),
    localTime: floats(columns.localTime),
    kind,
    price,
    quantity: floats(columns.quantity),
  };
  return blockOf(copy, length);
}
