// SPDX-License-Identifier: MIT OR Apache-2.0
use crate::{percentile, report};
use std::sync::mpsc::{sync_channel, SyncSender};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{unbounded_channel, UnboundedSender};

// --- ask: by the main thread, which is none of the workers ----------------------------------------------------------

type Question = SyncSender<()>;

fn ask_many(count: u64, gap: Duration, server: &UnboundedSender<Question>) -> Vec<Duration> {
    let (answer, answers) = sync_channel(1);
    let once = |_| {
        if !gap.is_zero() {
            std::thread::sleep(gap);
        }
        let start = Instant::now();
        let _ = server.send(answer.clone());
        answers.recv().unwrap();
        start.elapsed()
    };
    (0..count).map(once).collect()
}

fn report_asks(name: &str, mut samples: Vec<Duration>, check: u64) {
    for (suffix, part) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        report(&format!("{name}_{suffix}"), percentile(&mut samples, part) / 1e3, "us", check);
    }
}

pub fn ask(runtime: &Runtime, count: u64) {
    let idle = std::cmp::max(1, count / 100);
    let (server, mut questions) = unbounded_channel::<Question>();
    runtime.spawn(async move {
        while let Some(answer) = questions.recv().await {
            let _ = answer.send(());
        }
    });
    let busy = ask_many(count, Duration::ZERO, &server);
    let paced = ask_many(idle, Duration::from_millis(1), &server);
    let check = (busy.len() + paced.len()) as u64;
    report_asks("ask_busy", busy, check);
    report_asks("ask_idle", paced, check);
}

// --- timers: a task each --------------------------------------------------------------------------------------------

fn cpu_ns() -> f64 {
    // SAFETY: rusage is plain numbers, for which zeros are valid, and getrusage fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let ns = |time: libc::timeval| time.tv_sec as f64 * 1e9 + time.tv_usec as f64 * 1e3;
    ns(usage.ru_utime) + ns(usage.ru_stime)
}

async fn timer_owner(owner: u32, count: u64) -> Vec<Duration> {
    let (fired, mut firings) = unbounded_channel::<Instant>();
    let mut random = owner.wrapping_mul(7919);
    for _ in 0..count {
        let due = Instant::now() + Duration::from_millis(10 + u64::from((random & 0xff_ffff) % 91));
        let fired = fired.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(due.into()).await;
            let _ = fired.send(due);
        });
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
    }
    let mut late = Vec::with_capacity(count as usize);
    while (late.len() as u64) < count {
        late.push(firings.recv().await.unwrap().elapsed());
    }
    late
}

pub async fn timers(count: u64, actors: u64) {
    let before = cpu_ns();
    let owners: Vec<_> = (0..actors as u32).map(|i| tokio::spawn(timer_owner(i, count / actors))).collect();
    let mut late = vec![];
    for owner in owners {
        late.extend(owner.await.unwrap());
    }
    let (cpu, fired) = (cpu_ns() - before, late.len() as u64);
    report("timers_cpu", cpu / fired as f64, "ns CPU/timer", fired);
    report("timers_late_p50", percentile(&mut late, 0.5) / 1e6, "ms", fired);
    report("timers_late_p99", percentile(&mut late, 0.99) / 1e6, "ms", fired);
}
