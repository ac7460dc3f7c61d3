//! Datagrams and the passing of time into a link whose peer has proven its address: most of them DTLS.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use palabre_core::dtls::{DtlsRole, Fingerprint, Identity};
use palabre_core::ice::{IceCredentials, Path};
use palabre_core::link::{Link, LinkConfig, LinkState};
use palabre_core::rtp::ExtensionIds;
use palabre_core::stun::{BindingRequest, write_binding_request};

/// One certificate for all runs: making one costs more than a run.
static IDENTITY: LazyLock<Arc<Identity>> =
    LazyLock::new(|| Arc::new(Identity::generate().expect("the cryptographic library works")));

#[derive(Debug, Arbitrary)]
struct Run {
    engine_begins: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Datagram(Vec<u8>),
    Milliseconds(u16),
}

fn connected_path(run: &Run, now: Instant) -> (Link, Path) {
    let local = IceCredentials::for_shard(0, &[7; 34]);
    let remote = IceCredentials::for_shard(1, &[9; 34]);
    let username = format!("{}:{}", local.ufrag(), remote.ufrag());
    let request = BindingRequest {
        transaction: [1; 12],
        username: &username,
        priority: 1,
        tie_breaker: 1,
        use_candidate: true,
    };
    let mut check = write_binding_request(&request, local.password());
    let dtls_role = if run.engine_begins {
        DtlsRole::Client
    } else {
        DtlsRole::Server
    };
    let config = LinkConfig {
        local,
        remote,
        remote_fingerprint: Fingerprint([1; 32]),
        dtls_role,
        extensions: ExtensionIds::default(),
    };
    let mut link = Link::new(config, &IDENTITY, now);
    let path = Path::to(([192, 0, 2, 9], 9).into());
    link.handle_datagram(now, path, &mut check, &mut Vec::new());
    assert_eq!(link.state(), LinkState::Handshaking);
    (link, path)
}

fuzz_target!(|run: Run| {
    let mut now = Instant::now();
    let (mut link, path) = connected_path(&run, now);
    for step in run.steps {
        match step {
            Step::Datagram(mut datagram) => {
                drop(link.handle_datagram(now, path, &mut datagram, &mut Vec::new()))
            }
            Step::Milliseconds(span) => {
                now += Duration::from_millis(span.into());
                link.handle_timeout(now, &mut Vec::new());
            }
        }
        assert_ne!(
            link.state(),
            LinkState::Connected,
            "nobody can know the key of this fingerprint"
        );
    }
});
