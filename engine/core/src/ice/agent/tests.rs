use super::*;
use crate::stun::{BindingRequest, write_binding_request};

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
        Agent::new(credentials("a"), &credentials("b")),
        Instant::now(),
    )
}

#[test]
fn a_right_check_is_answered_with_the_address_it_came_from() {
    let (mut agent, now) = agent();
    let answer = agent
        .handle(now, path(5), &check("aaaa:bbbb", &"a".repeat(22), false))
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
    assert_eq!(
        agent.handle(now, path(5), &check("aaaa:bbbb", &"x".repeat(22), true)),
        None
    );
    assert_eq!(
        agent.handle(now, path(5), &check("xxxx:bbbb", &right, true)),
        None
    );
    assert_eq!(
        agent.handle(now, path(5), &check("aaaa:xxxx", &right, true)),
        None
    );
    let success = write_binding_success([9; 12], path(5).remote, &right);
    assert_eq!(agent.handle(now, path(5), &success), None);
    assert!(!agent.is_valid(path(5)));
    assert_eq!((agent.selected(), agent.consent_until()), (None, None));
}

#[test]
fn the_peer_roams_by_nominating_and_not_by_checking_alone() {
    let (mut agent, now) = agent();
    let right = "a".repeat(22);
    agent
        .handle(now, path(5), &check("aaaa:bbbb", &right, true))
        .unwrap();
    agent
        .handle(now, path(6), &check("aaaa:bbbb", &right, false))
        .unwrap();
    assert_eq!(agent.selected(), Some(path(5)));
    agent
        .handle(now, path(6), &check("aaaa:bbbb", &right, true))
        .unwrap();
    assert_eq!(agent.selected(), Some(path(6)));
}

#[test]
fn after_a_restart_old_credentials_hold_until_the_new_are_used() {
    let (mut agent, now) = agent();
    let (old, new) = ("a".repeat(22), "c".repeat(22));
    agent
        .handle(now, path(5), &check("aaaa:bbbb", &old, true))
        .unwrap();
    agent.restart(credentials("c"), &credentials("d"));
    agent
        .handle(now, path(5), &check("aaaa:bbbb", &old, true))
        .unwrap();
    agent
        .handle(now, path(6), &check("cccc:dddd", &new, true))
        .unwrap();
    assert_eq!(
        agent.handle(now, path(5), &check("aaaa:bbbb", &old, true)),
        None
    );
    assert_eq!(agent.selected(), Some(path(6)));
    assert!(
        agent.is_valid(path(5)),
        "what is under way on the old path still counts"
    );
}

#[test]
fn the_list_of_proven_paths_is_bounded_and_keeps_the_selected_one() {
    let (mut agent, now) = agent();
    for port in 1..100 {
        agent
            .handle(
                now,
                path(port),
                &check("aaaa:bbbb", &"a".repeat(22), port == 1),
            )
            .unwrap();
    }
    assert_eq!(agent.valid.len(), MAX_PATHS);
    assert!(agent.is_valid(path(1)) && agent.is_valid(path(99)));
}
