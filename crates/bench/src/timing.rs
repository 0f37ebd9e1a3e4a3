//! Medians of rounds, and what machine they were taken on.

use std::time::{Duration, Instant};

/// Runs each of `tasks` once a round, interleaved so that a busy machine slows all alike, and gives the median of each.
pub fn medians<const N: usize>(rounds: usize, mut tasks: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for (task, times) in tasks.iter_mut().zip(&mut times) {
            let start = Instant::now();
            task();
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

/// Milliseconds, with as many digits as mean something.
pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// The processor's name and how many cores there are.
pub fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Machine: {}, {cores} cores; rust release build, one thread.", name.trim_start_matches([' ', '\t', ':']))
}
