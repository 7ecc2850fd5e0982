// SPDX-License-Identifier: MIT OR Apache-2.0
use crate::{each, report, BOX};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::mpsc::{channel, unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Sends of a producer, or spawns, before it lets others run.
const TURN: u64 = 1000;

#[derive(Clone, Copy)]
enum Message {
    Ball,
    One(u64),
    Last,
    Token(u64),
    Ping(u32),
    Pong,
    Meet(u32, u8),
    Met(u8),
    Fade,
}

type Sender = UnboundedSender<Message>;
type Receiver = UnboundedReceiver<Message>;

/// As many channels as there are actors.
fn channels(actors: u64) -> (Arc<Vec<Sender>>, Vec<Receiver>) {
    let (senders, receivers) = (0..actors).map(|_| unbounded_channel()).unzip();
    (Arc::new(senders), receivers)
}

// --- pingpong -----------------------------------------------------------------------------------------------------

async fn ping(count: u64, pong: Sender, mut balls: Receiver) -> u64 {
    let mut got = 0;
    for _ in 0..count {
        let _ = pong.send(Message::Ball);
        balls.recv().await;
        got += 1;
    }
    got
}

/// Until the other one has gone.
async fn pong(ping: Sender, mut balls: Receiver) -> u64 {
    let mut got = 0;
    while let Some(ball) = balls.recv().await {
        got += 1;
        let _ = ping.send(ball);
    }
    got
}

pub async fn pingpong(count: u64) {
    let (to_ping, at_ping) = unbounded_channel();
    let (to_pong, at_pong) = unbounded_channel();
    let pongs = tokio::spawn(pong(to_ping, at_pong));
    let start = Instant::now();
    let got = tokio::spawn(ping(count, to_pong, at_ping)).await.unwrap();
    let span = start.elapsed();
    report("pingpong", each(span, 2 * count), "ns/message", got + pongs.await.unwrap());
}

/// Each on a runtime, and a thread, of its own.
pub fn pingpong_apart(count: u64) {
    let alone = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (to_ping, at_ping) = unbounded_channel();
    let (to_pong, at_pong) = unbounded_channel();
    let pongs = std::thread::spawn(move || alone().block_on(pong(to_ping, at_pong)));
    let start = Instant::now();
    let got = alone().block_on(ping(count, to_pong, at_ping));
    let span = start.elapsed();
    report("pingpong_apart", each(span, 2 * count), "ns/message", got + pongs.join().unwrap());
}

// --- counting, fan-in: the same text for both sorts of channel ----------------------------------------------------

macro_rules! into_one {
    ($name:ident, $channel:expr, |$to:ident, $message:ident| $send:expr) => {
        pub async fn $name(figure: &'static str, count: u64, producers: u64) {
            let share = count / producers;
            let ($to, mut from) = $channel;
            let start = Instant::now();
            let counter = tokio::spawn(async move {
                let (mut sum, mut left) = (0, producers);
                while left > 0 {
                    match from.recv().await {
                        Some(Message::One(amount)) => sum += amount,
                        _ => left -= 1,
                    }
                }
                sum
            });
            for _ in 0..producers {
                let $to = $to.clone();
                tokio::spawn(async move {
                    for i in 1..=share {
                        let $message = Message::One(1);
                        let _ = $send;
                        if i % TURN == 0 {
                            yield_now().await
                        }
                    }
                    let $message = Message::Last;
                    let _ = $send;
                });
            }
            let sum = counter.await.unwrap();
            report(figure, each(start.elapsed(), share * producers), "ns/message", sum);
        }
    };
}
into_one!(into_one, unbounded_channel(), |to, message| to.send(message));
into_one!(into_one_bounded, channel(BOX), |to, message| to.send(message).await);

// --- ring ---------------------------------------------------------------------------------------------------------

type Over<T> = Arc<Mutex<Option<oneshot::Sender<T>>>>;

fn tell_over<T>(over: &Over<T>, value: T) {
    if let Some(over) = over.lock().unwrap().take() {
        let _ = over.send(value);
    }
}

/// Until it is told that it was the last.
async fn ring_actor(mut tokens: Receiver, next: Sender, over: Over<()>) -> u64 {
    let mut got = 0;
    while let Some(Message::Token(left)) = tokens.recv().await {
        got += 1;
        if left == 0 {
            tell_over(&over, ());
        } else {
            let _ = next.send(Message::Token(left - 1));
        }
    }
    got
}

pub async fn ring(figure: &'static str, count: u64, actors: u64) {
    let (to, from) = channels(actors);
    let (over, is_over) = oneshot::channel();
    let over = Arc::new(Mutex::new(Some(over)));
    let tasks: Vec<_> = from
        .into_iter()
        .enumerate()
        .map(|(i, tokens)| tokio::spawn(ring_actor(tokens, to[(i + 1) % to.len()].clone(), over.clone())))
        .collect();
    let start = Instant::now();
    let _ = to[0].send(Message::Token(count - 1));
    is_over.await.unwrap();
    let span = start.elapsed();
    let mut hops = 0;
    for (i, task) in tasks.into_iter().enumerate() {
        let _ = to[i].send(Message::Last);
        hops += task.await.unwrap();
    }
    report(figure, each(span, count), "ns/hop", hops);
}

// --- spawn --------------------------------------------------------------------------------------------------------

pub async fn spawn(count: u64) {
    let ended = Arc::new(AtomicU64::new(0));
    let (over, is_over) = oneshot::channel();
    let over = Arc::new(Mutex::new(Some(over)));
    let counted = ended.clone();
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 1..=count {
            let (to, mut from) = unbounded_channel();
            let (ended, over) = (ended.clone(), over.clone());
            tokio::spawn(async move {
                let _ = from.recv().await;
                drop(from);
                if ended.fetch_add(1, Ordering::AcqRel) == count - 1 {
                    tell_over(&over, ());
                }
            });
            let _ = to.send(Message::Ball);
            if i % TURN == 0 {
                yield_now().await
            }
        }
    });
    is_over.await.unwrap();
    report("spawn", each(start.elapsed(), count), "ns/actor", counted.load(Ordering::Acquire));
}

