//! Finds personal data and secrets in single texts by their shape and check digits; keeps none, and decides nothing about them.
//!
//! One pass over the bytes says which rules can match at all; then each rule looks only at its own few bytes: an address
//! around its `@`, a number from its first digit, a token in a run of sixteen letters. The crate `redact-core`
//! was not taken, by its documentation and unmeasured: it keeps a list of regular expressions for each kind of data, where
//! clean texts at full speed need a first pass that asks none.
//!
//! What counts:
//! - IP addresses of networks and private networks do, loopback, unspecified, multicast and netmask addresses do not,
//!   nor does a network (`10.0.0.0/8`). Four dotted numbers after a word such as *version*, glued to a product name, or
//!   small throughout (`1.2.3.4`) without a word such as *client* before them are a version.
//! - Numbers that other numbers look like (bare ten digits, nine digits, `555-0123`) need a word such as *phone* or *SSN*
//!   before them; numbers after a word such as *order* are never a US phone number or social security number.
//! - Everything with a check digit is checked: cards (and a brand's prefix and length), bank accounts, national numbers.
//!
//! Every rule looks a bounded way around its trigger or goes on behind what it has read, so the time is linear.

mod account;
mod address;
mod assignment;
mod class;
mod email;
mod hint;
mod maker;
mod national;
mod number;
mod phone;
mod span;
mod token;

use std::borrow::Cow;
use std::ops::Range;

/// A kind of personal data or secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detector {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// An IPv4 or IPv6 address of a machine.
    IpAddress,
    /// A key, password or token.
    Token,
    /// A JSON Web Token.
    Jwt,
    /// A private key in PEM.
    PrivateKey,
    /// A number the state gave a person, such as the US social security number.
    NationalId,
    /// User and password in a URL.
    UrlCredentials,
}

impl Detector {
    /// Every detector.
    pub const ALL: [Self; 10] = [
        Self::Email,
        Self::Phone,
        Self::Card,
        Self::Iban,
        Self::IpAddress,
        Self::Token,
        Self::Jwt,
        Self::PrivateKey,
        Self::NationalId,
        Self::UrlCredentials,
    ];

    /// The name in counts and stand-ins.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::IpAddress => "ip_address",
            Self::Token => "token",
            Self::Jwt => "jwt",
            Self::PrivateKey => "private_key",
            Self::NationalId => "national_id",
            Self::UrlCredentials => "url_credentials",
        }
    }

    /// What stands in a text instead of a match.
    pub fn stand_in(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Phone => "[phone]",
            Self::Card => "[card]",
            Self::Iban => "[iban]",
            Self::IpAddress => "[ip_address]",
            Self::Token => "[token]",
            Self::Jwt => "[jwt]",
            Self::PrivateKey => "[private_key]",
            Self::NationalId => "[national_id]",
            Self::UrlCredentials => "[url_credentials]",
        }
    }

    /// Where two overlap, the lower rank names the match.
    fn rank(self) -> u8 {
        match self {
            Self::PrivateKey => 0,
            Self::Jwt => 1,
            Self::UrlCredentials => 2,
            Self::Token => 3,
            Self::Iban => 4,
            Self::Card => 5,
            Self::NationalId => 6,
            Self::Email => 7,
            Self::IpAddress => 8,
            Self::Phone => 9,
        }
    }
}

/// One match: what it is and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub detector: Detector,
    /// Its bytes within the text.
    pub range: Range<usize>,
}

