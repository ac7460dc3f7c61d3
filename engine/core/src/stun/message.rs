//! Reading a STUN message.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::attributes::{Attribute, attributes};
use super::integrity::{fingerprint, integrity_matches};
use super::{
    BINDING, FINGERPRINT, HEADER_LEN, ICE_CONTROLLED, ICE_CONTROLLING, MAGIC_COOKIE,
    MAX_MESSAGE_LEN, MESSAGE_INTEGRITY, TransactionId, USE_CANDIDATE, USERNAME, XOR_MAPPED_ADDRESS,
};

/// What a message with the method Binding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// Why bytes are not a STUN Binding message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    #[error("a STUN message of {len} bytes: it has 20 to 1024, as many as its header says")]
    Length { len: usize },
    #[error("the magic cookie of STUN is missing")]
    Cookie,
    #[error("STUN method {method:#05x} is not Binding")]
    Method { method: u16 },
}

/// A Binding message whose frame is right; its integrity is not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    bytes: &'a [u8],
    class: Class,
    transaction: TransactionId,
}

impl<'a> Message<'a> {
    /// Checks the header of `bytes` (RFC 8489 §5, §6.3).
    ///
    /// # Errors
    /// When the length, the cookie or the method is not that of a Binding message.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let wrong_length = MessageError::Length { len: bytes.len() };
        let (header, body) = bytes
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(wrong_length)?;
        let [t0, t1, l0, l1, c0, c1, c2, c3, transaction @ ..] = *header;
        if [c0, c1, c2, c3] != MAGIC_COOKIE {
            return Err(MessageError::Cookie);
        }
        if usize::from(u16::from_be_bytes([l0, l1])) != body.len() || bytes.len() > MAX_MESSAGE_LEN
        {
            return Err(wrong_length);
        }
        let class = class_of_binding(u16::from_be_bytes([t0, t1]))?;
        Ok(Self {
            bytes,
            class,
            transaction,
        })
    }

    pub fn class(&self) -> Class {
        self.class
    }

    pub fn transaction(&self) -> TransactionId {
        self.transaction
    }

    /// The USERNAME attribute, `receiver:sender` in ICE (RFC 8445 §7.2.2).
    pub fn username(&self) -> Option<&'a str> {
        std::str::from_utf8(self.find(USERNAME)?.value).ok()
    }

    /// The sender asks to use this pair (RFC 8445 §7.2.1).
    pub fn use_candidate(&self) -> bool {
        self.find(USE_CANDIDATE).is_some()
    }

    /// The sender believes that it is the controlling agent (RFC 8445 §7.2.3).
    pub fn is_controlling(&self) -> bool {
        self.find(ICE_CONTROLLING).is_some()
    }

    /// The sender believes that it is the controlled agent.
    pub fn is_controlled(&self) -> bool {
        self.find(ICE_CONTROLLED).is_some()
    }

    /// XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        let [_, family, p0, p1, address @ ..] = self.find(XOR_MAPPED_ADDRESS)?.value else {
            return None;
        };
        let port = u16::from_be_bytes([p0 ^ MAGIC_COOKIE[0], p1 ^ MAGIC_COOKIE[1]]);
        let ip: IpAddr = match family {
            1 => Ipv4Addr::from(xor(address.try_into().ok()?, MAGIC_COOKIE)).into(),
            2 => Ipv6Addr::from(xor(address.try_into().ok()?, ipv6_mask(&self.transaction))).into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// True when the message carries a MESSAGE-INTEGRITY made with `password`, and a FINGERPRINT, if there is one, is
    /// the last attribute and right.
    pub fn is_authentic(&self, password: &str) -> bool {
        self.fingerprint_holds()
            && self
                .raw(MESSAGE_INTEGRITY)
                .is_some_and(|Attribute { value, offset, .. }| {
                    integrity_matches(self.bytes, offset, password, value)
                })
    }

    /// True when there is no FINGERPRINT or a right one at the end.
    pub fn fingerprint_holds(&self) -> bool {
        let Some(Attribute { value, offset, .. }) = self.raw(FINGERPRINT) else {
            return true;
        };
        let last = offset + 8 == self.bytes.len();
        last && fingerprint(self.bytes, offset).is_some_and(|crc| crc.to_be_bytes() == value)
    }

    /// The first attribute of `kind` that MESSAGE-INTEGRITY covers: later ones are to be ignored (RFC 8489 §14.5).
    fn find(&self, kind: u16) -> Option<Attribute<'a>> {
        attributes(self.bytes)
            .take_while(|attribute| attribute.kind != MESSAGE_INTEGRITY)
            .find(|attribute| attribute.kind == kind)
    }

    fn raw(&self, kind: u16) -> Option<Attribute<'a>> {
        attributes(self.bytes).find(|attribute| attribute.kind == kind)
    }
}

/// The class bits are interleaved with the method's (RFC 8489 §5).
fn class_of_binding(kind: u16) -> Result<Class, MessageError> {
    let method = kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2;
    if method != BINDING || kind & 0xC000 != 0 {
        return Err(MessageError::Method { method });
    }
    Ok(match (kind & 0x0100 != 0, kind & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    })
}

pub(super) fn xor<const N: usize>(bytes: [u8; N], mask: [u8; N]) -> [u8; N] {
    std::array::from_fn(|i| bytes[i] ^ mask[i])
}

/// IPv6 addresses are XORed with the cookie followed by the transaction id.
pub(super) fn ipv6_mask(transaction: &TransactionId) -> [u8; 16] {
    let mut mask = [0; 16];
    let (cookie, rest) = mask.split_at_mut(4);
    cookie.copy_from_slice(&MAGIC_COOKIE);
    rest.copy_from_slice(transaction);
    mask
}
