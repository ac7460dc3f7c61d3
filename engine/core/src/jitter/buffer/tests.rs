use proptest::prelude::*;

use super::*;
use crate::jitter::MIN_DELAY;
use crate::opus::inspect;

/// One byte of CELT, 20 ms, and the packet's number.
fn payload(n: u8) -> [u8; 3] {
    [0xf8, n, 0]
}

struct Bench {
    start: Instant,
    buffer: JitterBuffer,
}

impl Bench {
    fn new() -> Self {
        let start = Instant::now();
        Self {
            start,
            buffer: JitterBuffer::new(start),
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// Packet `n`, whose turn is at 20 n ms, comes at `ms`. The timestamps wrap around at packet 5.
    fn put(&mut self, ms: u64, n: u8) {
        let rtp_ts = (u32::from(n) * 960).wrapping_sub(5 * 960);
        let payload = payload(n);
        let packet = AudioPacket {
            ssrc: 1,
            seq: u16::from(n),
            rtp_ts,
            marker: false,
            claimed_level: None,
            payload: &payload,
        };
        let now = self.at(ms);
        self.buffer
            .insert(now, &packet, &inspect(&payload).unwrap());
    }

    /// The number of the packet played at `ms`; what else the decoder was told is given in words.
    fn take(&mut self, ms: u64) -> Result<u8, &'static str> {
        let now = self.at(ms);
        match self.buffer.next(now) {
            Step::Play { payload, .. } => Ok(payload[1]),
            Step::Recover { .. } => Err("recover"),
            Step::Conceal { .. } => Err("conceal"),
            Step::Wait => Err("wait"),
        }
    }
}

#[test]
fn packets_wait_for_the_target_and_are_put_in_order() {
    let mut bench = Bench::new();
    bench.put(0, 0);
    assert_eq!(bench.take(20), Err("wait"));
    bench.put(21, 2);
    bench.put(22, 1);
    bench.put(23, 1);
    let played: Vec<_> = [40, 60, 80].into_iter().map(|ms| bench.take(ms)).collect();
    assert_eq!(played, [Ok(0), Ok(1), Ok(2)]);
}

#[test]
fn a_lost_packet_is_recovered_from_the_next_one() {
    let mut bench = Bench::new();
    bench.put(0, 0);
    bench.put(40, 2);
    assert_eq!(bench.take(40), Ok(0));
    let now = bench.at(60);
    let next = payload(2);
    assert_eq!(
        bench.buffer.next(now),
        Step::Recover {
            next: &next,
            samples: 960
        }
    );
    assert_eq!(bench.take(80), Ok(2));
}

#[test]
fn a_stream_that_stops_is_concealed_for_100_ms_and_then_a_pause() {
    let mut bench = Bench::new();
    bench.put(0, 0);
    assert_eq!(bench.take(40), Ok(0));
    let said: Vec<_> = (3..9).map(|tick| bench.take(20 * tick)).collect();
    assert_eq!(said[..5], [Err("conceal"); 5]);
    assert_eq!(said[5], Err("wait"));
    bench.put(5_000, 250);
    assert_eq!(bench.take(5_020), Err("wait"));
    assert_eq!(bench.take(5_040), Ok(250));
}

#[test]
fn a_senders_pause_is_not_concealed() {
    let mut bench = Bench::new();
    let toc = [0xf8];
    let pause = AudioPacket {
        ssrc: 1,
        seq: 0,
        rtp_ts: 0,
        marker: false,
        claimed_level: None,
        payload: &toc,
    };
    bench
        .buffer
        .insert(bench.start, &pause, &inspect(&toc).unwrap());
    let now = bench.at(40);
    assert!(matches!(bench.buffer.next(now), Step::Play { .. }));
    assert_eq!(bench.take(60), Err("wait"));
}

#[test]
fn a_delay_that_grows_for_good_is_followed() {
    let mut bench = Bench::new();
    let mut played = Vec::new();
    for tick in 0..100u64 {
        // From packet 20 on everything comes 200 ms later.
        let n = if tick < 20 {
            Some(tick)
        } else {
            tick.checked_sub(10).filter(|n| *n >= 20)
        };
        if let Some(n) = n {
            bench.put(20 * tick, n as u8);
        }
        played.extend(bench.take(20 * tick + 1));
    }
    assert!(played.len() >= 75, "{played:?}");
    assert!(played.is_sorted());
    assert!(bench.buffer.depth() <= Duration::from_millis(120));
}

#[test]
fn a_wild_timestamp_begins_anew_and_holds_nothing_back() {
    let mut bench = Bench::new();
    bench.put(0, 0);
    let wild = payload(9);
    let packet = AudioPacket {
        ssrc: 1,
        seq: 1,
        rtp_ts: 0x4000_0000,
        marker: false,
        claimed_level: None,
        payload: &wild,
    };
    let now = bench.at(20);
    bench.buffer.insert(now, &packet, &inspect(&wild).unwrap());
    assert_eq!(bench.take(20 + MIN_DELAY.as_millis() as u64), Ok(9));
}

proptest! {
    #[test]
    fn whatever_comes_the_decoder_is_never_kept_busy_for_more_than_is_held(
        packets in proptest::collection::vec(
            (0u64..60, any::<u32>(), any::<bool>(), 0u32..2, prop::sample::select(vec![0xf8u8, 0xe0, 0x18])), 1..400)
    ) {
        let start = Instant::now();
        let (mut buffer, mut now, mut rtp_ts) = (JitterBuffer::new(start), start, 0u32);
        for (pause, wild, steady, ssrc, toc) in packets {
            now += Duration::from_millis(pause);
            rtp_ts = if steady { rtp_ts.wrapping_add(960) } else { rtp_ts.wrapping_add(wild >> (wild % 32)) };
            let payload = [toc, 1, 2];
            let packet = AudioPacket { ssrc, seq: 0, rtp_ts, marker: false, claimed_level: None, payload: &payload };
            buffer.insert(now, &packet, &inspect(&payload).unwrap());
            let steps = (0..100).take_while(|_| buffer.next(now) != Step::Wait).count();
            prop_assert!(steps <= 2 * CAPACITY + 6);
            prop_assert!(buffer.held.len() <= CAPACITY);
        }
    }
}
