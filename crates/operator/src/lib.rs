//! One operator of a multi-bridge.
