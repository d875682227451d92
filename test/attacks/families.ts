/**
 * Families: the public sets of attacks from which the ideas of ours come, and whose they are.
 *
 * Ideas are adapted, words are our own: nothing of the sets is copied. What must stay true: every
 * wrapper names one of these.
 */
export interface Family {
  readonly name: string;
  readonly from: string;
  readonly licence: string;
  /** What we took as an idea. */
  readonly idea: string;
}

export const FAMILIES = {
  tradetrap: {
    name: "TradeTrap",
    from: "github.com/Yanlewen/TradeTrap",
    licence: "Apache-2.0",
    idea: "fake posts, reversed logic, a forged state of the account",
  },
  craibench: {
    name: "CrAIBench",
    from: "github.com/AthaSSiN/CrAIBench",
    licence: "MIT",
    idea: "goals times wrappers for agents that trade; a memory that was tampered with",
  },
  agentdojo: {
    name: "AgentDojo",
    from: "github.com/ethz-spylab/agentdojo",
    licence: "MIT",
    idea: "goals times wrappers; messages of importance inside what a tool gave back",
  },
  garak: {
    name: "garak",
    from: "github.com/NVIDIA/garak",
    licence: "Apache-2.0",
    idea: "latent injection; encodings; invisible and look-alike characters; long padding",
  },
  asb: {
    name: "ASB",
    from: "github.com/agiresearch/ASB",
    licence: "MIT",
    idea: "plain injection, ended context, an answer that is faked to be complete",
  },
  bipia: {
    name: "BIPIA",
    from: "github.com/microsoft/BIPIA",
    licence: "MIT",
    idea: "indirect injection by third-party text, in other languages and inside markup",
  },
  own: {
    name: "our own",
    from: "this repository",
    licence: "MIT",
    idea: "what people on a trading desk say when they want something done past the rules",
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
