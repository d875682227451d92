"""The order script of `work.ts` on hftbacktest's Python package: a numba-compiled strategy loop.

usage: hftbacktest-peer.py WORK MARKET.npz hashmap|roivector FILLS.csv
Prints one line of JSON. Loading, compiling (on the first rows) and replay are timed apart.
"""

import json
import sys
import time

import numpy as np
from hftbacktest import (
    GTX,
    LIMIT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.order import IOC, NEW, PARTIALLY_FILLED
from numba import njit

# Of a resting order. In 2.4.4 the partial-fill exchange keeps an order that a trade fills exactly
# to the last lot, and the next trade there ends the run. See hftbacktest-rust/src/main.rs.
SHY_OF_A_LOT = 0.25
NO_BID = np.iinfo(np.int64).min
NO_ASK = np.iinfo(np.int64).max
HOUR = 3_600_000_000_000


def read_work(path):
    with open(path, encoding="ascii") as lines:
        pairs = (line.split() for line in lines)
        return {name: float(text) if "." in text else int(text) for name, text in pairs}


@njit
def note_fills(hbt, order_id, leaves, lot, fills, count):
    """Returns what is left of the order now, and the count of fills."""
    order = hbt.orders(0).get(order_id)
    if order is None:
        return leaves, count
    lots = round((leaves - order.leaves_qty) / lot)
    if lots == 0:
        return leaves, count
    fills[count, 0] = order_id
    fills[count, 1] = order.exch_timestamp
    fills[count, 2] = order.exec_price_tick
    fills[count, 3] = lots
    return order.leaves_qty, count + 1


@njit
def follow(hbt, work, first_look, tick, lot, sent, fills, sums):
    looks, look_nanos, passive_every, passive_for = work[0], work[1], work[2], work[3]
    aggressive_every, aggressive_at, side_every, slack = work[4], work[5], work[6], work[7]
    passive_quantity = (work[8] - SHY_OF_A_LOT) * lot
    aggressive_quantity = work[9] * lot
    orders = 0
    count = 0
    passive = 0
    aggressive = 0
    passive_leaves = 0.0
    aggressive_leaves = 0.0
    hbt.elapse(0)
    for look in range(looks):
        hbt.elapse(first_look + look * look_nanos - hbt.current_timestamp)
        if passive > 0:
            passive_leaves, count = note_fills(hbt, passive, passive_leaves, lot, fills, count)
        if aggressive > 0:
            aggressive_leaves, count = note_fills(
                hbt, aggressive, aggressive_leaves, lot, fills, count
            )
        depth = hbt.depth(0)
        bid = depth.best_bid_tick
        ask = depth.best_ask_tick
        if bid == NO_BID or ask == NO_ASK:
            continue
        sums[0] += 1
        sums[1] += bid
        sums[2] += ask
        # Not best_bid_qty: of the vector depth it gives the price (2.4.4).
        sums[3] += round(depth.bid_qty_at_tick(bid) / lot)
        sums[4] += round(depth.ask_qty_at_tick(ask) / lot)

        is_buy = (look // side_every) % 2 == 0
        if look % passive_every == 0:
            hbt.clear_inactive_orders(0)
            orders += 1
            price = bid if is_buy else ask
            if is_buy:
                hbt.submit_buy_order(0, orders, price * tick, passive_quantity, GTX, LIMIT, False)
            else:
                hbt.submit_sell_order(0, orders, price * tick, passive_quantity, GTX, LIMIT, False)
            sent[orders - 1, 0] = 1
            sent[orders - 1, 1] = is_buy
            sent[orders - 1, 2] = price
            passive = orders
            passive_leaves = passive_quantity
        elif look % passive_every == passive_for and passive > 0:
            order = hbt.orders(0).get(passive)
            if order is not None and (order.status == NEW or order.status == PARTIALLY_FILLED):
                hbt.cancel(0, passive, False)
        if look % aggressive_every == aggressive_at:
            orders += 1
            price = ask + slack if is_buy else bid - slack
            if is_buy:
                hbt.submit_buy_order(
                    0, orders, price * tick, aggressive_quantity, IOC, LIMIT, False
                )
            else:
                hbt.submit_sell_order(
                    0, orders, price * tick, aggressive_quantity, IOC, LIMIT, False
                )
            sent[orders - 1, 1] = is_buy
            sent[orders - 1, 2] = price
            aggressive = orders
            aggressive_leaves = aggressive_quantity
    hbt.elapse(HOUR)
    if passive > 0:
        passive_leaves, count = note_fills(hbt, passive, passive_leaves, lot, fills, count)
    if aggressive > 0:
        aggressive_leaves, count = note_fills(hbt, aggressive, aggressive_leaves, lot, fills, count)
    return orders, count


def run(work, data, depth, looks):
    asset = (
        BacktestAsset()
        .data(data)
        .linear_asset(1.0)
        .constant_order_latency(work["entryNanos"], work["responseNanos"])
        .risk_adverse_queue_model()
        .partial_fill_exchange()
        .trading_value_fee_model(0.0002, 0.0005)
        .tick_size(work["tickSize"])
        .lot_size(work["lotSize"])
        .last_trades_capacity(0)
    )
    if depth == "roivector":
        mid, roi, tick = work["midTick"], work["roiTicks"], work["tickSize"]
        asset = asset.roi_lb((mid - roi) * tick).roi_ub((mid + roi) * tick)
        hbt = ROIVectorMarketDepthBacktest([asset])
    else:
        hbt = HashMapMarketDepthBacktest([asset])
    names = (
        "lookNanos passiveEvery passiveFor aggressiveEvery aggressiveAt sideEvery slackTicks "
        "passiveLots aggressiveLots"
    ).split()
    numbers = np.array([looks] + [work[name] for name in names], dtype=np.int64)
    most = looks // work["passiveEvery"] + looks // work["aggressiveEvery"] + 2
    sent = np.zeros((most, 3), np.int64)
    fills = np.zeros((most * work["passiveLots"], 4), np.int64)
    sums = np.zeros(5, np.int64)
    tick, lot = work["tickSize"], work["lotSize"]
    started, cpu = time.perf_counter(), time.process_time()
    orders, count = follow(hbt, numbers, work["firstLook"], tick, lot, sent, fills, sums)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    hbt.close()
    return (seconds, cpu_seconds), sent[:orders], fills[:count], sums


def main():
    work_path, market, depth, fills_path = sys.argv[1:]
    work = read_work(work_path)
    started = time.perf_counter()
    data = np.load(market)["data"]
    load_seconds = time.perf_counter() - started
    started = time.perf_counter()
    run(work, data[: 1 << 18].copy(), depth, 1000)
    compile_seconds = time.perf_counter() - started
    (seconds, cpu_seconds), sent, fills, sums = run(work, data, depth, work["looks"])
    with open(fills_path, "w", encoding="ascii") as out:
        for number, (is_passive, is_buy, price) in enumerate(sent, 1):
            kind = "passive" if is_passive else "aggressive"
            out.write(f"order,{number},{kind},{'buy' if is_buy else 'sell'},{price}\n")
        for order, nanos, price, lots in fills:
            out.write(f"fill,{order},{nanos // 1000},{price},{lots}\n")
    names = ("looks", "bidTicks", "askTicks", "bidLots", "askLots")
    print(
        json.dumps(
            {
                "rows": len(data),
                "loadSeconds": load_seconds,
                "compileSeconds": compile_seconds,
                "replaySeconds": seconds,
                "cpuSeconds": cpu_seconds,
                "sums": dict(zip(names, sums.tolist())),
            }
        )
    )


main()
