/**
 * Plants: faults put into copies of our own files, to show that the fuzzer finds their like.
 *
 * The files themselves are not touched: the words are replaced as the copy is loaded into a process
 * of its own. Each is a fault that somebody has made before, in some parser.
 */
export interface Plant {
  readonly name: string;
  /** What a reader of the code would say of it. */
  readonly about: string;
  readonly target: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const PLANTS: readonly Plant[] = [
  {
    name: "rounded-quantity",
    about: "a quantity between two lots is rounded down instead of being refused",
    target: "private-frames",
    file: "/src/venues/bybit/wire-value.ts",
    from: "if (count >= 0) return count as Lots;",
    to: "if (count >= 0 || Number(text) > 0) return Math.floor(Number(text) * 1000) as Lots;",
  },
  {
    name: "guessed-status",
    about: "an order's status that nobody knows is taken for open",
    target: "private-answers",
    file: "/src/venues/bybit/wire-orders.ts",
    from: 'fields.word("orderStatus", STATUSES)',
    to: 'fields.text("orderStatus")',
  },
  {
    name: "lost-digit",
    about: "the fast scanner of frames passes over digits that are under a lot",
    target: "public-frames",
    file: "/src/data/frame-cursor.ts",
    from: "else if (digit !== 0) return NONE;",
    to: "",
  },
  {
    name: "unchecked-block",
    about: "blocks of an event file are believed whatever their CRC",
    target: "event-file",
    file: "/src/data/event-file/section.ts",
    from: "return crc === section.readUInt32LE(60);",
    to: "return crc > 0;",
  },
  {
    name: "unchecked-record",
    about: "records of a journal are believed whatever their hash",
    target: "journal-bytes",
    file: "/src/runtime/journal/verification.ts",
    from: "this.#chain.next(sequence, kind, position, body).equals(chain);",
    to: "this.#chain.next(sequence, kind, position, body).length > 0;",
  },
  {
    name: "polluted-prototype",
    about: "sections of a configuration are laid over each other by plain assignment",
    target: "config",
    file: "/src/runtime/config.ts",
    from: "return Object.fromEntries(merged);",
    to: `const plain: Record<string, unknown> = {};
      for (const [key, value] of merged) {
        if (isObject(value) && isObject(plain[key])) Object.assign(plain[key], value);
        else plain[key] = value;
      }
      return plain;`,
  },
  {
    name: "empty-fill",
    about: "a row of fills without a quantity is taken for a fill",
    target: "fills",
    file: "/src/runtime/imported-fills.ts",
    from: "if (quantity.value === 0)",
    to: "if (quantity.value < 0)",
  },
  {
    name: "unchecked-type",
    about: "the local exchange takes any value of a request for text",
    target: "exchange-requests",
    file: "/src/exchange/protocol/fields.ts",
    from: 'if (typeof value !== "string") throw new Refusal(MALFORMED);',
    to: "",
  },
  {
    name: "unbounded-urgency",
    about: "an operator's urgency is not held to its bounds",
    target: "control",
    file: "/src/runtime/live/control-protocol.ts",
    from: '.max(1, "must be 0 to 1")',
    to: "",
  },
  {
    name: "kept-invisible",
    about: "characters that nobody sees are left in a headline",
    target: "news-pages",
    file: "/src/feeds/clean.ts",
    from: 'text = replace(text, INVISIBLE, "", "invisible");',
    to: "",
  },
  {
    name: "torn-letter",
    about: "bytes of a letter that come in two pieces are read as two",
    target: "news-lines",
    file: "/src/feeds/line-reader.ts",
    from: 'Buffer.concat(kept).toString("utf8")',
    to: 'kept.map(String).join("")',
  },
  {
    name: "unbounded-rate",
    about: "a rate of funding is believed however large it is",
    target: "told",
    file: "/src/data/recorder/bybit-told.ts",
    from: 'typeof text === "string" && RATE.test(text) && Math.abs(Number(text)) <= 1;',
    to: 'typeof text === "string" && Number.isFinite(Number(text));',
  },
  {
    name: "thrown-option",
    about: "a command throws what it should refuse in words",
    target: "command-line",
    file: "/src/cli/run.ts",
    from: 'throw new InvalidArgumentError("A symbol, such as BTCUSDT.");',
    to: 'throw new TypeError("no symbol");',
  },
];
