//! Where a link puts the datagrams that its own protocols send.

use crate::ice::Path;

/// Takes datagrams to send; a send batch in the engine, a list or a bad network in tests.
pub trait Transmit {
    fn transmit(&mut self, path: Path, datagram: &[u8]);
}

impl Transmit for Vec<(Path, Vec<u8>)> {
    fn transmit(&mut self, path: Path, datagram: &[u8]) {
        self.push((path, datagram.to_vec()));
    }
}
