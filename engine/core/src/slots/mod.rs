//! Who is forwarded: the loudest few, without flutter, each on an RTP line of the server's own.

mod line;
mod seats;

pub use line::{Line, Placed};
pub use seats::{Bid, Seat, Seats};
