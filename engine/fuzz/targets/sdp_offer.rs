//! WHIP and WHEP offers; whatever is understood can be answered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palabre_core::dtls::Fingerprint;
use palabre_core::ice::IceCredentials;
use palabre_core::sdp::{Answer, Direction, MAX_SECTIONS, MAX_WORD_LEN, Offer, SentStream};

fuzz_target!(|bytes: &[u8]| {
    let Ok(offer) = Offer::parse(bytes) else {
        return;
    };
    assert!(offer.sections.len() <= MAX_SECTIONS && offer.bundle.len() <= MAX_SECTIONS);
    for section in &offer.sections {
        let mid = section.mid.iter();
        let mut words = [&section.kind, &section.proto, &section.format]
            .into_iter()
            .chain(mid);
        assert!(words.all(|word| word.len() <= MAX_WORD_LEN));
    }
    let streams = [SentStream {
        ssrc: 1,
        stream: "s".into(),
        track: "t".into(),
    }];
    for (direction, streams) in [
        (Direction::Receive, &[][..]),
        (Direction::Send, &streams[..]),
    ] {
        let answer = Answer {
            session_id: 1,
            ice: &IceCredentials::for_shard(0, &[7; 34]),
            fingerprint: &Fingerprint([1; 32]),
            role: offer.setup.answerer(),
            candidates: &[([192, 0, 2, 1], 8082).into()],
            direction,
            cname: "cname",
            streams,
        };
        let sdp = answer.to_sdp(&offer);
        assert_eq!(sdp.matches("\r\nm=").count(), offer.sections.len());
    }
});
