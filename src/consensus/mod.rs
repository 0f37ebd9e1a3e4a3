//! Who may seal a block, how many must, and how both change from block to block.

pub mod parameters;
