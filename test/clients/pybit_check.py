"""pybit, the exchange's own Python client, against the local exchange.

    pip install pybit
    npm run test:pybit -- python3

It places, amends, cancels and fills over REST, enters an order by WebSocket, and listens to the
public and the private stream. What must stay true: it ends with exit code 0 only if all of it was
as a user of pybit expects.

The client has no setting for a whole address: REST takes one in `endpoint`, and the addresses of
its streams are constants of its modules.
"""

import queue
import sys

import pybit._websocket_trading as trading
import pybit.unified_trading as unified

url, streams, key, secret = sys.argv[1:5]
unified.PUBLIC_WSS = streams + "/v5/public/{CHANNEL_TYPE}"
unified.PRIVATE_WSS = streams + "/v5/private"
trading.TRADE_WSS = streams + "/v5/trade"

WAIT = 20
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


def check(name, is_so):
    print(("ok    " if is_so else "FAIL  ") + name)
    if not is_so:
        sys.exit(1)


session = unified.HTTP(api_key=key, api_secret=secret)
session.endpoint = url

rules = session.get_instruments_info(**LINEAR)["result"]["list"][0]
check("instrument rules", float(rules["priceFilter"]["tickSize"]) > 0)
book = session.get_orderbook(**LINEAR)["result"]
check("order book", float(book["b"][0][0]) < float(book["a"][0][0]))

public = unified.WebSocket(testnet=False, channel_type="linear")
books = queue.Queue()
public.orderbook_stream(50, "BTCUSDT", books.put)
check("book stream", books.get(timeout=WAIT)["topic"] == "orderbook.50.BTCUSDT")

private = unified.WebSocket(testnet=False, channel_type="private", api_key=key, api_secret=secret)
orders, fills, positions, wallets = (queue.Queue() for _ in range(4))
private.order_stream(orders.put)
private.execution_stream(fills.put)
private.position_stream(positions.put)
private.wallet_stream(wallets.put)

resting = session.get_price_limit(**LINEAR)["result"]["sellLmt"]
limit = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": resting}
placed = session.place_order(**limit, timeInForce="PostOnly", orderLinkId="py-1")["result"]
check("order placed", placed["orderLinkId"] == "py-1")
told = orders.get(timeout=WAIT)["data"][0]
check("order stream", told["orderId"] == placed["orderId"] and told["orderStatus"] == "New")
session.amend_order(**LINEAR, orderLinkId="py-1", qty="0.02")
opened = session.get_open_orders(**LINEAR, orderLinkId="py-1")["result"]["list"][0]
check("order amended", opened["qty"] == "0.020")
session.cancel_order(**LINEAR, orderLinkId="py-1")
check("order cancelled", session.get_open_orders(**LINEAR)["result"]["list"] == [])

batch = [{**limit, "orderLinkId": f"py-b{n}"} for n in range(2)]
for order in batch:
    del order["category"]
session.place_batch_order(category="linear", request=batch)
cancelled = session.cancel_all_orders(category="linear", symbol="BTCUSDT")["result"]
check("batch placed and cancelled", len(cancelled["list"]) == 2)

entry = unified.WebSocketTrading(testnet=False, api_key=key, api_secret=secret)
answers = queue.Queue()
entry.place_order(
    answers.put, category="linear", symbol="BTCUSDT", side="Buy", orderType="Market", qty="0.01"
)
check("order by WebSocket", answers.get(timeout=WAIT)["retCode"] == 0)
fill = fills.get(timeout=WAIT)["data"][0]
check("execution stream", fill["execType"] == "Trade" and float(fill["execFee"]) > 0)
check("position stream", positions.get(timeout=WAIT)["data"][0]["symbol"] == "BTCUSDT")
check("wallet stream", wallets.get(timeout=WAIT)["data"][0]["accountType"] == "UNIFIED")
held = session.get_positions(**LINEAR)["result"]["list"][0]
check("position", held["side"] == "Buy" and held["size"] == "0.010")
listed = session.get_executions(**LINEAR)["result"]["list"]
check("executions", sum(float(one["execQty"]) for one in listed) == 0.01)
try:
    session.cancel_order(**LINEAR, orderLinkId="py-1")
    check("refusal", False)
except Exception as error:
    check("refusal", getattr(error, "status_code", None) == 110001)
print("pybit trades on the local exchange")
public.exit()
private.exit()
entry.exit()
