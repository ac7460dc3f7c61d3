use crate::dtls::Fingerprint;
use crate::ice::IceCredentials;
use proptest::prelude::*;

use super::*;

const PRINT: &str = "19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:88:A2";

/// An audio section as a browser writes it.
fn audio(mid: &str, direction: &str, setup: &str) -> String {
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:wjRq\r\n\
         a=ice-pwd:gy5+gkgLWUPpXTLkc+2FMyzO\r\na=ice-options:trickle\r\na=fingerprint:sha-256 {PRINT}\r\n\
         a=setup:{setup}\r\na=mid:{mid}\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
         a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na={direction}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
         a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=rtcp-fb:111 nack\r\n\
         a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=ssrc:3570614608 cname:4TOk42mSjXCkVIa6\r\n"
    )
}

fn session(bundle: &str, sections: &[String]) -> String {
    let head = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=extmap-allow-mixed\r\n";
    format!("{head}{bundle}{}", sections.concat())
}

fn offer(direction: &str, setup: &str) -> Offer {
    let text = session("a=group:BUNDLE 0\r\n", &[audio("0", direction, setup)]);
    Offer::parse(text.as_bytes()).expect("a browser's offer")
}

fn answer(offer: &Offer, direction: Direction, streams: &[SentStream]) -> String {
    let ice = IceCredentials::new("s0abcd", "0123456789abcdefghijkl").expect("credentials");
    Answer {
        session_id: 7,
        ice: &ice,
        fingerprint: &Fingerprint([0xAB; 32]),
        role: offer.setup.answerer(),
        candidates: &[
            "192.0.2.7:8082".parse().unwrap(),
            "[2001:db8::7]:8082".parse().unwrap(),
        ],
        direction,
        cname: "random",
        streams,
    }
    .to_sdp(offer)
}

fn stream(ssrc: u32) -> SentStream {
    SentStream {
        ssrc,
        stream: "room".into(),
        track: format!("slot{ssrc}"),
    }
}

#[test]
fn a_browsers_offer_is_understood() {
    let offer = offer("sendonly", "actpass");
    assert_eq!(
        offer.ice,
        IceCredentials::new("wjRq", "gy5+gkgLWUPpXTLkc+2FMyzO").unwrap()
    );
    assert_eq!(offer.fingerprint.to_string(), format!("sha-256 {PRINT}"));
    let audio = offer.audio().next().unwrap();
    assert_eq!(
        (audio.payload_type, audio.sends, audio.receives),
        (111, true, false)
    );
    assert_eq!(
        (audio.audio_level, audio.nack, audio.rtcp_rsize),
        (Some(1), true, true)
    );
    assert_eq!(audio.ssrcs, [3_570_614_608]);
}

#[test]
fn the_answer_to_a_speaker_receives_and_echoes_the_audio_level() {
    let sdp = answer(&offer("sendonly", "actpass"), Direction::Receive, &[]);
    for line in [
        "a=ice-lite",
        "a=recvonly",
        "a=setup:passive",
        "a=group:BUNDLE 0",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 8082 typ host",
        "a=candidate:2 1 udp 2130706175 2001:db8::7 8082 typ host",
    ] {
        assert!(
            sdp.lines().any(|have| have == line),
            "{line} is missing in\n{sdp}"
        );
    }
}

#[test]
fn redundant_audio_is_taken_from_a_speaker_before_the_opus_it_carries() {
    let offer = offer("sendonly", "actpass");
    assert_eq!(offer.audio().next().unwrap().red, Some(63));
    let sdp = answer(&offer, Direction::Receive, &[]);
    assert!(sdp.contains("m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n"));
    assert!(sdp.contains("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"));
}

#[test]
fn redundant_audio_that_carries_anything_but_the_opus_offered_is_declined() {
    let text = session("", &[audio("0", "sendonly", "actpass")]);
    for fmtp in [
        "",
        "a=fmtp:63 111/0\r\n",
        "a=fmtp:63\r\n",
        "a=fmtp:64 111/111\r\n",
    ] {
        let text = text.replace("a=fmtp:63 111/111\r\n", fmtp);
        let offer = Offer::parse(text.as_bytes()).unwrap();
        assert_eq!(offer.audio().next().unwrap().red, None, "{fmtp}");
        let sdp = answer(&offer, Direction::Receive, &[]);
        assert!(sdp.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), "{sdp}");
    }
}

