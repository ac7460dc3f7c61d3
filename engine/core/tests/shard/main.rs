//! A `Shard` with str0m clients: who hears whom, what ends, what is refused, over good and bad networks.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../lean/mod.rs"]
mod lean;
#[path = "../link_common/mod.rs"]
mod link_common;
mod loss;
mod refusals;
mod sessions;
#[path = "../shard_common/mod.rs"]
mod shard_common;
mod storms;
mod voices;

use palabre_core::shard::{Door, Limits};
use palabre_load::netem::Conditions;
use shard_common::{World, voice};

const ANN: u32 = 101;
const BEN: u32 = 102;

fn good() -> World {
    World::new(Conditions::default(), 1, Limits::default())
}

/// Ann's microphone (0), Ann's ear (1), Ben's ear (2), Cy's ear (3), connected.
fn stage(mut world: World) -> World {
    world.admit("ann", ANN, true);
    world.admit("ben", BEN, true);
    world.admit("cy", 103, false);
    world.connect("ann", Door::Whip, 1).unwrap();
    for who in ["ann", "ben", "cy"] {
        world.connect(who, Door::Whep, 3).unwrap();
    }
    world.settle();
    world
}
