//! The engine and str0m have to say the same of the same bytes: random messages of either, whole and damaged.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod damage;
mod rtcp;
mod srtp;
mod stun;

#[path = "../link_common/mod.rs"]
mod link_common;
