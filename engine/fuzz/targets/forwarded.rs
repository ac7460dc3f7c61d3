//! Lines of X-Forwarded-For, as anybody may send them through a proxy.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use palabre_edge::http::proxies::Proxies;

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));

fuzz_target!(|bytes: &[u8]| {
    let proxies = Proxies::new(&[PROXY]);
    let lines = || bytes.split(|byte| *byte == b'\n');
    let sender = proxies.sender_of(PROXY, lines());
    assert_eq!(sender, sender.to_canonical());
    assert_eq!(proxies.sender_of(CLIENT, lines()), CLIENT);
    // The proxy has the last word, on a line of its own or after what the client wrote.
    let own = lines().chain([&b"203.0.113.5"[..]]);
    assert_eq!(proxies.sender_of(PROXY, own), CLIENT);
    let behind = [bytes, b", 203.0.113.5:4711"].concat();
    let behind = behind.split(|byte| *byte == b'\n');
    assert_eq!(proxies.sender_of(PROXY, behind), CLIENT);
});
