//! What a process needs, as Linux tells it.

use std::time::Duration;

/// Ticks of the processor's time in a second: the same on every Linux of our kind (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    ticks: u64,
    /// Memory that it holds now.
    pub(crate) resident_kb: u64,
    /// The most that it has held.
    pub(super) peak_kb: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).expect("the operator runs");
        let stat = read("stat");
        // The program's name stands in brackets and may hold anything; user and system time are the 12th and 13th after it.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        let status = read("status");
        let kb = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Self { ticks, resident_kb: kb("VmRSS:"), peak_kb: kb("VmHWM:") }
    }

    /// Percent of one core since `before`.
    pub(super) fn since(&self, before: &Self, between: Duration) -> f64 {
        (self.ticks - before.ticks) as f64 / TICKS / between.as_secs_f64() * 100.0
    }
}
