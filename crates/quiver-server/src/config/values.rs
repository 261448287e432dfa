//! Addresses, marks and rates as people write them in the config; units are those of `quiver_event::units`.

use quiver_event::units::{Bytes, Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Why a text is not the value it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not an address.
    #[error("`{0}` is not an address and port: write such as 127.0.0.1:8600 or [::1]:8600")]
    Address(String),
    /// Not a mark.
    #[error("`{0}` is neither a size nor a share: write such as 1GiB or 5%")]
    DiskMark(String),
    /// Not a rate.
    #[error("`{0}` is not a rate: write none, or such as 500 per second")]
    RateLimit(String),
}

/// An address and a port to listen on. Never a name: what a name resolves to may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("x-expected" = "an address and port such as 127.0.0.1:8600 or [::1]:8600"))]
pub struct Address(pub SocketAddr);

impl Address {
    /// A port of 127.0.0.1.
    pub const fn loopback(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }

    /// The address as it stands in `Host`, without port.
    pub fn host(self) -> String {
        match self.0.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    /// Whether both cannot be listened on at a time.
    pub fn collides_with(self, other: Self) -> bool {
        let (left, right) = (self.0.ip(), other.0.ip());
        self.0.port() != 0
            && self.0.port() == other.0.port()
            && (left == right || left.is_unspecified() || right.is_unspecified())
    }

    /// Parses an address and a port.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        text.parse().map(Self).map_err(|_| ValueError::Address(text.to_owned()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Free space of a disk: a size, or a share of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("x-expected" = "a size such as 1GiB, or a share of the disk such as 5%"))]
pub enum DiskMark {
    /// So many bytes.
    Free(Bytes),
    /// So large a part of the disk.
    FreeShare(Share),
}

impl DiskMark {
    /// The mark in bytes on a disk of this size.
    pub fn of_disk(self, disk: Bytes) -> Bytes {
        match self {
            Self::Free(bytes) => bytes,
            Self::FreeShare(share) => Bytes::new((disk.bytes() as f64 * share.value()).round() as u64),
        }
    }

    /// Parses a size or a percentage.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let parsed = match text.trim().ends_with('%') {
            true => Share::parse(text).map(Self::FreeShare),
            false => Bytes::parse(text).map(Self::Free),
        };
        parsed.map_err(|_| ValueError::DiskMark(text.to_owned()))
    }
}

impl std::fmt::Display for DiskMark {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Free(bytes) => bytes.fmt(formatter),
            Self::FreeShare(share) => share.fmt(formatter),
        }
    }
}

/// The most a second, or no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("x-expected" = "none, or a rate such as 500 per second"))]
pub struct RateLimit {
    /// How many a second; none where there is no limit.
    pub per_second: Option<u32>,
}

impl RateLimit {
    /// Parses `none`, or a number per second.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        if text.trim() == "none" {
            return Ok(Self::default());
        }
        let number = text.trim().strip_suffix("per second").map(str::trim).and_then(|number| number.parse().ok());
        number.map(|number| Self { per_second: Some(number) }).ok_or_else(|| ValueError::RateLimit(text.to_owned()))
    }
}

impl std::fmt::Display for RateLimit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.per_second {
            Some(number) => write!(formatter, "{number} per second"),
            None => formatter.write_str("none"),
        }
    }
}

/// Whether a text is a value of the type of that name; true of names that are not of this file.
pub(super) fn is_sound(definition: &str, text: &str) -> bool {
    match definition {
        "Address" => Address::parse(text).is_ok(),
        "DiskMark" => DiskMark::parse(text).is_ok(),
        "RateLimit" => RateLimit::parse(text).is_ok(),
        _ => true,
    }
}

/// What serde needs to read and write a value as its text.
macro_rules! written_as_text {
    ($($type:ident)*) => {$(
        impl TryFrom<String> for $type {
            type Error = ValueError;
            fn try_from(text: String) -> Result<Self, ValueError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}

written_as_text!(Address DiskMark RateLimit);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers_with_a_port_and_know_who_reaches_them() {
        for (text, loopback, host) in [
            ("127.0.0.1:8600", true, "127.0.0.1"),
            ("127.8.9.1:1", true, "127.8.9.1"),
            ("[::1]:8600", true, "[::1]"),
            ("[::ffff:127.0.0.1]:80", true, "[::ffff:127.0.0.1]"),
            ("0.0.0.0:8600", false, "0.0.0.0"),
            ("[::]:8600", false, "[::]"),
            ("192.168.0.7:0", false, "192.168.0.7"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.is_loopback(), address.host().as_str()), (loopback, host), "{text}");
            assert_eq!(address.to_string(), text);
        }
        for wrong in ["", "8600", ":8600", "localhost:8600", "127.0.0.1", "::1:8600x", "127.0.0.1:70000"] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_port_collides_where_the_addresses_meet() {
        let check = |left: &str, right: &str, expected: bool| {
            let (left, right) = (Address::parse(left).unwrap(), Address::parse(right).unwrap());
            assert_eq!((left.collides_with(right), right.collides_with(left)), (expected, expected));
        };
        check("127.0.0.1:1", "127.0.0.1:1", true);
        check("127.0.0.1:1", "0.0.0.0:1", true);
        check("127.0.0.1:1", "127.0.0.2:1", false);
        check("127.0.0.1:1", "127.0.0.1:2", false);
        check("127.0.0.1:0", "127.0.0.1:0", false);
    }

    #[test]
    fn a_mark_is_a_size_or_a_share_of_the_disk() {
        let disk = Bytes::new(1000);
        assert_eq!(DiskMark::parse("1GiB").unwrap().of_disk(disk), Bytes::new(1 << 30));
        assert_eq!(DiskMark::parse("5%").unwrap().of_disk(disk), Bytes::new(50));
        for wrong in ["", "5", "0.05", "101%", "-1GiB", "1 of 3"] {
            assert!(DiskMark::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_none_or_a_number_a_second() {
        assert_eq!(RateLimit::parse("none").unwrap().per_second, None);
        assert_eq!(RateLimit::parse("500 per second").unwrap().per_second, Some(500));
        for wrong in ["", "500", "off", "500 per minute", "-1 per second", "1.5 per second"] {
            assert!(RateLimit::parse(wrong).is_err(), "{wrong}");
        }
    }
}
