//! foyer's cache in memory, for cinch_report, which runs it in turns with cinch on values of the same size.
//!
//!     foyer_peer KEYS VALUE_BYTES
//!
//! Sets all keys and gets them back, then says "ready". For each line that it reads, `set 1`, `get 1`, `set 2` or
//! `get 2`, it does so 100,000 times in each of so many threads, with keys in random order, and answers "done".
use std::io::{BufRead, Write};

use foyer_memory::{Cache, CacheBuilder};

type Values = Cache<String, Vec<u8>>;
const CALLS: usize = 100_000;

/// Keys in an order that no cache foresees, as the report makes them for cinch: splitmix64 does for that.
fn shuffled_keys(count: u64, seed: u64) -> Vec<String> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..CALLS).map(|_| format!("user:{}", next() % count)).collect()
}

fn work(cache: &Values, operation: &str, keys: &[String], value: &[u8]) {
    for key in keys {
        if operation == "set" {
            cache.insert(key.clone(), value.to_vec());
        } else {
            assert_eq!(cache.get(key).expect("the key is there").value().len(), value.len());
        }
    }
}

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let (count, length) = (arguments[0], arguments[1] as usize);
    let value: Vec<u8> = (0..length).map(|i| (i * 131 % 251) as u8).collect();
    let cache: Values = CacheBuilder::new(2 * count as usize).with_shards(64).build();  // of entries: none is evicted
    for i in 0..count {
        cache.insert(format!("user:{i}"), value.clone());
    }
    for i in 0..count {
        assert_eq!(*cache.get(&format!("user:{i}")).expect("the key is there").value(), value);
    }
    let keys = [shuffled_keys(count, 1), shuffled_keys(count, 2)];
    let mut out = std::io::stdout();
    let mut say = |text: &str| {
        writeln!(out, "{text}").and_then(|()| out.flush()).expect("somebody listens");
    };
    say("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("text");
        let (operation, threads) = line.split_once(' ').expect("an operation and a number of threads");
        let others = &keys[1..threads.parse().expect("a number")];
        std::thread::scope(|scope| {
            for keys in others {
                scope.spawn(|| work(&cache, operation, keys, &value));
            }
            work(&cache, operation, &keys[0], &value);
        });
        say("done");
    }
}
