use super::*;
use palabre_net::EngineEvent;

const TOPIC: &str = "room:r";

fn hub() -> Hub {
    let hub = Hub::new(Arc::new(EventQueue::new(1_000).unwrap()), 100);
    hub.open_room(&"r".into());
    for (participant, view) in [("ann", "manager"), ("bob", "listener"), ("cy", "listener")] {
        admit(&hub, participant, view);
    }
    hub
}

fn admit(hub: &Hub, participant: &str, view: &str) {
    hub.admit(&"r".into(), std::iter::once((&participant.into(), view)));
}

fn reader(participant: &str) -> Reader<'_> {
    Reader {
        topic: TOPIC,
        view: "listener",
        participant: Some(participant),
        last_event_id: None,
    }
}

fn resuming(participant: &str, last_event_id: u64) -> Reader<'_> {
    Reader {
        last_event_id: Some(last_event_id),
        ..reader(participant)
    }
}

/// What the reader has been sent so far, one line each: event and id.
fn read(outbox: &Outbox) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(next) = outbox.try_next() {
        match next {
            Next::Send(frame) => {
                let text = String::from_utf8(frame.to_vec()).unwrap();
                let lines: Vec<&str> = text.lines().collect();
                out.push(format!(
                    "{} {}",
                    &lines[0][7..],
                    &lines[1][lines[1].find(' ').unwrap() + 1..]
                ));
            }
            Next::Resync => {
                out.push("resync".into());
                break;
            }
            Next::End => {
                out.push("end".into());
                break;
            }
        }
    }
    out
}

fn wanted(hub: &Hub) -> Vec<String> {
    let wanted = |event| {
        let EngineEvent::SnapshotWanted { view, .. } = event else {
            return None;
        };
        Some(view)
    };
    hub.events.drain().into_iter().filter_map(wanted).collect()
}

fn publish(hub: &Hub, versions: std::ops::Range<u64>) {
    for version in versions {
        hub.publish(TOPIC, "listener", version - 1, version, b"{}");
    }
}

#[test]
fn a_reader_gets_the_snapshot_and_then_the_changes() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    publish(&hub, 4..6);
    assert_eq!(read(&bob), ["snapshot 3", "change 4", "change 5"]);
}

#[test]
fn without_a_snapshot_python_is_asked_once_and_the_reader_waits() {
    let hub = hub();
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    let (_, cy) = hub.connect(&reader("cy")).unwrap();
    assert_eq!(wanted(&hub), ["listener"]);
    publish(&hub, 4..5);
    assert!(read(&bob).is_empty());
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    for outbox in [bob, cy] {
        assert_eq!(read(&outbox), ["snapshot 3", "change 4"]);
    }
}

#[test]
fn who_comes_back_gets_only_what_was_missed() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    publish(&hub, 4..7);
    let (_, bob) = hub.connect(&resuming("bob", 4)).unwrap();
    assert_eq!(read(&bob), ["change 5", "change 6"]);
    let (_, cy) = hub.connect(&resuming("cy", 6)).unwrap();
    assert!(read(&cy).is_empty());
}

#[test]
fn who_comes_back_from_beyond_the_ring_or_the_future_gets_a_snapshot() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    for unknown in [1, 99] {
        let (_, bob) = hub.connect(&resuming("bob", unknown)).unwrap();
        assert_eq!(read(&bob), ["snapshot 3"]);
    }
}

#[test]
fn a_ring_that_has_left_its_snapshot_behind_asks_for_a_new_one() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    publish(&hub, 2..400);
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    assert_eq!(wanted(&hub), ["listener"]);
    hub.snapshot(TOPIC, "listener", 390, b"{}");
    assert_eq!(read(&bob)[..2], ["snapshot 390", "change 391"]);
}

