//! Two Kaia-format chains in one process.
