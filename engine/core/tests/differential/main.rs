//! The engine and str0m have to say the same of the same bytes: random messages of either, whole and damaged.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(
    clippy::disallowed_methods,
    reason = "virtual time begins at some real moment"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test is about the packets it names"
)]

mod compounds;
mod damage;
mod keyed;
mod packets;
mod pair;
mod profiles;
mod rtcp;
mod said;
mod srtp;
mod stun;

#[path = "../link_common/mod.rs"]
mod link_common;
