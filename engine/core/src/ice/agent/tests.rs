use super::*;
use crate::stun::{BindingRequest, write_binding_request};

/// What [`agent`] signs its checks with, and its peer the answers.
const PEERS_PASSWORD: &str = "bbbbbbbbbbbbbbbbbbbbbb";

fn credentials(name: &str) -> IceCredentials {
    IceCredentials::new(&name.repeat(4), &name.repeat(22)).unwrap()
}

fn path(port: u16) -> Path {
    Path::to(([192, 0, 2, 1], port).into())
}

fn check(username: &str, password: &str, use_candidate: bool) -> Vec<u8> {
    let request = BindingRequest {
        transaction: [9; 12],
        username,
        priority: 1,
        tie_breaker: 2,
        use_candidate,
    };
    write_binding_request(&request, password)
}

fn agent() -> (Agent, Instant) {
    (
        Agent::new(credentials("a"), credentials("b"), [1; 16]),
        Instant::now(),
    )
}

/// A check of the peer's; what the agent asks it in turn.
fn come(agent: &mut Agent, now: Instant, from: Path, nominates: bool) -> Option<Vec<u8>> {
    let check = check("aaaa:bbbb", &"a".repeat(22), nominates);
    let replies = agent.handle(now, from, &check);
    assert!(replies.answer.is_some());
    replies.check
}

/// The peer answers the agent's `check`, from there.
fn answer(agent: &mut Agent, now: Instant, from: Path, check: &[u8], password: &str) {
    let transaction = Message::parse(check).unwrap().transaction();
    let answer = write_binding_success(transaction, path(8082).remote, password);
    assert_eq!(agent.handle(now, from, &answer), Replies::default());
}

#[test]
fn a_right_check_is_answered_with_the_address_it_came_from() {
    let (mut agent, now) = agent();
    let answer = agent
        .handle(now, path(5), &check("aaaa:bbbb", &"a".repeat(22), false))
        .answer
        .unwrap();
    let answer = Message::parse(&answer).unwrap();
    assert_eq!(
        (answer.class(), answer.transaction()),
        (Class::Success, [9; 12])
    );
    assert_eq!(answer.mapped_address(), Some(path(5).remote));
    assert!(answer.is_authentic(&"a".repeat(22)));
    assert_eq!(agent.consent_until(), Some(now + CONSENT_LIFETIME));
}

#[test]
fn wrong_password_wrong_user_and_answers_meet_silence() {
    let (mut agent, now) = agent();
    let right = "a".repeat(22);
    for (username, password) in [
        ("aaaa:bbbb", &"x".repeat(22)),
        ("xxxx:bbbb", &right),
        ("aaaa:xxxx", &right),
        ("aaaa", &right),
    ] {
        let replies = agent.handle(now, path(5), &check(username, password, true));
        assert_eq!(replies, Replies::default(), "{username}");
    }
    let success = write_binding_success([9; 12], path(5).remote, &right);
    assert_eq!(agent.handle(now, path(5), &success), Replies::default());
    assert!(!agent.is_valid(path(5)));
    assert_eq!((agent.selected(), agent.consent_until()), (None, None));
}

#[test]
fn the_peer_roams_by_nominating_and_answering_there_and_not_by_checking_alone() {
    let (mut agent, now) = agent();
    assert_eq!(
        come(&mut agent, now, path(5), true),
        None,
        "the first is taken"
    );
    assert_eq!(come(&mut agent, now, path(6), false), None);
    let own = come(&mut agent, now, path(6), true).unwrap();
    assert_eq!(agent.selected(), Some(path(5)), "it has yet to answer");
    let asked = Message::parse(&own).unwrap();
    assert_eq!(
        (asked.username(), asked.is_controlled()),
        (Some("bbbb:aaaa"), true)
    );
    assert!(asked.is_authentic(PEERS_PASSWORD));
    answer(&mut agent, now, path(6), &own, PEERS_PASSWORD);
    assert_eq!(agent.selected(), Some(path(6)));
}

#[test]
fn a_nomination_from_where_the_peer_is_not_moves_nothing() {
    let (mut agent, now) = agent();
    come(&mut agent, now, path(5), true);
    let replayed = come(&mut agent, now, path(6), true).unwrap();
    // Who knows the password but not what was asked, who knows what was asked but not the password, who is elsewhere.
    let guessed = check("bbbb:aaaa", PEERS_PASSWORD, false);
    answer(&mut agent, now, path(6), &guessed, PEERS_PASSWORD);
    answer(&mut agent, now, path(6), &replayed, &"x".repeat(22));
    answer(&mut agent, now, path(5), &replayed, PEERS_PASSWORD);
    answer(&mut agent, now, path(7), &replayed, PEERS_PASSWORD);
    assert_eq!(agent.selected(), Some(path(5)));
    // Nominating where it is ends the wish to move.
    come(&mut agent, now, path(5), true);
    answer(&mut agent, now, path(6), &replayed, PEERS_PASSWORD);
    assert_eq!(agent.selected(), Some(path(5)));
}

#[test]
fn a_question_is_repeated_a_few_times_and_begins_anew_with_the_next_check_from_there() {
    let (mut agent, mut now) = agent();
    come(&mut agent, now, path(5), true);
    let first = come(&mut agent, now, path(6), true).unwrap();
    let mut sent = 1;
    while let Some(at) = agent.next_timeout() {
        assert_eq!(come(&mut agent, now, path(6), true), None, "one at a time");
        assert_eq!(agent.handle_timeout(now), None, "not before it is due");
        now = at;
        assert_eq!(agent.handle_timeout(now), Some((path(6), first.clone())));
        sent += 1;
    }
    assert_eq!(sent, 4);
    now += CONSENT_LIFETIME / 10;
    let again = come(&mut agent, now, path(6), false).unwrap();
    assert_ne!(again, first);
    answer(&mut agent, now, path(6), &again, PEERS_PASSWORD);
    assert_eq!(agent.selected(), Some(path(6)));
}

#[test]
fn after_a_restart_old_credentials_hold_until_the_new_are_used() {
    let (mut agent, now) = agent();
    let (old, new) = ("a".repeat(22), "c".repeat(22));
    let with_old = check("aaaa:bbbb", &old, true);
    assert!(agent.handle(now, path(5), &with_old).answer.is_some());
    agent.restart(credentials("c"), credentials("d"));
    assert!(agent.handle(now, path(5), &with_old).answer.is_some());
    let own = agent.handle(now, path(6), &check("cccc:dddd", &new, true));
    assert_eq!(agent.handle(now, path(5), &with_old), Replies::default());
    answer(
        &mut agent,
        now,
        path(6),
        &own.check.unwrap(),
        &"d".repeat(22),
    );
    assert_eq!(agent.selected(), Some(path(6)));
    assert!(
        agent.is_valid(path(5)),
        "what is under way on the old path still counts"
    );
}

#[test]
fn the_list_of_paths_is_bounded_and_keeps_the_selected_one() {
    let (mut agent, now) = agent();
    for port in 1..100 {
        come(&mut agent, now, path(port), port == 1);
    }
    assert_eq!(agent.valid.len(), MAX_PATHS);
    assert!(agent.is_valid(path(1)) && agent.is_valid(path(99)));
}
