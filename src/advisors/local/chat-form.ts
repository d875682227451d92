/**
 * Chat form: how a model was taught to tell who speaks.
 *
 * Only the marks below may become special tokens; system text, situation and news are read as plain
 * letters, so that no headline can end somebody's turn. A model whose form is none of these was
 * taught none, and reads plain text.
 */

export interface ChatForm {
  readonly name: string;
  readonly beforeSystem: string;
  readonly beforeUser: string;
  readonly beforeAnswer: string;
}

const FORMS: readonly (ChatForm & { readonly mark: string })[] = [
  {
    name: "chatml",
    mark: "<|im_start|>",
    beforeSystem: "<|im_start|>system\n",
    beforeUser: "<|im_end|>\n<|im_start|>user\n",
    beforeAnswer: "<|im_end|>\n<|im_start|>assistant\n",
  },
  {
    name: "gemma",
    mark: "<start_of_turn>",
    beforeSystem: "<start_of_turn>user\n",
    beforeUser: "\n\n",
    beforeAnswer: "<end_of_turn>\n<start_of_turn>model\n",
  },
  {
    name: "llama3",
    mark: "<|start_header_id|>",
    beforeSystem: "<|start_header_id|>system<|end_header_id|>\n\n",
    beforeUser: "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
    beforeAnswer: "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
  },
];

const PLAIN: ChatForm = {
  name: "plain",
  beforeSystem: "",
  beforeUser: "\n\n",
  beforeAnswer: "\n",
};

/** @param template the file's own, a program in another language: only its marks are looked at. */
export const chatFormOf = (template: string | undefined): ChatForm =>
  FORMS.find(({ mark }) => template?.includes(mark) === true) ?? PLAIN;