#[test]
fn a_gap_in_what_python_publishes_becomes_a_snapshot_never_silence() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    hub.publish(TOPIC, "listener", 7, 8, b"{}");
    assert_eq!(wanted(&hub), ["listener"]);
    hub.snapshot(TOPIC, "listener", 8, b"{}");
    publish(&hub, 9..10);
    assert_eq!(read(&bob), ["snapshot 8", "change 9"]);
}

#[test]
fn a_slow_reader_starts_again_from_a_snapshot() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    let (key, bob) = hub.connect(&reader("bob")).unwrap();
    publish(&hub, 2..700);
    assert_eq!(read(&bob)[0], "resync");
    hub.resync(TOPIC, key);
    assert_eq!(wanted(&hub), ["listener"]);
    hub.snapshot(TOPIC, "listener", 699, b"{}");
    assert_eq!(read(&bob), ["snapshot 699"]);
}

/// How often the outbox was looked into during `what`.
fn looks(outbox: &Outbox, what: impl FnOnce()) -> usize {
    let count = || outbox.looks.load(std::sync::atomic::Ordering::Relaxed);
    let before = count();
    what();
    count() - before
}

#[test]
fn nobody_looks_into_the_outboxes_of_those_who_are_there_when_others_come_or_resync() {
    let hub = hub();
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    let (key, _cy) = hub.connect(&reader("cy")).unwrap();
    let others = || {
        for number in 0..20 {
            let who = format!("p{number}");
            admit(&hub, &who, "listener");
            let (key, _) = hub.connect(&reader(&who)).unwrap();
            hub.disconnect(TOPIC, key);
        }
        hub.resync(TOPIC, key);
        hub.remind(TOPIC, key);
    };
    assert_eq!(
        looks(&bob, others),
        0,
        "while everybody waits for a snapshot"
    );
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    assert_eq!(looks(&bob, others), 0, "while everybody is in step");
}

#[test]
fn a_change_looks_once_into_each_outbox() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    assert_eq!(looks(&bob, || publish(&hub, 2..10)), 8);
    assert_eq!(looks(&bob, || publish(&hub, 10..100)), 90, "a stale ring");
}

#[test]
fn a_fresh_snapshot_disturbs_only_those_who_wait_for_it() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    publish(&hub, 2..100);
    let answer = || hub.snapshot(TOPIC, "listener", 99, b"{}");
    assert_eq!(looks(&bob, answer), 0);
    assert_eq!(read(&bob).len(), 99);
}

#[test]
fn a_listener_who_may_speak_now_sees_what_speakers_see() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    hub.snapshot(TOPIC, "speaker", 3, b"{}");
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    assert_eq!(read(&bob), ["snapshot 3"]);
    admit(&hub, "bob", "speaker");
    hub.publish(TOPIC, "speaker", 3, 4, b"{}");
    publish(&hub, 4..5);
    assert_eq!(read(&bob), ["snapshot 3", "change 4"]);
}

#[test]
fn who_is_removed_reads_why_and_does_not_come_back() {
    let hub = hub();
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    hub.remove(&"r".into(), &"bob".into(), "REMOVED_FROM_ROOM");
    assert_eq!(read(&bob), ["bye {\"code\":\"REMOVED_FROM_ROOM\"}", "end"]);
    assert_eq!(hub.connect(&reader("bob")).unwrap_err(), Refused::NotInRoom);
}

#[test]
fn a_second_stream_of_a_participant_ends_the_first_without_telling_python() {
    let hub = hub();
    let (first, old) = hub.connect(&reader("bob")).unwrap();
    let (second, _) = hub.connect(&reader("bob")).unwrap();
    hub.disconnect(TOPIC, first);
    assert_eq!(read(&old), ["bye {\"code\":\"TAKEN_OVER\"}", "end"]);
    let doors = |events: std::collections::VecDeque<EngineEvent>| {
        events
            .iter()
            .filter(|event| !matches!(event, EngineEvent::SnapshotWanted { .. }))
            .count()
    };
    assert_eq!(doors(hub.events.drain()), 1);
    hub.disconnect(TOPIC, second);
    assert_eq!((doors(hub.events.drain()), hub.readers()), (1, 0));
}

