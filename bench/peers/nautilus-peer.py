"""The order script of `work.ts` on NautilusTrader's BacktestEngine, its strategy in Python.

usage: nautilus-peer.py WORK MARKET.npz deltas|batches FILLS.csv [ROWS]
Rows that only an exchange would see are left out: here venue and strategy share one line of time,
that of receipt, so that the looks show what they show elsewhere. `deltas` feeds the levels one by
one, `batches` all of one message at once. Prints one line of JSON.
"""

import json
import sys
import time
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import LatencyModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.config import DataEngineConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import OrderBookDelta, OrderBookDeltas, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import FIXED_SCALAR, Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("BINANCE")
INSTRUMENT = InstrumentId(Symbol("BTCUSDT-PERP"), VENUE)
LAST = 128
LOCAL = 1 << 30
BUY = 1 << 29
# Prices and sizes are whole numbers of so many parts of one.
PARTS = int(FIXED_SCALAR)


def read_work(path):
    with open(path, encoding="ascii") as lines:
        pairs = (line.split() for line in lines)
        return {name: float(text) if "." in text else int(text) for name, text in pairs}


class Script(Strategy):
    def __init__(self, work, looks):
        super().__init__()
        self.work = work
        self.looks = looks
        self.number = 0
        self.sent = []
        self.fills = []
        self.sums = [0, 0, 0, 0, 0]
        self.places = {}
        self.passive = None

    def on_start(self):
        self.instrument = self.cache.instrument(INSTRUMENT)
        self.passive_quantity = self.instrument.make_qty(
            self.work["passiveLots"] * self.work["lotSize"]
        )
        self.aggressive_quantity = self.instrument.make_qty(
            self.work["aggressiveLots"] * self.work["lotSize"]
        )
        self.subscribe_order_book_deltas(INSTRUMENT, BookType.L2_MBP)
        first = self.work["firstLook"]
        nanos = self.work["lookNanos"]
        self.clock.set_timer_ns(
            name="look",
            interval_ns=nanos,
            start_time_ns=first - nanos,
            stop_time_ns=first + (self.looks - 1) * nanos,
            callback=self.on_look,
        )

    def on_order_filled(self, event):
        tick = round(event.last_px.as_double() / self.work["tickSize"])
        lots = round(event.last_qty.as_double() / self.work["lotSize"])
        place = self.places[event.client_order_id]
        self.fills.append((place, event.ts_event // 1000, tick, lots))

    def on_look(self, event):
        look = self.number
        self.number += 1
        work = self.work
        book = self.cache.order_book(INSTRUMENT)
        best_bid = book.best_bid_price()
        best_ask = book.best_ask_price()
        if best_bid is None or best_ask is None:
            return
        bid = round(best_bid.as_double() / work["tickSize"])
        ask = round(best_ask.as_double() / work["tickSize"])
        sums = self.sums
        sums[0] += 1
        sums[1] += bid
        sums[2] += ask
        sums[3] += round(book.best_bid_size().as_double() / work["lotSize"])
        sums[4] += round(book.best_ask_size().as_double() / work["lotSize"])

        is_buy = (look // work["sideEvery"]) % 2 == 0
        side = OrderSide.BUY if is_buy else OrderSide.SELL
        if look % work["passiveEvery"] == 0:
            price = bid if is_buy else ask
            self.passive = self.send(True, side, price, self.passive_quantity, TimeInForce.GTC)
        elif look % work["passiveEvery"] == work["passiveFor"]:
            if self.passive is not None and self.passive.is_open:
                self.cancel_order(self.passive)
        if look % work["aggressiveEvery"] == work["aggressiveAt"]:
            price = ask + work["slackTicks"] if is_buy else bid - work["slackTicks"]
            self.send(False, side, price, self.aggressive_quantity, TimeInForce.IOC)

    def send(self, is_passive, side, price, quantity, time_in_force):
        order = self.order_factory.limit(
            instrument_id=INSTRUMENT,
            order_side=side,
            quantity=quantity,
            price=self.instrument.make_price(price * self.work["tickSize"]),
            time_in_force=time_in_force,
            post_only=is_passive,
        )
        self.sent.append((is_passive, side == OrderSide.BUY, price))
        self.places[order.client_order_id] = len(self.sent)
        self.submit_order(order)
        return order


def instrument(work):
    return CryptoPerpetual(
        instrument_id=INSTRUMENT,
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price(work["tickSize"], 1),
        size_increment=Quantity(work["lotSize"], 3),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        ts_event=0,
        ts_init=0,
    )


def build_data(rows, work, form):
    """The market as the engine's own objects, in order of receipt."""
    rows = rows[(rows["ev"] & LOCAL) != 0]
    tick_raw = round(PARTS * work["tickSize"])
    lot_raw = round(PARTS * work["lotSize"])
    ticks = np.rint(rows["px"] / work["tickSize"]).astype(np.int64).tolist()
    lots = np.rint(rows["qty"] / work["lotSize"]).astype(np.int64).tolist()
    events = rows["exch_ts"].tolist()
    inits = rows["local_ts"].tolist()
    kinds = (rows["ev"] & 0xFF).tolist()
    buys = ((rows["ev"] & BUY) != 0).tolist()
    is_depth = (rows["ev"] & 0xFF) != 2
    same = (rows["exch_ts"][1:] == rows["exch_ts"][:-1]) & is_depth[1:] & is_depth[:-1]
    same &= rows["local_ts"][1:] == rows["local_ts"][:-1]
    ends = np.append(~same, True).tolist()
    make = OrderBookDelta.from_raw
    data = []
    message = []
    for at, (kind, buy) in enumerate(zip(kinds, buys)):
        event, init = events[at], inits[at]
        if kind == 2:
            aggressor = AggressorSide.BUYER if buy else AggressorSide.SELLER
            price, size = ticks[at] * tick_raw, lots[at] * lot_raw
            trade = TradeId(str(at))
            data.append(
                TradeTick.from_raw(INSTRUMENT, price, 1, size, 3, aggressor, trade, event, init)
            )
            continue
        flags = LAST if ends[at] else 0
        if kind == 3:
            delta = OrderBookDelta.clear(INSTRUMENT, 0, event, init)
        else:
            side = OrderSide.BUY if buy else OrderSide.SELL
            action = BookAction.UPDATE if lots[at] else BookAction.DELETE
            price, size = ticks[at] * tick_raw, lots[at] * lot_raw
            delta = make(INSTRUMENT, action, side, price, 1, size, 3, 0, flags, 0, event, init)
        if form == "deltas":
            data.append(delta)
            continue
        message.append(delta)
        if ends[at]:
            data.append(OrderBookDeltas(INSTRUMENT, message))
            message = []
    return data, len(rows)


def run(work, data, looks):
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            data_engine=DataEngineConfig(),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(1_000_000_000, USDT)],
        latency_model=LatencyModel(base_latency_nanos=work["entryNanos"]),
        book_type=BookType.L2_MBP,
        liquidity_consumption=True,
        queue_position=True,
    )
    engine.add_instrument(instrument(work))
    started = time.perf_counter()
    engine.add_data(data, validate=False, sort=False)
    engine.sort_data()
    add_seconds = time.perf_counter() - started
    strategy = Script(work, looks)
    engine.add_strategy(strategy)
    started, cpu = time.perf_counter(), time.process_time()
    engine.run()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    return strategy, add_seconds, seconds, cpu_seconds


def main():
    work_path, market, form, fills_path = sys.argv[1:5]
    work = read_work(work_path)
    started = time.perf_counter()
    rows = np.load(market)["data"]
    if len(sys.argv) > 5:
        rows = rows[: int(sys.argv[5])]
    data, count = build_data(rows, work, form)
    last_look = int(rows["local_ts"][-1]) - 10**9
    looks = min(work["looks"], (last_look - work["firstLook"]) // work["lookNanos"] + 1)
    load_seconds = time.perf_counter() - started
    strategy, add_seconds, seconds, cpu_seconds = run(work, data, looks)
    with open(fills_path, "w", encoding="ascii") as out:
        for number, (is_passive, is_buy, price) in enumerate(strategy.sent, 1):
            kind = "passive" if is_passive else "aggressive"
            out.write(f"order,{number},{kind},{'buy' if is_buy else 'sell'},{price}\n")
        for fill in strategy.fills:
            out.write("fill," + ",".join(map(str, fill)) + "\n")
    names = ("looks", "bidTicks", "askTicks", "bidLots", "askLots")
    print(
        json.dumps(
            {
                "rows": count,
                "loadSeconds": load_seconds + add_seconds,
                "replaySeconds": seconds,
                "cpuSeconds": cpu_seconds,
                "sums": dict(zip(names, strategy.sums)),
            }
        )
    )


main()
