//! The order script of `work.ts` on hftbacktest's own backtester, in Rust.
//!
//! usage: hftbacktest-peer WORK MARKET.npz DEPTH FILLS.csv, DEPTH one of hashmap, roivector, btree.
//! Prints one line of JSON. Loading and replay are timed apart.

use std::{collections::HashMap, env, fs, io::Write, time::Instant};

use hftbacktest::{
    backtest::{
        Backtest, BacktestError, DataSource, ExchangeKind, L2AssetBuilder,
        assettype::LinearAsset,
        data::{Data, read_npz_file},
        models::{CommonFees, ConstantLatency, RiskAdverseQueueModel, TradingValueFeeModel},
    },
    depth::{
        BTreeMarketDepth, HashMapMarketDepth, INVALID_MAX, INVALID_MIN, L2MarketDepth, MarketDepth,
        ROIVectorMarketDepth,
    },
    types::{Bot, Event, OrdType, TimeInForce},
};

/// Of a resting order. In 0.9.4 `PartialFillExchange` keeps an order in its book that a trade fills
/// exactly to the last lot, and the next trade there ends the run with `InvalidOrderStatus`. A
/// quarter of a lot less is never met exactly, and rounds to the same lots everywhere.
const SHY_OF_A_LOT: f64 = 0.25;

struct Work(HashMap<String, f64>, i64);

impl Work {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(path).expect("the work file can be read");
        let mut numbers = HashMap::new();
        let mut first_look = 0;
        for line in text.lines() {
            let (name, value) = line.split_once(' ').expect("lines are `name number`");
            if name == "firstLook" {
                first_look = value.parse().expect("nanoseconds");
            } else {
                numbers.insert(name.to_string(), value.parse().expect("a number"));
            }
        }
        Work(numbers, first_look)
    }

    fn number(&self, name: &str) -> f64 {
        *self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("the work file lacks {name}"))
    }

    fn count(&self, name: &str) -> i64 {
        self.number(name) as i64
    }
}

struct Fill {
    order: u64,
    exchange_nanos: i64,
    price_tick: i64,
    lots: i64,
}

struct Sent {
    order: u64,
    is_passive: bool,
    is_buy: bool,
    price_tick: i64,
}

#[derive(Default)]
struct Outcome {
    looks: i64,
    bid_ticks: i64,
    ask_ticks: i64,
    bid_lots: i64,
    ask_lots: i64,
    sent: Vec<Sent>,
    fills: Vec<Fill>,
}

/// An order that the strategy follows, and what of it was left at the look before.
#[derive(Clone, Copy)]
struct Followed {
    order: u64,
    leaves: f64,
}