#[test]
fn newcomers_learn_who_is_heard_now() {
    let hub = hub();
    hub.snapshot(TOPIC, "listener", 3, b"{}");
    hub.speaking(&"r".into(), &["ann".into()]);
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    assert_eq!(
        read(&bob),
        ["snapshot 3", "speaking {\"speaking\":[\"ann\"]}"]
    );
}

#[test]
fn a_room_that_ended_says_goodbye_to_everybody() {
    let hub = hub();
    let (_, bob) = hub.connect(&reader("bob")).unwrap();
    hub.close_room(&"r".into(), "ROOM_ENDED");
    assert_eq!(read(&bob), ["bye {\"code\":\"ROOM_ENDED\"}", "end"]);
    assert_eq!(hub.connect(&reader("cy")).unwrap_err(), Refused::NotInRoom);
}

/// Who reads what is said of a chat.
const A_MEMBER: Reader<'static> = Reader {
    topic: "chat:c",
    view: "member",
    participant: None,
    last_event_id: None,
};

#[test]
fn a_chat_needs_no_opening_and_is_forgotten_with_its_last_reader() {
    let hub = hub();
    let (key, outbox) = hub.connect(&A_MEMBER).unwrap();
    assert_eq!(wanted(&hub), ["member"]);
    hub.snapshot("chat:c", "member", 1, b"{\"version\":1}");
    assert_eq!(read(&outbox), ["snapshot 1"]);
    hub.disconnect("chat:c", key);
    assert!(!hub.lock().topics.contains_key("chat:c"));
}

#[test]
fn what_is_said_of_a_chat_that_nobody_reads_is_not_kept() {
    let hub = hub();
    let (key, _) = hub.connect(&A_MEMBER).unwrap();
    assert_eq!(wanted(&hub), ["member"]);
    hub.disconnect("chat:c", key);
    hub.snapshot("chat:c", "member", 1, b"{}");
    hub.publish("chat:c", "member", 1, 2, b"{}");
    assert!(!hub.lock().topics.contains_key("chat:c"));
    let (_, again) = hub.connect(&A_MEMBER).unwrap();
    assert_eq!(wanted(&hub), ["member"]);
    hub.snapshot("chat:c", "member", 2, b"{}");
    assert_eq!(read(&again), ["snapshot 2"]);
}

/// Whether Python has been told of what waits.
fn told(hub: &Hub) -> bool {
    let mut descriptor = libc::pollfd {
        fd: std::os::fd::AsRawFd::as_raw_fd(&*hub.events),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pointer lives for the call.
    unsafe { libc::poll(&raw mut descriptor, 1, 0) == 1 }
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_is_reported_together_and_who_waits_for_a_snapshot_at_once() {
    let (hub, every) = (Arc::new(hub()), Duration::from_millis(10));
    hub.snapshot(TOPIC, "listener", 1, b"{}");
    let reporting = Arc::clone(&hub);
    tokio::spawn(async move { reporting.report(every).await });
    let (first, _) = hub.connect(&reader("bob")).unwrap();
    tokio::time::sleep(every / 10).await;
    assert!(told(&hub), "whoever comes first is reported at once");
    assert_eq!(hub.events.drain().len(), 1);
    hub.connect(&reader("cy")).unwrap();
    hub.disconnect(TOPIC, first);
    tokio::time::sleep(every / 2).await;
    assert!(!told(&hub));
    tokio::time::sleep(every / 2).await;
    assert!(told(&hub));
    assert_eq!(hub.events.drain().len(), 2);
    hub.connect(&Reader {
        view: "manager",
        ..reader("ann")
    })
    .unwrap();
    assert!(told(&hub), "it waits for a snapshot");
}
