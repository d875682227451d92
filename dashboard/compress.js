/**
 * Compress: lays `.br` and `.gz` beside the built page's files, which the server then gives out as
 * they are.
 *
 * Plain JavaScript for the reason that `build.js` is. What must stay true: the same files give the
 * same bytes on any machine; and none is laid that is not smaller than what it stands for.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** Others are compressed by their format. */
const TEXT = /\.(?:html|js|css|svg|json|webmanifest|txt)$/;
/** What fits into one packet anyway. */
const LEAST_BYTES = 1_000;
/** Where a gzip file names the system that it was made on, and how it says none. */
const [SYSTEM_AT, NO_SYSTEM] = [9, 255];

const MOST = constants.BROTLI_MAX_QUALITY;

/** @returns how many bytes there were, and how many there are in Brotli. */
export function compressFolder(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const sum = { bytes: 0, compressed: 0 };
  for (const name of names) {
    const bytes = readFileSync(name);
    if (bytes.length < LEAST_BYTES) continue;
    const brotli = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: MOST,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    const gzip = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
    gzip[SYSTEM_AT] = NO_SYSTEM;
    for (const [ending, made] of [
      ["br", brotli],
      ["gz", gzip],
    ]) {
      if (made.length < bytes.length) writeFileSync(`${name}.${ending}`, made);
    }
    sum.bytes += bytes.length;
    sum.compressed += Math.min(brotli.length, bytes.length);
  }
  return sum;
}