fn run<MD>(work: &Work, data: Data<Event>, depth: impl Fn() -> MD + 'static) -> Outcome
where
    MD: MarketDepth + L2MarketDepth + 'static,
{
    let asset = L2AssetBuilder::new()
        .data(vec![DataSource::Data(data)])
        .latency_model(ConstantLatency::new(
            work.count("entryNanos"),
            work.count("responseNanos"),
        ))
        .asset_type(LinearAsset::new(1.0))
        .fee_model(TradingValueFeeModel::new(CommonFees::new(0.0002, 0.0005)))
        .exchange(ExchangeKind::PartialFillExchange)
        .queue_model(RiskAdverseQueueModel::new())
        .depth(depth)
        .build()
        .expect("the asset is complete");
    let mut backtest = Backtest::builder()
        .add_asset(asset)
        .build()
        .expect("one asset");
    follow(work, &mut backtest).expect("the script runs to the end")
}

fn follow<MD: MarketDepth>(
    work: &Work,
    backtest: &mut Backtest<MD>,
) -> Result<Outcome, BacktestError> {
    let tick = work.number("tickSize");
    let lot = work.number("lotSize");
    let look_nanos = work.count("lookNanos");
    let passive_every = work.count("passiveEvery");
    let passive_for = work.count("passiveFor");
    let aggressive_every = work.count("aggressiveEvery");
    let aggressive_at = work.count("aggressiveAt");
    let side_every = work.count("sideEvery");
    let slack = work.count("slackTicks");
    let passive_quantity = (work.number("passiveLots") - SHY_OF_A_LOT) * lot;
    let aggressive_quantity = work.number("aggressiveLots") * lot;

    let mut out = Outcome::default();
    let mut passive: Option<Followed> = None;
    let mut aggressive: Option<Followed> = None;
    backtest.elapse(0)?;
    for look in 0..work.count("looks") {
        let now = work.1 + look * look_nanos;
        backtest.elapse(now - backtest.current_timestamp())?;
        note_fills(backtest, &mut passive, lot, &mut out.fills);
        note_fills(backtest, &mut aggressive, lot, &mut out.fills);
        let depth = backtest.depth(0);
        let (bid, ask) = (depth.best_bid_tick(), depth.best_ask_tick());
        if bid == INVALID_MIN || ask == INVALID_MAX {
            continue;
        }
        out.looks += 1;
        out.bid_ticks += bid;
        out.ask_ticks += ask;
        out.bid_lots += (depth.best_bid_qty() / lot).round() as i64;
        out.ask_lots += (depth.best_ask_qty() / lot).round() as i64;

        let is_buy = (look / side_every) % 2 == 0;
        if look % passive_every == 0 {
            backtest.clear_inactive_orders(Some(0));
            let price = if is_buy { bid } else { ask };
            let order = send(
                backtest,
                &mut out.sent,
                true,
                is_buy,
                price,
                passive_quantity,
                tick,
            )?;
            passive = Some(Followed {
                order,
                leaves: passive_quantity,
            });
        } else if look % passive_every == passive_for
            && let Some(Followed { order, .. }) = passive
            && let Some(known) = backtest.orders(0).get(&order)
            && known.active()
        {
            backtest.cancel(0, order, false)?;
        }
        if look % aggressive_every == aggressive_at {
            let price = if is_buy { ask + slack } else { bid - slack };
            let quantity = aggressive_quantity;
            let order = send(
                backtest,
                &mut out.sent,
                false,
                is_buy,
                price,
                quantity,
                tick,
            )?;
            aggressive = Some(Followed {
                order,
                leaves: quantity,
            });
        }
    }
    backtest.elapse(3_600_000_000_000)?;
    note_fills(backtest, &mut passive, lot, &mut out.fills);
    note_fills(backtest, &mut aggressive, lot, &mut out.fills);
    Ok(out)
}

fn send<MD: MarketDepth>(
    backtest: &mut Backtest<MD>,
    sent: &mut Vec<Sent>,
    is_passive: bool,
    is_buy: bool,
    price_tick: i64,
    quantity: f64,
    tick: f64,
) -> Result<u64, BacktestError> {
    let order = sent.len() as u64 + 1;
    let price = price_tick as f64 * tick;
    let tif = if is_passive {
        TimeInForce::GTX
    } else {
        TimeInForce::IOC
    };
    if is_buy {
        backtest.submit_buy_order(0, order, price, quantity, tif, OrdType::Limit, false)?;
    } else {
        backtest.submit_sell_order(0, order, price, quantity, tif, OrdType::Limit, false)?;
    }
    sent.push(Sent {
        order,
        is_passive,
        is_buy,
        price_tick,
    });
    Ok(order)
}

fn note_fills<MD: MarketDepth>(
    backtest: &Backtest<MD>,
    followed: &mut Option<Followed>,
    lot: f64,
    fills: &mut Vec<Fill>,
) {
    let Some(known) = followed else { return };
    let Some(order) = backtest.orders(0).get(&known.order) else {
        return;
    };
    let lots = ((known.leaves - order.leaves_qty) / lot).round() as i64;
    if lots == 0 {
        return;
    }
    known.leaves = order.leaves_qty;
    fills.push(Fill {
        order: known.order,
        exchange_nanos: order.exch_timestamp,
        price_tick: order.exec_price_tick,
        lots,
    });
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, work_path, market, depth, fills_path] = arguments.as_slice() else {
        panic!("usage: hftbacktest-peer WORK MARKET.npz hashmap|roivector|btree FILLS.csv");
    };
    let work = Work::read(work_path);
    let (tick, lot) = (work.number("tickSize"), work.number("lotSize"));
    let started = Instant::now();
    let data = read_npz_file::<Event>(market, "data").expect("the market can be read");
    let rows = data.len();
    let load_seconds = started.elapsed().as_secs_f64();
    let (started, cpu) = (Instant::now(), cpu_nanos());
    let out = match depth.as_str() {
        "hashmap" => run(&work, data, move || HashMapMarketDepth::new(tick, lot)),
        "btree" => run(&work, data, move || BTreeMarketDepth::new(tick, lot)),
        "roivector" => {
            let (mid, roi) = (work.number("midTick"), work.number("roiTicks"));
            run(&work, data, move || {
                ROIVectorMarketDepth::new(tick, lot, (mid - roi) * tick, (mid + roi) * tick)
            })
        }
        other => panic!("no depth is named {other}"),
    };
    let replay_seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = match (cpu, cpu_nanos()) {
        (Some(before), Some(after)) => format!("{}", (after - before) as f64 / 1e9),
        _ => "null".to_string(),
    };
    write_orders(fills_path, &out);
    println!(
        "{{\"rows\":{rows},\"loadSeconds\":{load_seconds},\"replaySeconds\":{replay_seconds},\"cpuSeconds\":{cpu_seconds},\
         \"sums\":{{\"looks\":{},\"bidTicks\":{},\"askTicks\":{},\"bidLots\":{},\"askLots\":{}}}}}",
        out.looks, out.bid_ticks, out.ask_ticks, out.bid_lots, out.ask_lots
    );
}

/// Processor time of this thread, the only one that works; where the system does not say, nothing.
fn cpu_nanos() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Lines `order,…` of what was sent, and `fill,…` of what was seen.
fn write_orders(path: &str, out: &Outcome) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).expect("a file to write to"));
    for Sent {
        order,
        is_passive,
        is_buy,
        price_tick,
    } in &out.sent
    {
        let kind = if *is_passive { "passive" } else { "aggressive" };
        let side = if *is_buy { "buy" } else { "sell" };
        writeln!(file, "order,{order},{kind},{side},{price_tick}").expect("written");
    }
    for Fill {
        order,
        exchange_nanos,
        price_tick,
        lots,
    } in &out.fills
    {
        let micros = exchange_nanos.div_euclid(1000);
        writeln!(file, "fill,{order},{micros},{price_tick},{lots}").expect("written");
    }
}
