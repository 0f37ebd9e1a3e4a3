//! `cargo xtask bench`: prints the tables of docs/performance.md.
//!
//! Times are medians of rounds in one process. The yardstick is the C library's bare recovery of the same seals in the same
//! round, because the machine's own speed drops out of a ratio.

mod devnet;
mod headers;
mod timing;
mod transfers;

fn main() {
    println!("{}\n", timing::machine());
    if std::env::args().nth(1).as_deref() == Some("devnet") {
        return devnet::table();
    }
    headers::table();
    transfers::forged_table();
    transfers::recorded_table();
    devnet::table();
}
