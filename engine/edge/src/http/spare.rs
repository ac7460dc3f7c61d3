//! One descriptor kept for the moment when the process has no other: a connection can then still be told so.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use tokio::net::{TcpListener, TcpStream};

#[derive(Debug)]
pub struct Spare(Option<File>);

impl Spare {
    pub fn new() -> Self {
        Self(keep())
    }

    /// Whether the process, or the machine, has no descriptor left.
    pub fn is_needed(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
    }

    /// Takes one connection in with the kept descriptor and gives it to `tell`, which closes it. False when there is none
    /// to be had: somebody else was faster.
    pub async fn lend(&mut self, listener: &TcpListener, tell: impl FnOnce(TcpStream)) -> bool {
        if self.0.take().is_none() {
            self.0 = keep();
            return false;
        }
        // Without waiting: Linux wants a descriptor before it looks whether anybody has come.
        let accepted = poll_fn(|context| Poll::Ready(listener.poll_accept(context))).await;
        let lent = match accepted {
            Poll::Ready(Ok((stream, _))) => {
                tell(stream);
                true
            }
            Poll::Ready(Err(_)) => false,
            Poll::Pending => true,
        };
        self.0 = keep();
        lent
    }
}

fn keep() -> Option<File> {
    File::open("/dev/null").ok()
}
