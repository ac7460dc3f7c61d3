//! Bytes that a network or an attacker has changed.

use proptest::prelude::*;

/// Where and how a message is changed.
#[derive(Debug, Clone)]
pub enum Damage {
    /// XOR of one byte with something that is not zero; the place wraps around the length.
    Byte {
        at: usize,
        with: u8,
    },
    Cut {
        len: usize,
    },
    Append(Vec<u8>),
}

impl Damage {
    pub fn apply(&self, message: &[u8]) -> Vec<u8> {
        let mut changed = message.to_vec();
        match self {
            Self::Byte { at, with } => {
                let at = at % changed.len().max(1);
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= with;
                }
            }
            Self::Cut { len } => changed.truncate(len % changed.len().max(1)),
            Self::Append(bytes) => changed.extend_from_slice(bytes),
        }
        changed
    }
}

pub fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<usize>(), 1..=u8::MAX).prop_map(|(at, with)| Damage::Byte { at, with }),
        1 => any::<usize>().prop_map(|len| Damage::Cut { len }),
        1 => prop::collection::vec(any::<u8>(), 1..16).prop_map(Damage::Append),
    ]
}
