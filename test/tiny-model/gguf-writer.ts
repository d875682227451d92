/**
 * GGUF writer: the file format of llama.cpp, as far as a small model needs it.
 *
 * Written from the format's description (version 3, little-endian), so that the native path can be
 * tested without anybody's weights. What must stay true: tensors lie at their offsets, aligned.
 */

/** Type numbers of the format. */
const TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const F32 = 0;
const VERSION = 3;
const ALIGNMENT = 32;

export type GgufValue =
  | { readonly kind: "uint32" | "float32" | "int32"; readonly value: number }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "int32s"; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Fastest first, as the format wants it. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export function writeGguf(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array {
  const head = new Bytes();
  head.text("GGUF");
  head.uint32(VERSION);
  head.uint64(tensors.length);
  head.uint64(Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    head.string(key);
    writeValue(head, value);
  }
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    head.string(name);
    head.uint32(shape.length);
    for (const size of shape) head.uint64(size);
    head.uint32(F32);
    head.uint64(offset);
    offset += aligned(values.byteLength);
  }
  const start = aligned(head.length);
  const file = new Uint8Array(start + offset);
  file.set(head.whole());
  let at = start;
  for (const { values } of tensors) {
    const view = new DataView(file.buffer, at, values.byteLength);
    values.forEach((value, i) => view.setFloat32(4 * i, value, true));
    at += aligned(values.byteLength);
  }
  return file;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function writeValue(bytes: Bytes, value: GgufValue): void {
  switch (value.kind) {
    case "strings":
      bytes.uint32(TYPES.array);
      bytes.uint32(TYPES.string);
      bytes.uint64(value.value.length);
      for (const each of value.value) bytes.string(each);
      return;
    case "int32s":
      bytes.uint32(TYPES.array);
      bytes.uint32(TYPES.int32);
      bytes.uint64(value.value.length);
      for (const each of value.value) bytes.uint32(each);
      return;
    case "string":
      bytes.uint32(TYPES.string);
      bytes.string(value.value);
      return;
    case "bool":
      bytes.uint32(TYPES.bool);
      bytes.byte(value.value ? 1 : 0);
      return;
    case "float32":
      bytes.uint32(TYPES.float32);
      bytes.float32(value.value);
      return;
    default:
      bytes.uint32(TYPES[value.kind]);
      bytes.uint32(value.value);
  }
}

class Bytes {
  readonly #pieces: Uint8Array[] = [];
  length = 0;

  #add(bytes: number, fill: (view: DataView) => void): void {
    const piece = new Uint8Array(bytes);
    fill(new DataView(piece.buffer));
    this.#pieces.push(piece);
    this.length += bytes;
  }
  byte(value: number): void {
    this.#add(1, (view) => view.setUint8(0, value));
  }
  uint32(value: number): void {
    this.#add(4, (view) => view.setUint32(0, value, true));
  }
  uint64(value: number): void {
    this.#add(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }
  float32(value: number): void {
    this.#add(4, (view) => view.setFloat32(0, value, true));
  }
  text(value: string): void {
    const piece = new TextEncoder().encode(value);
    this.#pieces.push(piece);
    this.length += piece.length;
  }
  string(value: string): void {
    this.uint64(new TextEncoder().encode(value).length);
    this.text(value);
  }
  whole(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
