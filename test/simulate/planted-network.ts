/**
 * Planted between the program and its venue: what is asked, heard and believed is not what the
 * adapter was to ask, hear or believe.
 */
import { formatDecimal } from "../../src/core/domain/decimal.ts";
import type {
  HttpAnswer,
  HttpRequest,
  Socket,
  SocketEvents,
  Transport,
} from "../../src/data/network/transport.ts";
import type { SimulatedMarket } from "./market.ts";

/** What the streams tell is all there is: nobody asks for executions. */
export const takesStreamForWhole = (transport: Transport): Transport =>
  answering(transport, ({ url }, answer) =>
    url.includes("/v5/execution/list") ? { ...answer, text: emptied(answer.text) } : answer,
  );

export const countsDuplicateTwice = (transport: Transport): Transport =>
  hearing(transport, () => {
    const seen = new Set<string>();
    return (text, tell) => {
      const isAgain = text.includes('"topic":"execution"') && seen.has(text);
      if (text.includes('"topic":"execution"')) seen.add(text);
      tell(isAgain ? text.replace(/"execId":"/g, '"execId":"again-') : text);
    };
  });

/** A fill that comes behind its order's end is none. */
export const hearsNoFillBehindTheEnd = (transport: Transport): Transport => {
  const over = new Set<string>();
  const late = new Set<string>();
  const told = hearing(transport, () => (text, tell) => {
    if (text.includes('"topic":"order"')) {
      const [, id, status] = /"orderLinkId":"([^"]*)".*?"orderStatus":"(\w+)"/.exec(text) ?? [];
      if (status !== "New" && status !== "PartiallyFilled") over.add(id!);
    }
    const id = /"topic":"execution".*?"orderLinkId":"([^"]*)"/.exec(text)?.[1];
    if (id === undefined || !over.has(id)) return tell(text);
    for (const [, execution] of text.matchAll(/"execId":"([^"]+)"/g)) late.add(execution!);
  });
  return answering(told, ({ url }, answer) => {
    if (!url.includes("/v5/execution/list")) return answer;
    return { ...answer, text: withRows(answer.text, (row) => !late.has(String(row["execId"]))) };
  });
};

/** An order that was not answered is sent a second time, by the same id. */
export const sendsAgain = (transport: Transport): Transport => ({
  ...transport,
  request: async (request) => {
    try {
      return await transport.request(request);
    } catch (error) {
      if (!request.url.endsWith("/v5/order/create")) throw error;
      return transport.request(request);
    }
  },
});

/** What is told when the private stream is back is what has happened since. */
export const forgetsWhatFilledBetweenStreams = (transport: Transport): Transport => {
  const heard = new Set<string>();
  let streams = 0;
  const told = hearing(transport, (path) => {
    if (path === "/v5/private") streams += 1;
    return (text, tell) => {
      for (const [, id] of text.matchAll(/"execId":"([^"]+)"/g)) heard.add(id!);
      tell(text);
    };
  });
  return answering(told, ({ url }, answer) => {
    if (streams < 2 || !url.includes("/v5/execution/list")) return answer;
    return { ...answer, text: withRows(answer.text, (row) => heard.has(String(row["execId"]))) };
  });
};

export const ignoresBookGap = (transport: Transport): Transport =>
  hearing(transport, () => {
    let update = 0;
    return (text, tell) => {
      if (!text.startsWith('{"topic":"orderbook')) return tell(text);
      const isWhole = text.includes('"type":"snapshot"');
      update = isWhole ? Number(/"u":(\d+)/.exec(text)?.[1]) : update + 1;
      tell(text.replace(/"u":\d+/, `"u":${update}`));
    };
  });

/** What the cache does not have was never there. */
export const trustsClosedOrderCache = (transport: Transport): Transport =>
  answering(transport, ({ url }, answer) =>
    /\/v5\/(order\/history|execution\/list)\?/.test(url)
      ? { ...answer, text: emptied(answer.text) }
      : answer,
  );

/** An order that is not found is asked for again at once. */
export const asksWithoutPause = (transport: Transport): Transport => ({
  ...transport,
  request: async (request) => {
    let answer = await transport.request(request);
    if (!/order\/realtime.*orderLinkId/.test(request.url)) return answer;
    for (let k = 0; k < MOST_ASKED && answer.text?.includes('"list":[]') === true; k++) {
      answer = await transport.request(request);
    }
    return answer;
  },
});

const MOST_ASKED = 100;

/** Whatever is told as an execution is one of the last order. */
export const takesForcedRowsForFills = (transport: Transport): Transport => {
  let last = "";
  const told = hearing(transport, () => (text, tell) => {
    last = /"orderLinkId":"(p-\d+)"/.exec(text)?.[1] ?? last;
    if (last === "" || !text.includes('"topic":"execution"')) return tell(text);
    const mine = text.replace(/"orderLinkId":""/g, `"orderLinkId":"${last}"`);
    tell(mine.replace(/"execType":"(BustTrade|AdlTrade|Settle|Funding)"/g, '"execType":"Trade"'));
  });
  return told;
};

/** The tick and the lot are asked for once in a life, and held to be the same ever after. */
export const ignoresNewRules = (transport: Transport, { instrument }: SimulatedMarket): Transport =>
  answering(transport, ({ url }, answer) => {
    if (!url.includes("/v5/market/instruments-info")) return answer;
    const tick = `"tickSize":"${formatDecimal(instrument.tickSize)}"`;
    const lot = `"qtyStep":"${formatDecimal(instrument.lotSize)}"`;
    const text = answer.text?.replace(/"tickSize":"[^"]*"/, tick);
    return { ...answer, text: text?.replace(/"qtyStep":"[^"]*"/, lot) };
  });

/** Whatever rests is withdrawn, whoever has sent it. */
export const withdrawsForeignOrders = (transport: Transport): Transport => ({
  ...transport,
  connect: (request, events) => {
    const socket = transport.connect(request, events);
    return {
      ...sending(socket, (text) => {
        socket.send(text);
        if (!text.includes('"op":"order.cancel"')) return;
        const other = text.replace(/"orderLinkId":"[^"]*"/, '"orderLinkId":"somebody-else"');
        socket.send(other.replace('"reqId":"', '"reqId":"x'));
      }),
      get isOpen() {
        return socket.isOpen;
      },
    };
  },
});

type Hear = (text: string, tell: SocketEvents["message"]) => void;

/** @param hear one for each connection, by its path. */
const hearing = (transport: Transport, hear: (path: string) => Hear): Transport => ({
  ...transport,
  connect: (request, events) => {
    const heard = hear(new URL(request.url).pathname);
    return transport.connect(request, {
      ...events,
      message: (text) => heard(text, events.message),
    });
  },
});

const sending = (socket: Socket, send: (text: string) => void): Omit<Socket, "isOpen"> => ({
  send,
  ping: () => socket.ping(),
  close: () => socket.close(),
  drop: () => socket.drop(),
});

const answering = (
  transport: Transport,
  change: (request: HttpRequest, answer: HttpAnswer) => HttpAnswer,
): Transport => ({
  ...transport,
  request: async (request) => change(request, await transport.request(request)),
});

const emptied = (text: string | undefined): string | undefined => withRows(text, () => false);

function withRows(
  text: string | undefined,
  isKept: (row: Record<string, unknown>) => boolean,
): string | undefined {
  if (text === undefined || !text.includes('"list":[{')) return text;
  const answer = JSON.parse(text) as { result: { list: Record<string, unknown>[] } };
  const list = answer.result.list.filter(isKept);
  return JSON.stringify({ ...answer, result: { ...answer.result, list } });
}
