//! A shard with three sessions that come from anywhere: checks under any address, handshakes, sound, noise, rights,
//! restarts, time. What is sent goes where somebody asked for it, and sound only where its listener really is.
#![no_main]

#[path = "../common/peer.rs"]
mod peer;
#[path = "../common/world.rs"]
mod world;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use peer::Fate;
use world::{PEOPLE, World, address};

const MOST_STEPS: usize = 150;

#[derive(Debug, Arbitrary)]
struct Run {
    kinds: [bool; PEOPLE],
    without_cookie: bool,
    /// Who has shaken hands before the steps begin: one bit each.
    joined: u8,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// A check of its own, from where it is or from where it says.
    Check {
        who: u8,
        from: u8,
        nominates: bool,
    },
    /// It and the shard go on with their handshake.
    GoOn {
        who: u8,
    },
    Move {
        who: u8,
        to: u8,
    },
    Connect {
        who: u8,
    },
    Restart {
        who: u8,
        secret: u8,
    },
    Disconnect {
        who: u8,
    },
    Admit {
        who: u8,
        may_speak: bool,
    },
    Remove {
        who: u8,
    },
    Sound {
        who: u8,
        from: u8,
        payload: Vec<u8>,
        fate: Fate,
    },
    Report {
        who: u8,
        from: u8,
        more: Vec<u8>,
        fate: Fate,
    },
    Noise {
        from: u8,
        bytes: Vec<u8>,
    },
    Milliseconds(u16),
}

fn take(world: &mut World, step: Step) {
    let person = |who: u8| usize::from(who) % PEOPLE;
    match step {
        Step::Check {
            who,
            from,
            nominates,
        } => world.check(person(who), address(from), nominates),
        Step::GoOn { who } => world.go_on(person(who)),
        Step::Move { who, to } => world.change_home(person(who), address(to)),
        Step::Connect { who } => world.connect(person(who)),
        Step::Restart { who, secret } => world.restart(person(who), secret),
        Step::Disconnect { who } => world.leave(person(who), false),
        Step::Admit { who, may_speak } => world.admit(person(who), may_speak),
        Step::Remove { who } => world.leave(person(who), true),
        Step::Sound {
            who,
            from,
            payload,
            fate,
        } => world.media(person(who), address(from), Some(&payload), &[], fate),
        Step::Report {
            who,
            from,
            more,
            fate,
        } => world.media(person(who), address(from), None, &more, fate),
        Step::Noise { from, bytes } => world.come(address(from), bytes),
        Step::Milliseconds(span) => world.pass(span),
    }
}

fuzz_target!(|run: Run| {
    let mut world = World::new(&run.kinds, run.without_cookie);
    for who in (0..PEOPLE).filter(|who| run.joined >> who & 1 == 1) {
        world.join(who);
    }
    for step in run.steps.into_iter().take(MOST_STEPS) {
        take(&mut world, step);
        assert!(world.shard.links() <= PEOPLE && world.shard.half_open() <= PEOPLE);
    }
});
