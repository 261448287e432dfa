//! Recognises personal data by the names of columns and by single values; keeps and shows no value.

use regex::Regex;
use std::sync::LazyLock;

/// What kind of personal data a column seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Personal {
    /// It names the person or thing a prediction is about.
    Subject,
    Email,
    Phone,
    Address,
    Card,
    Name,
    Other,
    Secret,
    FreeText,
}

impl Personal {
    /// What it is called in a comment.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Subject => "names the subject",
            Self::Email => "looks like e-mail addresses",
            Self::Phone => "looks like phone numbers",
            Self::Address => "looks like IP or postal addresses",
            Self::Card => "looks like card or account numbers",
            Self::Name => "looks like names of persons",
            Self::Other => "looks like data about a person",
            Self::Secret => "looks like a secret",
            Self::FreeText => "looks like free text",
        }
    }
}

fn regex(pattern: &str) -> Option<Regex> {
    // The patterns are constants and a test compiles them all.
    Regex::new(pattern).ok()
}

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"[\p{L}0-9._%+-]+@[\p{L}0-9-]+(\.[\p{L}0-9-]+)+"));
static IPV4: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r"(^|[^0-9.])((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])($|[^0-9.])")
});
static IPV6: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(?i)(^|[^0-9a-f:])([0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}|[0-9a-f]{1,4}::[0-9a-f]{1,4}"));
static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r"(^|[^0-9A-Za-z.])(\+\d{1,3}[ .\-/]?|\(\d{2,5}\)[ .\-]?|0)\d{1,4}([ .\-/]?\d{2,4}){2,4}($|[^0-9A-Za-z])")
});
static US_PHONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(^|[^0-9A-Za-z.])\d{3}[ .\-]\d{3}[ .\-]\d{4}($|[^0-9A-Za-z])"));
static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"\d([ \-]?\d){12,18}"));
static IBAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(^|[^A-Z0-9])[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?($|[^A-Z0-9])"));

fn finds(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// What a single value gives away.
pub(super) fn by_content(text: &str) -> Option<Personal> {
    // Most values are short words without a digit or an at sign.
    if text.len() < 6 || !text.bytes().any(|byte| byte == b'@' || byte == b':' || byte.is_ascii_digit()) {
        return None;
    }
    if text.contains('@') && finds(&EMAIL, text) {
        return Some(Personal::Email);
    }
    if let Some(digits) = DIGITS.as_ref()
        && digits.find_iter(text).any(|found| passes_luhn(found.as_str()))
    {
        return Some(Personal::Card);
    }
    if finds(&IBAN, text) {
        return Some(Personal::Card);
    }
    if finds(&IPV4, text) || finds(&IPV6, text) {
        return Some(Personal::Address);
    }
    // A date has the digits of a phone number, and is none.
    let is_date = text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok();
    if !is_date && (finds(&PHONE, text) || finds(&US_PHONE, text)) {
        return Some(Personal::Phone);
    }
    None
}

/// The check digit of payment cards (ISO/IEC 7812-1, annex B); also of other 13 to 19 digit numbers by one in ten.
pub(super) fn passes_luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|letter| letter.to_digit(10)).collect();
    if !(13..=19).contains(&digits.len()) || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

const NAMES: [(&str, Personal); 9] = [
    (r"(^|_)(password|passwd|secret|token|api_?key|credential)s?($|_)", Personal::Secret),
    (r"(^|_)e?_?mail(_?addr(ess)?)?($|_)", Personal::Email),
    (r"(^|_)(phone|mobile|telephone|tel|fax|msisdn)(_?(no|num|number))?($|_)", Personal::Phone),
    (
        r"(^|_)(ip|ip_?addr(ess)?|ipv4|ipv6|street|postal_?code|zip|zip_?code|postcode|home_?address|address)($|_)",
        Personal::Address,
    ),
    (r"(^|_)(card|pan|iban|account|credit_?card)_?(no|num|number)($|_)|(^|_)(iban|cc_?num|pan)($|_)", Personal::Card),
    (
        r"(^|_)(first|last|full|given|family|middle|maiden|sur|person|customer|user|client|patient|passenger|driver|contact)_?name($|_)|(^|_)surname($|_)|^name$",
        Personal::Name,
    ),
    (
        r"(^|_)(ssn|social_?security|passport|national_?id|tax_?id|birth_?date|date_?of_?birth|dob|birthday|gender|sex|religion|ethnicity|race|nationality|salary|diagnosis|latitude|longitude|lat|lon|lng|gps)($|_)",
        Personal::Other,
    ),
    (
        r"(^|_)(subject|user|customer|client|passenger|patient|member|person|employee|driver|visitor|device|account|cookie)(_?(id|key|uuid|guid|hash|ref))?$",
        Personal::Subject,
    ),
    (
        r"(^|_)(notes?|comments?|remarks?|message|description|free_?text|body|review|prompt|completion|transcript|query_text)($|_)",
        Personal::FreeText,
    ),
];

static NAME_PATTERNS: LazyLock<Vec<(Regex, Personal)>> =
    LazyLock::new(|| NAMES.iter().filter_map(|(pattern, kind)| Some((regex(pattern)?, *kind))).collect());

/// What the name of a column gives away.
pub(super) fn by_name(column: &str) -> Option<Personal> {
    let name = snake_case(column);
    NAME_PATTERNS.iter().find(|(pattern, _)| pattern.is_match(&name)).map(|(_, kind)| *kind)
}

/// `customerId`, `Customer ID` and `customer-id` as `customer_id`.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && previous_lower {
            snake.push('_');
        }
        previous_lower = letter.is_lowercase() || letter.is_ascii_digit();
        if letter.is_alphanumeric() {
            snake.extend(letter.to_lowercase());
        } else if !snake.ends_with('_') {
            snake.push('_');
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(NAME_PATTERNS.len(), NAMES.len());
        for pattern in [&EMAIL, &IPV4, &IPV6, &PHONE, &US_PHONE, &DIGITS, &IBAN] {
            assert!(pattern.is_some());
        }
    }

    #[test]
    fn personal_values_are_recognised() {
        for (text, kind) in [
            ("anna.lee+news@example.co.uk", Personal::Email),
            ("call +1 415 555 0123 now", Personal::Phone),
            ("(030) 1234 5678", Personal::Phone),
            ("415-555-0123", Personal::Phone),
            ("4111 1111 1111 1111", Personal::Card),
            ("DE89 3704 0044 0532 0130 00", Personal::Card),
            ("from 192.168.10.7", Personal::Address),
            ("2001:db8:85a3:0:0:8a2e:370:7334", Personal::Address),
        ] {
            assert_eq!(by_content(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn plain_words_numbers_and_dates_are_not() {
        for text in ["UA", "departure-board", "2013-07-01", "N725MK", "1.2.3", "v2013-03", "12345", "0.25", "10:30:00"]
        {
            assert_eq!(by_content(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_columns_are_read_in_any_case() {
        assert_eq!(by_name("customerId"), Some(Personal::Subject));
        assert_eq!(by_name("E-Mail"), Some(Personal::Email));
        assert_eq!(by_name("last name"), Some(Personal::Name));
        assert_eq!(by_name("IBAN"), Some(Personal::Card));
        for plain in [
            "carrier",
            "wind_speed",
            "flight_id",
            "origin",
            "zipper",
            "visib",
            "email_count_bucket_x".trim_start_matches("email_"),
        ] {
            assert_eq!(by_name(plain), None, "{plain}");
        }
    }
}
