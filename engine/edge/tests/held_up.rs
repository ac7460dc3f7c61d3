//! A media thread that was held up: sound that came meanwhile is heard, and nothing is made up in its place.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{KEY, PATIENCE, ROOM, fleet, ticket, tone};
use palabre_core::shard::{Limits, SessionId};
use palabre_edge::Pinning;
use palabre_edge::http::entrance::Entrance;
use palabre_edge::http::limits::HttpLimits;
use palabre_edge::http::proxies::Proxies;
use palabre_edge::http::server::{Doors, serve};
use palabre_edge::http::{App, router};
use palabre_edge::hub::Hub;
use palabre_edge::ticket::Tickets;
use palabre_load::{ClientId, Door, Fleet, LoadError, Plan, energy_dbov};
use palabre_net::{Command, EventQueue, Media, MediaConfig, SpeakingHook};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// Longer than the mix makes sound up for.
const HELD_UP: Duration = Duration::from_millis(300);
/// 20 ms at 48 kHz.
const FRAME: usize = 960;

/// The engine's parts, with the media in hand.
struct Parts {
    media: Arc<Media>,
    edge: String,
    _runtime: Runtime,
}

impl Parts {
    fn start() -> Self {
        let events = Arc::new(EventQueue::new(1_000).unwrap());
        let config = MediaConfig {
            bind: "127.0.0.1:0".parse().unwrap(),
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            shards: 1,
            limits: Limits::default(),
            pinning: Pinning::Never,
        };
        let nobody_cares: SpeakingHook = Arc::new(|_, _| {});
        let media = Arc::new(Media::start(&config, &events, &nobody_cares).unwrap());
        let app = App {
            hub: Arc::new(Hub::new(Arc::clone(&events), 10)),
            tickets: Arc::new(Tickets::new(&KEY)),
            media: Arc::clone(&media),
            events,
            entrance: Arc::new(Entrance::new(HttpLimits::default())),
            metrics_for: Arc::new([]),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let edge = format!("http://{}/edge/v1", listener.local_addr().unwrap());
        let doors = Doors {
            entrance: Arc::clone(&app.entrance),
            router: router(app, &[]),
            proxies: Proxies::new(&[]),
        };
        runtime.spawn(serve(listener, doors));
        let parts = Self {
            media,
            edge,
            _runtime: runtime,
        };
        parts.ask(Command::OpenRoom { room: ROOM.into() });
        parts
    }

    fn ask(&self, command: Command) {
        assert!(self.media.to_room(&ROOM.into(), command).is_ok());
    }

    fn admit(&self, name: &str, csrc: u32, may_speak: bool) {
        self.ask(Command::Admit {
            room: ROOM.into(),
            participant: name.into(),
            csrc,
            may_speak,
        });
    }

    fn door(&self, door: &str, name: &str) -> Door {
        Door::new(format!("{}/{door}", self.edge), ticket(name, 60))
    }

    /// Keeps the media thread busy with something else.
    fn hold_up(&self, time: Duration) {
        let nobodys = SessionId::parse(&"0".repeat(34)).unwrap();
        self.ask(Command::Disconnect {
            session: nobodys,
            reply: Box::new(move |_| std::thread::sleep(time)),
        });
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.media.stop();
    }
}

fn has_heard(packets: u64) -> impl Fn(&Fleet, ClientId) -> bool {
    move |fleet, id| fleet.client(id).inbox().received() >= packets
}

#[test]
fn sound_that_waited_in_the_socket_is_in_the_mix_and_none_is_made_up() {
    let parts = Parts::start();
    let mut fleet = fleet();
    for (name, csrc) in [("ann", 11), ("bob", 12), ("cy", 13)] {
        parts.admit(name, csrc, name != "bob");
    }
    let ear = Plan::listen().keeping_audio();
    let bob = fleet.join(&parts.door("whep", "bob"), ear).unwrap();
    // Two at once, so that they are mixed.
    for name in ["ann", "cy"] {
        let voice = Plan::speak(tone(10.0));
        fleet.join(&parts.door("whip", name), voice).unwrap();
    }
    let heard = has_heard(50);
    assert!(fleet.run_until(PATIENCE, |fleet| heard(fleet, bob)));
    // What is heard from here on: the fleet goes on sending while nobody reads.
    fleet.take_inbox(bob);
    let heard = has_heard(25);
    assert!(fleet.run_until(PATIENCE, |fleet| heard(fleet, bob)));
    parts.hold_up(HELD_UP);
    let heard = has_heard(75);
    assert!(fleet.run_until(PATIENCE, |fleet| heard(fleet, bob)));
    let inbox = fleet.client(bob).inbox();
    let ssrc = *inbox.streams.keys().next().unwrap();
    let pcm = inbox.decode(ssrc).unwrap();
    let loudness: Vec<f64> = pcm.chunks_exact(FRAME).map(energy_dbov).collect();
    let quietest = loudness.iter().copied().fold(0.0, f64::min);
    assert!(quietest > -15.0, "a hole in a steady tone: {loudness:.0?}");
}

#[test]
fn a_thread_that_stays_late_sends_newcomers_away_until_it_keeps_up() {
    let parts = Parts::start();
    let mut fleet = fleet();
    for (name, csrc) in [("ann", 11), ("bob", 12), ("cy", 13)] {
        parts.admit(name, csrc, name == "ann");
    }
    fleet
        .join(&parts.door("whep", "bob"), Plan::listen())
        .unwrap();
    let voice = Plan::speak(tone(60.0));
    fleet.join(&parts.door("whip", "ann"), voice).unwrap();
    let late = |fleet: &mut Fleet, held_up: Duration| {
        parts.hold_up(held_up);
        fleet.run_for(held_up);
        match fleet.join(&parts.door("whep", "cy"), Plan::listen()) {
            Ok(listener) => fleet.leave(listener).map(|()| false).unwrap(),
            Err(LoadError::Refused { status, code, .. }) => {
                assert_eq!((status, code.as_str()), (503, "FULL"));
                true
            }
            Err(error) => panic!("{error}"),
        }
    };
    for (held_up_ms, refuses) in [(60, true), (1, false)] {
        let deadline = Instant::now() + PATIENCE;
        while late(&mut fleet, Duration::from_millis(held_up_ms)) != refuses {
            assert!(Instant::now() < deadline, "refuses: {}", !refuses);
        }
    }
}
