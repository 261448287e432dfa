//! The workspace's secret keys for pseudonyms: one is current, the earlier ones stay to find what they hashed.

use super::RedactError;
use crate::limits;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const SUBJECT_DOMAIN: &str = "subject";

/// One secret key. It is never shown.
#[derive(Clone)]
pub struct SubjectKey {
    name: String,
    secret: Vec<u8>,
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SubjectKey({}, …)", self.name)
    }
}

impl SubjectKey {
    /// A key of at least [`limits::MIN_KEY_BYTES`] bytes; its name opens every pseudonym made with it.
    pub fn new(name: &str, secret: &[u8]) -> Result<Self, RedactError> {
        if secret.len() < limits::MIN_KEY_BYTES {
            return Err(RedactError::ShortKey { bytes: secret.len() });
        }
        Ok(Self { name: name.to_owned(), secret: secret.to_vec() })
    }

    /// HMAC-SHA-256, cut to 128 bits: enough that two subjects never meet, short enough for a column. The domain keeps
    /// the same text in two features from having one hash, by which they could be joined.
    fn hash(&self, domain: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut pseudonym = String::with_capacity(self.name.len() + 33);
        pseudonym.push_str(&self.name);
        pseudonym.push('-');
        for byte in digest.iter().take(16) {
            for half in [byte >> 4, byte & 15] {
                pseudonym.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
            }
        }
        pseudonym
    }
}

/// All keys of a workspace; the last one is current.
#[derive(Debug, Clone)]
pub struct KeyRing {
    keys: Vec<SubjectKey>,
}

impl KeyRing {
    /// A ring of these keys, the current one last.
    pub fn new(keys: Vec<SubjectKey>) -> Result<Self, RedactError> {
        match keys.is_empty() {
            true => Err(RedactError::NoKey { name: "current".to_owned() }),
            false => Ok(Self { keys }),
        }
    }

    /// The pseudonym of a subject under the current key.
    pub fn hash_subject(&self, subject: &str) -> String {
        self.hash(SUBJECT_DOMAIN, subject)
    }

    /// The pseudonyms of a subject under every key, the current one first: what an erasure has to look for.
    pub fn every_hash_of_subject(&self, subject: &str) -> Vec<String> {
        self.keys.iter().rev().map(|key| key.hash(SUBJECT_DOMAIN, subject)).collect()
    }

    /// The pseudonym of a text under the current key.
    pub(super) fn hash(&self, domain: &str, text: &str) -> String {
        self.keys.last().expect("a ring is never empty").hash(domain, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(secrets: &[&[u8]]) -> KeyRing {
        let keys = secrets.iter().enumerate();
        let keys = keys.map(|(index, secret)| SubjectKey::new(&format!("k{}", index + 1), secret).unwrap());
        KeyRing::new(keys.collect()).unwrap()
    }

    #[test]
    fn the_hash_is_keyed_stable_and_apart_by_domain() {
        let (one, other) = (ring(&[b"0123456789abcdef"]), ring(&[b"0123456789abcdeg"]));
        assert_eq!(one.hash_subject("u-1"), one.hash_subject("u-1"));
        assert_ne!(one.hash_subject("u-1"), other.hash_subject("u-1"));
        assert_ne!(one.hash_subject("u-1"), one.hash("feature:user", "u-1"));
        // HMAC-SHA-256 of "subject\0u-1", as `openssl dgst -sha256 -hmac 0123456789abcdef` gives it.
        assert_eq!(one.hash_subject("u-1"), "k1-ea93b958913fa939e8b0da12aa7327b7");
        assert_eq!(format!("{one:?}"), "KeyRing { keys: [SubjectKey(k1, …)] }");
        assert!(SubjectKey::new("k1", b"short").is_err());
    }

    #[test]
    fn a_new_key_makes_new_pseudonyms_and_the_old_ones_are_still_found() {
        let (before, after) = (ring(&[b"0123456789abcdef"]), ring(&[b"0123456789abcdef", b"fedcba9876543210"]));
        let found = after.every_hash_of_subject("u-1");
        assert_eq!(found, [after.hash_subject("u-1"), before.hash_subject("u-1")]);
        assert!(found[0].starts_with("k2-"));
        assert!(KeyRing::new(Vec::new()).is_err());
    }
}