#[test]
fn the_answer_to_a_passive_offer_sends_the_client_hello() {
    let sdp = answer(&offer("sendonly", "passive"), Direction::Receive, &[]);
    assert!(sdp.contains("a=setup:active\r\n"));
}

#[test]
fn each_bundled_section_of_a_listener_gets_a_stream_and_those_beyond_are_refused() {
    let sections: Vec<_> = (0..4)
        .map(|mid| audio(&mid.to_string(), "recvonly", "actpass"))
        .collect();
    let text = session("a=group:BUNDLE 0 1 2 3\r\n", &sections);
    let offer = Offer::parse(text.as_bytes()).unwrap();
    let sdp = answer(
        &offer,
        Direction::Send,
        &[stream(11), stream(12), stream(13)],
    );
    assert!(sdp.contains("a=group:BUNDLE 0 1 2\r\n"));
    assert_eq!(sdp.matches("m=audio 9 ").count(), 3);
    assert_eq!(
        sdp.matches("m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n").count(),
        1
    );
    assert!(sdp.contains("a=ssrc:13 cname:random\r\n"));
}

#[test]
fn sections_that_are_not_bundled_are_refused() {
    let sections = [
        audio("0", "recvonly", "actpass"),
        audio("1", "recvonly", "actpass"),
    ];
    let offer = Offer::parse(session("", &sections).as_bytes()).unwrap();
    assert_eq!(offer.audio().count(), 1);
}