// --- big ----------------------------------------------------------------------------------------------------------

struct Big {
    me: u32,
    left: u64,
    random: u64,
    to: Arc<Vec<Sender>>,
    done: UnboundedSender<()>,
}

impl Big {
    fn ping(&mut self) {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let mut other = (self.random % (self.to.len() as u64 - 1)) as usize;
        if other >= self.me as usize {
            other += 1;
        }
        let _ = self.to[other].send(Message::Ping(self.me));
    }

    async fn live(mut self, mut from: Receiver) -> u64 {
        let mut got = 0;
        self.ping();
        loop {
            match from.recv().await {
                Some(Message::Ping(who)) => drop(self.to[who as usize].send(Message::Pong)),
                Some(Message::Pong) if self.left > 1 => {
                    self.left -= 1;
                    self.ping();
                }
                Some(Message::Pong) => drop(self.done.send(())),
                _ => return got,
            }
            got += 1;
        }
    }
}

pub async fn big(count: u64, actors: u64) {
    let (to, from) = channels(actors);
    let (done, mut is_done) = unbounded_channel();
    let start = Instant::now();
    let mut tasks = vec![];
    for (i, receiver) in from.into_iter().enumerate() {
        let random = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let actor = Big { me: i as u32, left: count, random, to: to.clone(), done: done.clone() };
        tasks.push(tokio::spawn(actor.live(receiver)));
    }
    for _ in 0..actors {
        is_done.recv().await.unwrap();
    }
    let span = start.elapsed();
    let mut got = 0;
    for (i, task) in tasks.into_iter().enumerate() {
        let _ = to[i].send(Message::Last);
        got += task.await.unwrap();
    }
    report("big", each(span, 2 * count * actors), "ns/message", got);
}

// --- chameneos ----------------------------------------------------------------------------------------------------

async fn mall(count: u64, mut from: Receiver, to: Arc<Vec<Sender>>) {
    let (mut left, mut faded, mut first) = (count, 0, None);
    while faded < to.len() {
        let (who, colour) = match from.recv().await {
            Some(Message::Meet(who, colour)) => (who, colour),
            _ => return,
        };
        if left == 0 {
            let _ = to[who as usize].send(Message::Fade);
            faded += 1;
        } else if let Some((other, other_colour)) = first.take() {
            left -= 1;
            let _ = to[other as usize].send(Message::Met(colour));
            let _ = to[who as usize].send(Message::Met(other_colour));
        } else {
            first = Some((who, colour));
        }
    }
}

async fn creature(me: u32, mall: Sender, mut from: Receiver) -> u64 {
    let (mut colour, mut met) = ((me % 3) as u8, 0);
    let _ = mall.send(Message::Meet(me, colour));
    while let Some(Message::Met(other)) = from.recv().await {
        met += 1;
        if other != colour {
            colour = 3 - colour - other;
        }
        let _ = mall.send(Message::Meet(me, colour));
    }
    met
}

pub async fn chameneos(count: u64, actors: u64) {
    let (to, from) = channels(actors);
    let (to_mall, at_mall) = unbounded_channel();
    let start = Instant::now();
    tokio::spawn(mall(count, at_mall, to));
    let creatures: Vec<_> = from
        .into_iter()
        .enumerate()
        .map(|(i, receiver)| tokio::spawn(creature(i as u32, to_mall.clone(), receiver)))
        .collect();
    let mut met = 0;
    for one in creatures {
        met += one.await.unwrap();
    }
    report("chameneos", each(start.elapsed(), count), "ns/meeting", met);
}
