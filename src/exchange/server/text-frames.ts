/**
 * Text frames: texts as the bytes that a WebSocket server sends them in (RFC 6455, 5.2).
 *
 * ws writes each message by itself, in two pieces; in a burst that costs as much as the orders do.
 * Here all messages of a turn become one piece. What must stay true: whole frames only, so that
 * what ws itself sends (pongs, closings) can stand between any two pieces.
 */

const FINAL_TEXT = 0x81;
const SHORT = 126;
const LONG = 127;

const headerLength = (length: number): number => (length < SHORT ? 2 : length < 65_536 ? 4 : 10);

/** Frames without a mask and without compression, one for each text, in order. */
export function textFrames(texts: readonly (string | Buffer)[]): Buffer {
  let total = 0;
  const lengths = texts.map((text) => {
    const length = typeof text === "string" ? Buffer.byteLength(text) : text.length;
    total += headerLength(length) + length;
    return length;
  });
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const length = lengths[index]!;
    bytes[at] = FINAL_TEXT;
    if (length < SHORT) bytes[at + 1] = length;
    else if (length < 65_536) {
      bytes[at + 1] = SHORT;
      bytes.writeUInt16BE(length, at + 2);
    } else {
      bytes[at + 1] = LONG;
      bytes.writeBigUInt64BE(BigInt(length), at + 2);
    }
    at += headerLength(length);
    if (typeof text === "string") bytes.write(text, at);
    else text.copy(bytes, at);
    at += length;
  }
  return bytes;
}
