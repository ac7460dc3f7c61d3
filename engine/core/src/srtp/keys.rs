//! Protection profiles and the keys that DTLS-SRTP hands over (RFC 5764 §4.2).

use super::cipher::Cipher;
use super::kdf::{Derivation, Label};

/// A DTLS-SRTP protection profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    AeadAes128Gcm,
    AeadAes256Gcm,
    Aes128CmSha1_80,
}

impl Profile {
    /// Length in bytes of the master key.
    pub fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Length in bytes of the master salt.
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }

    /// Length in bytes of the key that authenticates; an AEAD has none beside its own.
    fn authentication_key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 0,
            Self::Aes128CmSha1_80 => 20,
        }
    }

    /// Length in bytes of the authentication tag.
    pub fn tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            Self::Aes128CmSha1_80 => 10,
        }
    }
}

/// One direction's master key and salt. Its `Debug` shows no secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    profile: Profile,
    key: Vec<u8>,
    salt: Vec<u8>,
}

impl MasterKey {
    /// `None` when a length is not the profile's.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Option<Self> {
        let fits = key.len() == profile.key_len() && salt.len() == profile.salt_len();
        fits.then(|| Self {
            profile,
            key: key.to_vec(),
            salt: salt.to_vec(),
        })
    }

    /// Splits the keying material exported by DTLS into the client's and the server's write keys (RFC 5764 §4.2).
    /// `None` when its length is not the profile's.
    pub fn split(profile: Profile, material: &[u8]) -> Option<(Self, Self)> {
        let (keys, salts) = material.split_at_checked(2 * profile.key_len())?;
        let (client_key, server_key) = keys.split_at(profile.key_len());
        let (client_salt, server_salt) = salts.split_at_checked(profile.salt_len())?;
        Some((
            Self::new(profile, client_key, client_salt)?,
            Self::new(profile, server_key, server_salt)?,
        ))
    }

    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The cipher for RTP with keys derived from this one (RFC 3711 §4.3).
    pub(super) fn rtp_cipher(&self) -> Option<Cipher> {
        self.cipher([
            Label::RtpEncryption,
            Label::RtpAuthentication,
            Label::RtpSalt,
        ])
    }

    /// The cipher for RTCP.
    pub(super) fn rtcp_cipher(&self) -> Option<Cipher> {
        self.cipher([
            Label::RtcpEncryption,
            Label::RtcpAuthentication,
            Label::RtcpSalt,
        ])
    }

    fn cipher(&self, [encryption, authentication, salting]: [Label; 3]) -> Option<Cipher> {
        let derivation = Derivation::new(&self.key, &self.salt)?;
        let (mut key, mut authentication_key, mut salt) = ([0; 32], [0; 20], [0; 14]);
        let key = key.get_mut(..self.profile.key_len())?;
        let authentication_key =
            authentication_key.get_mut(..self.profile.authentication_key_len())?;
        let salt = salt.get_mut(..self.profile.salt_len())?;
        derivation.derive(encryption, key)?;
        if !authentication_key.is_empty() {
            derivation.derive(authentication, authentication_key)?;
        }
        derivation.derive(salting, salt)?;
        Cipher::new(self.profile, key, authentication_key, salt)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MasterKey")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// The master keys of both directions, seen from the local side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionKeys {
    pub local: MasterKey,
    pub remote: MasterKey,
}
