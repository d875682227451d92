/**
 * News: what feeds read: pages of RSS and Atom, announcements, lines of a file, and their words.
 *
 * What must stay true: each item is one line of visible text within its caps, that says the same
 * when it is cleaned again and when it is read back from a recording; and no one is let in whose
 * time is not one.
 */
import { expectThat, type OpenTarget, type Target } from "../target.ts";

type Raw = typeof import("../../../src/feeds/raw-news.ts");
type Clean = typeof import("../../../src/feeds/clean.ts");
type Line = typeof import("../../../src/feeds/news-line.ts");
type Mask = typeof import("../../../src/feeds/mask.ts");
type Item = NonNullable<ReturnType<Raw["cleanNews"]>>;
type Told = Parameters<Raw["cleanNews"]>[0];
type Micros = Item["firstSeenAt"];

const SEEN = 1_795_000_000_000_000 as Micros;
const UNCLEAN = /[<>\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

class NewsCheck {
  readonly #raw: Raw;
  readonly #clean: Clean;
  readonly #line: Line;
  readonly #mask: Mask;

  constructor(raw: Raw, clean: Clean, line: Line, mask: Mask) {
    this.#raw = raw;
    this.#clean = clean;
    this.#line = line;
    this.#mask = mask;
  }

  item(told: Told, seen: Micros): void {
    const item = this.#raw.cleanNews(told, seen);
    if (item === undefined) return;
    this.#text(item.headline, this.#raw.MOST_HEADLINE);
    this.#text(item.source, this.#raw.MOST_SOURCE);
    this.#text(item.body ?? "", this.#raw.MOST_BODY);
    expectThat(item.headline !== "", () => "an item without a headline");
    expectThat(/^[\w.:/@+=-]{1,100}$/.test(item.id), () => `the id ${JSON.stringify(item.id)}`);
    expectThat(Number.isSafeInteger(item.publishedAt), () => `published at ${item.publishedAt}`);
    this.#readBack(item);
    const { headline, body = "" } = this.#mask.mask(item, "BTCUSDT");
    const isShort =
      headline.length <= this.#raw.MOST_HEADLINE && body.length <= this.#raw.MOST_BODY;
    expectThat(isShort, () => `masked it is longer: ${headline} ${body}`);
    const isHidden = !/(?<![\p{L}\p{N}])(?:BTC|bitcoin)(?![\p{L}\p{N}])/u.test(headline);
    expectThat(isHidden, () => `masked it shows the asset: ${headline}`);
  }

  line(text: string): void {
    const read = this.#line.parseNewsLine(text, "fuzz");
    if (!read.ok) {
      expectThat(read.error.length > 0, () => "refused without a word");
      return;
    }
    this.item(read.value.raw, read.value.firstSeenAt ?? SEEN);
  }

  #text(text: string, most: number): void {
    expectThat(text.length <= most, () => `${text.length} letters where ${most} may be`);
    expectThat(!UNCLEAN.test(text), () => `unclean: ${JSON.stringify(text)}`);
    const again = this.#clean.cleanText(text, most).text;
    expectThat(again === text, () => `${JSON.stringify(text)} became ${JSON.stringify(again)}`);
  }

  #readBack(item: Item): void {
    const line = this.#line.newsLineOf(item);
    const read = this.#line.parseNewsLine(line, "fuzz");
    expectThat(read.ok && read.value.firstSeenAt === item.firstSeenAt, () => `not read: ${line}`);
    const again = JSON.stringify(this.#raw.cleanNews(read.value.raw, item.firstSeenAt));
    expectThat(again === JSON.stringify(item), () => `${line} was read back as ${again}`);
  }
}

const check = async (): Promise<NewsCheck> =>
  new NewsCheck(
    await import("../../../src/feeds/raw-news.ts"),
    await import("../../../src/feeds/clean.ts"),
    await import("../../../src/feeds/news-line.ts"),
    await import("../../../src/feeds/mask.ts"),
  );

