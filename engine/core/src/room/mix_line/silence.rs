//! How often listeners get a packet while nobody speaks.

/// At first as often as in a sender's own pause (400 ms, RFC 6716 §2.1.9): most pauses end soon, and players find them as
/// they find the pauses of a forwarded voice.
const PAUSE_TICKS: u32 = 20;
/// So long (1.2 s) a silence counts as a pause.
const LONGEST_PAUSE_TICKS: u32 = 3 * PAUSE_TICKS;
/// From then on each 4 s: thousands who wait cost little, and whoever comes meanwhile need not wait long for a first
/// packet, which some players take for the beginning of the session.
const SILENT_TICKS: u32 = 10 * PAUSE_TICKS;

/// Whether a silence's tick has a packet for the group whose turn it is, of so many groups. In each stretch of silent ticks
/// every group has one turn among the first.
pub(super) fn has_packet(tick: u32, groups: u32) -> bool {
    tick % rhythm(tick, groups) < groups
}

/// Ticks from `tick` on, it included, that have no packet.
pub(super) fn idle(tick: u32, groups: u32) -> u32 {
    let rhythm = rhythm(tick, groups);
    if has_packet(tick, groups) {
        0
    } else {
        rhythm - tick % rhythm
    }
}

/// Ticks from one packet of a group to its next, so far into a silence.
fn rhythm(tick: u32, groups: u32) -> u32 {
    if tick < LONGEST_PAUSE_TICKS + groups {
        PAUSE_TICKS
    } else {
        SILENT_TICKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_one_packet_in_each_stretch_and_no_idle_time_ends_without_one() {
        for groups in [1, 3, 5, 6] {
            let with_packet = |ticks: std::ops::Range<u32>| -> Vec<u32> {
                ticks.filter(|tick| has_packet(*tick, groups)).collect()
            };
            let turns = |first: u32| (first..first + groups).collect::<Vec<_>>();
            let expected: Vec<u32> = [20, 40, 60, 200, 400, 600]
                .into_iter()
                .flat_map(turns)
                .collect();
            assert_eq!(with_packet(groups..700), expected);
            for tick in groups..700 {
                let idle = idle(tick, groups);
                assert!(has_packet(tick + idle, groups));
                assert_eq!(with_packet(tick..tick + idle), []);
            }
        }
    }
}
