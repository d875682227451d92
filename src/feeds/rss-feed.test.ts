import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRss } from "./rss-feed.ts";

const itemsOf = (text: string) => {
  const parsed = parseRss(text, "a.example");
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value.items;
};

describe("feeds of news", () => {
  it("are read as RSS", () => {
    expect(
      itemsOf(`<rss version="2.0"><channel><title>T</title><item>
        <title><![CDATA[Fed & <b>rates</b>]]></title><link>https://a.example/1</link>
        <description>&lt;p&gt;Text&lt;/p&gt;</description>
        <pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>`),
    ).toEqual([
      {
        id: "https://a.example/1",
        source: "a.example",
        kind: "news",
        publishedAt: Date.UTC(2026, 10, 23, 10) * 1000,
        headline: "Fed & <b>rates</b>",
        body: "<p>Text</p>",
      },
    ]);
  });

  it("are read as Atom", () => {
    const [item] = itemsOf(`<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>
      <id>tag:a.example,2026:1</id><title type="html">Rates</title><link href="https://a.example/1"/>
      <summary>Short</summary><updated>2026-11-23T10:00:00Z</updated></entry></feed>`);
    expect(item).toMatchObject({
      id: "tag:a.example,2026:1",
      headline: "Rates",
      body: "Short",
      publishedAt: Date.UTC(2026, 10, 23, 10) * 1000,
    });
  });

  it("are read as RDF", () => {
    const [item] = itemsOf(`<rdf:RDF><channel><title>T</title></channel>
      <item><title>Rates</title><link>https://a.example/1</link></item></rdf:RDF>`);
    expect(item).toMatchObject({ id: "https://a.example/1", headline: "Rates" });
  });

  it("claim no time where they write none", () => {
    const [item] = itemsOf(
      "<rss><channel><item><title>x</title><pubDate>soon</pubDate></item></channel></rss>",
    );
    expect(item!.publishedAt).toBeUndefined();
  });

  it("never break the reader, whatever they are", () => {
    const piece = fc.constantFrom(
      ..."<rss> <feed> <channel> <item> <entry> </item> </entry> <title> </title> <![CDATA[ ]]>".split(
        " ",
      ),
      ...'<pubDate> <!-- --> <!DOCTYPE <?xml ?> &x; &#0; < > " = x <link/> <ttl> 5 </ttl>'.split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
        expect(typeof parseRss(pieces.join(""), "a").ok).toBe("boolean");
      }),
      { numRuns: 1000 },
    );
  });
});