/// Why the rules cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// A regular expression is refused.
    #[error("a rule for personal data cannot be compiled: {0}")]
    Rule(#[from] Box<regex::Error>),
    /// The set of token prefixes is refused.
    #[error("the prefixes of tokens cannot be compiled: {0}")]
    Prefixes(#[from] aho_corasick::BuildError),
}

/// The compiled rules; one instance serves every thread.
#[derive(Debug)]
pub struct Detectors {
    email: email::Rules,
    token: token::Rules,
}

impl Detectors {
    /// Compiles the rules.
    pub fn new() -> Result<Self, DetectError> {
        Ok(Self { email: email::Rules::new()?, token: token::Rules::new()? })
    }

    /// Every match, in order and without overlap; nothing is allocated where there is none.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let mut sink = Sink { found: Vec::new(), first_only: false };
        self.scan(text, &mut sink);
        sink.in_order()
    }

    /// Whether nothing is found; stops at the first match.
    pub fn is_clean(&self, text: &str) -> bool {
        let mut sink = Sink { found: Vec::new(), first_only: true };
        self.scan(text, &mut sink);
        sink.found.is_empty()
    }

    /// The text with a stand-in such as `[email]` for each match, and the matches in the old text. Nothing is found in
    /// it any more.
    pub fn redact<'text>(&self, text: &'text str) -> (Cow<'text, str>, Vec<Found>) {
        let found = self.find(text);
        if found.is_empty() {
            return (Cow::Borrowed(text), found);
        }
        let mut redacted = with_stand_ins(text, &found);
        // What stood beside a match may be one by itself, now that it ends there.
        for _ in 0..MOST_ROUNDS {
            let left = self.find(&redacted);
            if left.is_empty() {
                break;
            }
            redacted = with_stand_ins(&redacted, &left);
        }
        (Cow::Owned(redacted), found)
    }

    /// One pass asks a table which bytes a rule begins at, a second finds runs long enough for tokens.
    fn scan(&self, text: &str, sink: &mut Sink) {
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut colons_read = 0;
        while let Some(offset) = bytes[at..].iter().position(|byte| class::is(*byte, class::TRIGGER)) {
            work::spend(offset + 1);
            at += offset;
            at = match bytes[at] {
                b'@' | b'%' => self.email.step(text, at, sink),
                b':' if at >= colons_read && address::may_be_version_six(bytes, at) => {
                    let end = address::version_six_step(text, at, sink, &mut colons_read);
                    if end == at { assignment::step(text, at, sink) } else { end }
                }
                b':' | b'=' => assignment::step(text, at, sink),
                _ => number::step(text, at, sink),
            };
            if sink.is_done() {
                return;
            }
        }
        if bytes.len() >= token::SHORTEST {
            self.token.scan(text, sink);
        }
    }
}

/// How often a redacted text is searched again.
const MOST_ROUNDS: usize = 8;

fn with_stand_ins(text: &str, found: &[Found]) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut kept = 0;
    for one in found {
        redacted.push_str(&text[kept..one.range.start]);
        redacted.push_str(one.detector.stand_in());
        kept = one.range.end;
    }
    redacted.push_str(&text[kept..]);
    redacted
}

/// Takes matches in any order.
struct Sink {
    found: Vec<Found>,
    first_only: bool,
}

impl Sink {
    fn push(&mut self, detector: Detector, range: Range<usize>) {
        self.found.push(Found { detector, range });
    }

    /// Whether the rest of the text need not be read.
    fn is_done(&self) -> bool {
        self.first_only && !self.found.is_empty()
    }

    /// Overlapping matches become one, under the more telling name: no byte of either stays.
    fn in_order(mut self) -> Vec<Found> {
        if self.found.len() < 2 {
            return self.found;
        }
        self.found.sort_by_key(|one| (one.range.start, one.detector.rank()));
        let mut merged: Vec<Found> = Vec::with_capacity(self.found.len());
        for one in self.found {
            match merged.last_mut() {
                Some(last) if one.range.start < last.range.end => {
                    last.range.end = last.range.end.max(one.range.end);
                    if one.detector.rank() < last.detector.rank() {
                        last.detector = one.detector;
                    }
                }
                _ => merged.push(one),
            }
        }
        merged
    }
}

/// Counts the bytes that rules look at, for the test that the work is linear; nothing outside tests.
mod work {
    #[cfg(test)]
    thread_local! {
        pub(super) static SPENT: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
    }

    #[cfg(test)]
    pub(super) fn spend(bytes: usize) {
        SPENT.with(|spent| spent.set(spent.get() + bytes as u64));
    }

    #[cfg(not(test))]
    #[inline(always)]
    pub(super) fn spend(_bytes: usize) {}
}

#[cfg(test)]
mod tests;