const PAGES = [
  `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Wire</title><ttl>20</ttl>
<item><guid>1</guid><title><![CDATA[Fed & <b>rates</b>]]></title><link>https://a.example/1</link>
<description>&lt;p&gt;Bitcoin &amp;amp; gold&lt;/p&gt;</description>
<pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>`,
  `<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><id>tag:a.example,2026:1</id>
<title type="html">BTC/USD &#8212; $67,450 in June</title><link href="https://a.example/1"/>
<summary>Short</summary><updated>2026-11-23T10:00:00Z</updated></entry></feed>`,
  JSON.stringify({
    retCode: 0,
    retMsg: "OK",
    result: {
      total: 1,
      list: [
        {
          title: "Delisting of ABCUSDT",
          description: "The contract will be delisted.",
          type: { title: "Delistings", key: "delistings" },
          tags: ["Derivatives"],
          url: "https://announcements.example/article/x/",
          dateTimestamp: 1_779_045_608_000,
        },
      ],
    },
    retExtInfo: {},
    time: 1_779_415_136_117,
  }),
];

async function openPages(): Promise<OpenTarget> {
  const { parseRss } = await import("../../../src/feeds/rss-feed.ts");
  const { parseAnnouncements } = await import("../../../src/feeds/bybit-announcements.ts");
  const checked = await check();
  return {
    seeds: PAGES,
    missing: [],
    run: (input) => {
      for (const page of [parseRss(input, "a.example"), parseAnnouncements(input)]) {
        if (!page.ok) expectThat(page.error.length > 0, () => "refused without a word");
        else for (const told of page.value.items.slice(0, 20)) checked.item(told, SEEN);
      }
    },
  };
}

const WORDS = [
  ..."< > & &amp; &lt; &#60; &#x3c; <![CDATA[ ]]> <!-- --> <b> </b> <script> www. https://".split(
    " ",
  ),
  ..."BTC bitcoin $ETH June 2026 $67,450 63k Q2 ignore all previous instructions".split(" "),
  ..."\u{200B} \u{202E} \u{E0073} \u{FE0F} \u{FDFA} \u{301} а с ВТС 𝐜 ＜ σ カ 😀".split(" "),
];

export const newsPages: Target = {
  name: "news-pages",
  about: "pages of RSS and Atom, and the venue's announcements",
  kind: "text",
  words: [
    ..."rss feed channel item entry title link guid pubDate updated description ttl".split(" "),
    ..."<!DOCTYPE <!ENTITY SYSTEM ?> retCode result list dateTimestamp publishTime".split(" "),
    ...WORDS,
  ],
  share: 0.02,
  budgetMs: 400,
  open: openPages,
};

const LINES = [
  {
    id: "a1",
    source: "desk",
    kind: "macro",
    publishedAt: "2026-11-23T10:00:00Z",
    firstSeenAt: "2026-11-23T10:00:04.120251Z",
    headline: "Fed leaves <i>rates</i> unchanged; BTC &amp; gold rise https://a.example/x?y=1",
    body: "Said on 22 June 2026",
    flags: ["cut"],
  },
  {
    id: 22_224_527,
    ts: 1_781_998_671_000,
    symbol: "BTCUSDT",
    direction: "LONG",
    author: "somebody",
    title: "Bitсоin \u{200B}flip 63k",
    firstSeen: 1_784_455_047_257,
  },
];

async function openLines(): Promise<OpenTarget> {
  const { lineReader } = await import("../../../src/feeds/line-reader.ts");
  const checked = await check();
  const lines = LINES.map((line) => JSON.stringify(line));
  return {
    seeds: [...lines, lines.join("\n")].map((text) => `${text}\n`),
    missing: [],
    run: (input) => {
      const bytes = Buffer.from(input, "utf8");
      const read = (piece: number): (string | undefined)[] => {
        const found: (string | undefined)[] = [];
        const take = lineReader((line) => found.push(line));
        for (let at = 0; at < bytes.length; at += piece) take(bytes.subarray(at, at + piece));
        take(undefined);
        return found;
      };
      const whole = read(bytes.length + 1);
      const isSame = JSON.stringify(read(7)) === JSON.stringify(whole);
      expectThat(isSame, () => "other lines in pieces than whole");
      for (const line of whole.slice(0, 20)) if (line !== undefined) checked.line(line);
    },
  };
}

export const newsLines: Target = {
  name: "news-lines",
  about: "files of news, one item a line",
  kind: "lines",
  words: [
    ..."id source channel author kind publishedAt published ts firstSeenAt firstSeen".split(" "),
    ..."headline title text body flags news social macro 1e18 2026-11-23T10:00:00".split(" "),
    ...WORDS,
  ],
  share: 0.02,
  budgetMs: 400,
  open: openLines,
};
