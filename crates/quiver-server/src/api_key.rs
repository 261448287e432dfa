//! API keys as text: `qvr_<id>_<secret>_<checksum>`; only the hash of the secret is ever kept.

use sha2::{Digest, Sha256};

const PREFIX: &str = "qvr";

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Read models, findings, status and metrics.
    Read,
    /// Put specs, run stages.
    Operate,
    /// Everything.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Operate, Self::Admin];

    /// The name in the catalogue and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether a key with these scopes, separated by spaces, may do this.
    pub fn is_granted_by(self, scopes: &str) -> bool {
        let mut granted = scopes.split_whitespace().filter_map(Self::of);
        // Who may operate may read; nobody but the administrator may all.
        granted.any(|scope| scope == self || scope == Self::Admin || (scope == Self::Operate && self == Self::Read))
    }
}

/// A key that was just made: its text is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The public part, by which it is listed and revoked.
    pub id: String,
    /// What the owner sends.
    pub text: String,
    /// What is kept.
    pub hash: Vec<u8>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "NewKey({}, …)", self.id)
    }
}

/// Makes a key of 256 random bits; `id` are 32 random bits.
pub fn make(id: [u8; 4], secret: [u8; 32]) -> NewKey {
    let (id, secret) = (hex(&id), hex(&secret));
    let hash = Sha256::digest(secret.as_bytes()).to_vec();
    let checksum = checksum(&id, &secret);
    NewKey { text: format!("{PREFIX}_{id}_{secret}_{checksum}"), id, hash }
}

/// A key as a request brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenKey {
    /// The public part.
    pub id: String,
    /// The hash of the secret part.
    pub hash: Vec<u8>,
}

/// Reads a key's text; none when it is no key, or one with a typing mistake.
pub fn parse(text: &str) -> Option<GivenKey> {
    let mut parts = text.split('_');
    let (prefix, id, secret, sum) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && prefix == PREFIX && id.len() == 8 && secret.len() == 64;
    (whole && sum == checksum(id, secret))
        .then(|| GivenKey { id: id.to_owned(), hash: Sha256::digest(secret.as_bytes()).to_vec() })
}

/// 32 bits of SHA-256: they find typing mistakes and let scanners recognise a leaked key, and protect nothing.
fn checksum(id: &str, secret: &str) -> String {
    hex(&Sha256::digest(format!("{PREFIX}_{id}_{secret}").as_bytes())[..4])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_a_typing_mistake_does_not() {
        let key = make([1, 2, 3, 4], [9; 32]);
        let given = parse(&key.text).unwrap();
        assert_eq!((given.id, given.hash), (key.id.clone(), key.hash.clone()));
        assert!(parse(&key.text.replacen("0909", "0908", 1)).is_none());
        assert!(parse(&key.text[..key.text.len() - 1]).is_none());
        assert!(parse("qvr_x").is_none() && parse("").is_none());
        assert!(!format!("{key:?}").contains("0909"));
    }

    #[test]
    fn scopes_grant_what_they_say() {
        assert!(Scope::Ingest.is_granted_by("read ingest"));
        assert!(!Scope::Read.is_granted_by("ingest"));
        assert!(Scope::Read.is_granted_by("operate") && !Scope::Ingest.is_granted_by("operate"));
        assert!(Scope::ALL.iter().all(|scope| scope.is_granted_by("admin")));
        assert!(!Scope::Operate.is_granted_by("adminx"));
    }
}