#[test]
fn video_and_data_are_refused_and_audio_is_taken() {
    let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n".to_owned();
    let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n".to_owned();
    let text = session(
        "a=group:BUNDLE v 0 d\r\n",
        &[video, audio("0", "sendonly", "actpass"), data],
    );
    let sdp = answer(
        &Offer::parse(text.as_bytes()).unwrap(),
        Direction::Receive,
        &[],
    );
    assert!(sdp.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
    assert!(sdp.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert!(sdp.contains("a=group:BUNDLE 0\r\n"));
}

#[test]
fn transport_facts_may_stand_at_the_session_level() {
    let facts = format!(
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:SHA-256 {PRINT}\r\na=setup:passive\r\n"
    );
    let plain = "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtcp-mux\r\na=rtpmap:96 OPUS/48000/2\r\na=sendonly\r\n".to_owned();
    let offer = Offer::parse(session(&facts, &[plain]).as_bytes()).unwrap();
    assert_eq!((offer.ice.ufrag(), offer.setup), ("abcd", Setup::Passive));
}

#[test]
fn an_offer_that_lacks_something_says_what() {
    let whole = session("", &[audio("0", "sendonly", "actpass")]);
    for (without, error) in [
        ("a=rtcp-mux\r\n", OfferError::RtcpMux),
        (
            "a=ice-pwd:gy5+gkgLWUPpXTLkc+2FMyzO\r\n",
            OfferError::IceCredentials,
        ),
        (
            &format!("a=fingerprint:sha-256 {PRINT}\r\n"),
            OfferError::Fingerprint,
        ),
        ("a=setup:actpass\r\n", OfferError::Setup),
        ("a=rtpmap:111 opus/48000/2\r\n", OfferError::NoOpus),
    ] {
        assert_eq!(
            Offer::parse(whole.replace(without, "").as_bytes()),
            Err(error)
        );
    }
}

#[test]
fn an_oversize_description_is_refused_before_it_is_read() {
    let long = vec![b'a'; MAX_LEN + 1];
    assert_eq!(
        Offer::parse(&long),
        Err(OfferError::TooLong { len: MAX_LEN + 1 })
    );
    let sections = vec!["m=audio 9 RTP/AVP 0\r\n".to_owned(); MAX_SECTIONS + 1];
    let many = Offer::parse(session("", &sections).as_bytes());
    assert_eq!(
        many,
        Err(OfferError::TooManySections {
            count: MAX_SECTIONS + 1
        })
    );
}

#[test]
fn formats_and_attributes_beyond_what_a_browser_writes_are_refused() {
    let whole = session("", &[audio("0", "sendonly", "actpass")]);
    let formats = whole.replace(
        "SAVPF 111 63",
        &("SAVPF 111 63".to_owned() + &" 9".repeat(63)),
    );
    let refused = Offer::parse(formats.as_bytes()).unwrap_err();
    assert_eq!(refused, OfferError::TooManyFormats { count: 65 });
    let lines = |count: usize| "a=rtpmap:9 G722/8000\r\n".repeat(count);
    let refused = Offer::parse((whole.clone() + &lines(512)).as_bytes()).unwrap_err();
    assert!(matches!(
        refused,
        OfferError::TooManyAttributes { count: 513.. }
    ));
    let of_session = session(&lines(600), &[audio("0", "sendonly", "actpass")]);
    let refused = Offer::parse(of_session.as_bytes()).unwrap_err();
    assert!(matches!(
        refused,
        OfferError::TooManyAttributes { count: 600.. }
    ));
    // Video is refused whatever it says.
    let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".to_owned() + &lines(600);
    assert!(Offer::parse((whole + &video).as_bytes()).is_ok());
}

#[test]
fn of_an_offer_only_short_words_are_kept() {
    let long = "x".repeat(MAX_WORD_LEN + 1);
    let refused = Err(OfferError::LongWord {
        len: MAX_WORD_LEN + 1,
    });
    let audio = audio("0", "sendonly", "actpass");
    for odd in [
        audio.replace("a=mid:0", &format!("a=mid:{long}")),
        audio.replace("SAVPF 111", &format!("SAVPF {long} 111")),
        format!("{audio}m={long} 9 X 0\r\n"),
        format!("{audio}m=video 9 {long} 0\r\n"),
    ] {
        assert_eq!(Offer::parse(session("", &[odd]).as_bytes()), refused);
    }
    let many = audio.replace("SAVPF 111 63", "SAVPF 111 63 9 0 8 13 110 126");
    let offer = Offer::parse(session("", &[many]).as_bytes()).unwrap();
    assert_eq!(offer.sections[0].format, "111");
}

#[test]
fn an_ice_restart_travels_in_a_fragment_and_back() {
    let asked = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n";
    assert_eq!(
        Fragment::parse(asked.as_bytes()).unwrap().ice.ufrag(),
        "EsAw"
    );
    let ice = IceCredentials::new("newu", "0123456789012345678901").unwrap();
    let offer = offer("recvonly", "actpass");
    let text = Fragment::answer(
        &ice,
        offer.sections.first().unwrap(),
        &["192.0.2.7:1".parse().unwrap()],
    );
    assert_eq!(Fragment::parse(text.as_bytes()).unwrap().ice, ice);
    assert_eq!(
        Fragment::parse(b"hello"),
        Err(FragmentError::Line { number: 1 })
    );
}

#[test]
fn a_password_is_never_printed() {
    let ice = IceCredentials::new("abcd", "0123456789012345678901").unwrap();
    assert!(!format!("{ice:?}").contains("0123456789"));
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Offer::parse(&bytes);
        let _ = Fragment::parse(&bytes);
    }

    #[test]
    fn an_offer_with_bytes_changed_never_makes_the_answer_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut text = session("a=group:BUNDLE 0\r\n", &[audio("0", "sendrecv", "actpass")]).into_bytes();
        for (place, byte) in changes {
            let place = place.index(text.len());
            text[place] = byte;
        }
        if let Ok(offer) = Offer::parse(&text) {
            answer(&offer, Direction::Send, &[stream(1)]);
        }
    }

    #[test]
    fn a_fingerprint_reads_back_as_it_was_written(digest in any::<[u8; 32]>()) {
        prop_assert_eq!(Fingerprint::parse(&Fingerprint(digest).to_string()), Some(Fingerprint(digest)));
    }
}
