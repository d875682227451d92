/**
 * Tiny model: a language model of half a megabyte with weights drawn from a seed.
 *
 * It knows nothing and answers like any other: the whole native path (loading, reading, scoring,
 * keeping what was read) is tested with it where no weights can be had. What must stay true: the
 * same seed gives the same file to the byte.
 *
 * Usage: node test/tiny-model/tiny-model.ts FILE [SEED]
 */
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "./gguf-writer.ts";

const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const KV_HEADS = 2;
const INNER = 128;
const CONTEXT = 16_384;
/** Wide enough that what is read changes what is scored. */
const SCALE = 0.25;

const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const NORMAL = 1;
const CONTROL = 3;
const CHAT_TEMPLATE =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + " +
  "message['content'] + '<|im_end|>\\n'}}{% endfor %}";

export function tinyModel(seed: number): Uint8Array {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const bytes = byteLetters();
  const space = bytes[0x20]!;
  const tokens = [...SPECIAL, ...bytes, ...letters.map((letter) => `${space}${letter}`)];
  const metadata: Record<string, GgufValue> = {
    "general.architecture": { kind: "string", value: "llama" },
    "general.name": { kind: "string", value: `Tiny, seed ${seed}` },
    "llama.context_length": { kind: "uint32", value: CONTEXT },
    "llama.embedding_length": { kind: "uint32", value: WIDTH },
    "llama.block_count": { kind: "uint32", value: LAYERS },
    "llama.feed_forward_length": { kind: "uint32", value: INNER },
    "llama.attention.head_count": { kind: "uint32", value: HEADS },
    "llama.attention.head_count_kv": { kind: "uint32", value: KV_HEADS },
    "llama.attention.layer_norm_rms_epsilon": { kind: "float32", value: 1e-5 },
    "llama.rope.dimension_count": { kind: "uint32", value: WIDTH / HEADS },
    "llama.vocab_size": { kind: "uint32", value: tokens.length },
    "tokenizer.ggml.model": { kind: "string", value: "gpt2" },
    "tokenizer.ggml.pre": { kind: "string", value: "gpt-2" },
    "tokenizer.ggml.tokens": { kind: "strings", value: tokens },
    "tokenizer.ggml.token_type": {
      kind: "int32s",
      value: tokens.map((_, i) => (i < SPECIAL.length ? CONTROL : NORMAL)),
    },
    "tokenizer.ggml.merges": {
      kind: "strings",
      value: letters.map((letter) => `${space} ${letter}`),
    },
    "tokenizer.ggml.bos_token_id": { kind: "uint32", value: 0 },
    "tokenizer.ggml.eos_token_id": { kind: "uint32", value: 2 },
    "tokenizer.ggml.add_bos_token": { kind: "bool", value: false },
    "tokenizer.chat_template": { kind: "string", value: CHAT_TEMPLATE },
  };
  return writeGguf(metadata, tensorsOf(seed, tokens.length));
}

function tensorsOf(seed: number, words: number): readonly GgufTensor[] {
  const drawn = (name: string, ...shape: readonly number[]): GgufTensor => {
    const stream = streamOf(name);
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from(
      { length: count },
      (_, k) => SCALE * (2 * uniformAt(seed, stream, k) - 1),
    );
    return { name, shape, values };
  };
  const ones = (name: string): GgufTensor => ({
    name,
    shape: [WIDTH],
    values: new Float32Array(WIDTH).fill(1),
  });
  const kv = (WIDTH / HEADS) * KV_HEADS;
  const layers = Array.from({ length: LAYERS }, (_, i) => [
    ones(`blk.${i}.attn_norm.weight`),
    drawn(`blk.${i}.attn_q.weight`, WIDTH, WIDTH),
    drawn(`blk.${i}.attn_k.weight`, WIDTH, kv),
    drawn(`blk.${i}.attn_v.weight`, WIDTH, kv),
    drawn(`blk.${i}.attn_output.weight`, WIDTH, WIDTH),
    ones(`blk.${i}.ffn_norm.weight`),
    drawn(`blk.${i}.ffn_gate.weight`, WIDTH, INNER),
    drawn(`blk.${i}.ffn_up.weight`, WIDTH, INNER),
    drawn(`blk.${i}.ffn_down.weight`, INNER, WIDTH),
  ]).flat();
  return [
    drawn("token_embd.weight", WIDTH, words),
    ...layers,
    ones("output_norm.weight"),
    drawn("output.weight", WIDTH, words),
  ];
}

const isPlain = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** GPT-2's letters for bytes: printable ones stand for themselves, the others are moved up. */
function byteLetters(): readonly string[] {
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPlain(byte) ? byte : 256 + moved++),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path, seed = "1"] = process.argv;
  if (path === undefined || existsSync(path)) {
    process.stderr.write("usage: node test/tiny-model/tiny-model.ts NEW-FILE [SEED]\n");
    process.exitCode = 2;
  } else writeFileSync(path, tinyModel(Number(seed)));
}
