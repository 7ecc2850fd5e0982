// SPDX-License-Identifier: MIT OR Apache-2.0
//! The workloads of airt-bench for Tokio, one task and one mpsc channel an actor: actors NAME COUNT ACTORS WORKERS.
//! Prints a JSON object for each figure, with what was counted in `check`; who calls it compares that with what it
//! should be.
mod latency;
mod messages;

use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The room of a channel whose sender is to wait when it is full.
pub const BOX: usize = 1024;

pub fn report(name: &str, value: f64, unit: &str, check: u64) {
    println!("{{\"name\":\"{name}\",\"value\":{value:.3},\"unit\":\"{unit}\",\"check\":{check}}}");
}

pub fn each(span: Duration, operations: u64) -> f64 {
    span.as_nanos() as f64 / operations as f64
}

/// Sorts the samples.
pub fn percentile(samples: &mut [Duration], part: f64) -> f64 {
    samples.sort_unstable();
    samples[((samples.len() - 1) as f64 * part) as usize].as_nanos() as f64
}

/// The work runs as a task of the workers, not on the thread that waits here.
fn on_workers(runtime: &Runtime, work: impl std::future::Future<Output = ()> + Send + 'static) {
    let task = runtime.spawn(work);
    runtime.block_on(task).unwrap();
}

fn run(runtime: &Runtime, name: &str, count: u64, actors: u64) {
    match name {
        "pingpong" => on_workers(runtime, messages::pingpong(count)),
        "pingpong_apart" => messages::pingpong_apart(count),
        "counting" => on_workers(runtime, messages::into_one_bounded("counting", count, 1)),
        "counting_unbounded" => on_workers(runtime, messages::into_one("counting_unbounded", count, 1)),
        "fanin" => on_workers(runtime, messages::into_one_bounded("fanin", count, actors)),
        "fanin_unbounded" => on_workers(runtime, messages::into_one("fanin_unbounded", count, actors)),
        "ring100" => on_workers(runtime, messages::ring("ring100", count, actors)),
        "ring10k" => on_workers(runtime, messages::ring("ring10k", count, actors)),
        "spawn" => on_workers(runtime, messages::spawn(count)),
        "big" => on_workers(runtime, messages::big(count, actors)),
        "chameneos" => on_workers(runtime, messages::chameneos(count, actors)),
        "ask" => latency::ask(runtime, count),
        "timers" => on_workers(runtime, latency::timers(count, actors)),
        _ => panic!("unknown workload {name}"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize| arguments[index].parse::<u64>().unwrap();
    let workers = number(4) as usize;
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap();
    run(&runtime, &arguments[1], number(2), number(3));
    std::process::exit(0); // without the walk over what is left
}
