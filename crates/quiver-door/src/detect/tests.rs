//! Every rule for personal data both ways, by example.

mod secrets;
mod structure;

use super::*;

fn detectors() -> Detectors {
    Detectors::new().unwrap()
}

#[track_caller]
fn check_found(detector: Detector, texts: &[(&str, &str)]) {
    let detectors = detectors();
    for (text, part) in texts {
        let found = detectors.find(text);
        let names: Vec<_> = found.iter().map(|one| (one.detector, &text[one.range.clone()])).collect();
        assert!(names.contains(&(detector, *part)), "{text}: {names:?}");
        assert!(!detectors.is_clean(text), "{text}");
    }
}

#[track_caller]
fn check_clean(texts: &[&str]) {
    let detectors = detectors();
    for text in texts {
        let found = detectors.find(text);
        let names: Vec<_> = found.iter().map(|one| (one.detector, &text[one.range.clone()])).collect();
        assert!(names.is_empty(), "{text}: {names:?}");
        assert!(detectors.is_clean(text), "{text}");
        assert!(matches!(detectors.redact(text).0, Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn e_mail_addresses_are_found() {
    check_found(
        Detector::Email,
        &[
            ("write to anna.lee+news@example.co.uk.", "anna.lee+news@example.co.uk"),
            ("{\"mail\":\"bob_99@mail.example.org\"}", "bob_99@mail.example.org"),
            ("jürgen.müller@müller.de", "jürgen.müller@müller.de"),
            ("用户@例子.公司", "用户@例子.公司"),
            ("?user=ann%40example.com&x=1", "ann%40example.com"),
            ("mailto:o'brien@example.ie", "o'brien@example.ie"),
            ("<first-last@sub.example.museum>", "first-last@sub.example.museum"),
            ("x@xn--bcher-kva.xn--p1ai", "x@xn--bcher-kva.xn--p1ai"),
        ],
    );
    check_clean(&[
        "@anna wrote",
        "meet @ 10.30",
        "lodash@4.17.21",
        "react-dom@18.2.0-rc.1",
        "icon@2x.png",
        "git@github.com:org/project.git",
        "ssh://git@github.com/org/project.git",
        "root@localhost",
        "user@1000.service",
        "https://medium.com/@author/post",
        "image@sha256:9b2a3c",
        "100%40",
        "a@b",
    ]);
}

#[test]
fn phone_numbers_are_found() {
    check_found(
        Detector::Phone,
        &[
            ("call +1 415 555 0123 now", "+1 415 555 0123"),
            ("+49 (0)30 1234-5678", "+49 (0)30 1234-5678"),
            ("+442079460958", "+442079460958"),
            ("tel:+33-1-23-45-67-89", "+33-1-23-45-67-89"),
            ("msisdn=%2B14155550123", "%2B14155550123"),
            ("(030) 1234 5678", "(030) 1234 5678"),
            ("0171/1234567", "0171/1234567"),
            ("01 23 45 67 89", "01 23 45 67 89"),
            ("0049 30 1234567", "0049 30 1234567"),
            ("ring 020 7946 0958", "020 7946 0958"),
            ("415-555-0123", "415-555-0123"),
            ("(415) 555-0123", "(415) 555-0123"),
            ("415.555.0123", "415.555.0123"),
            ("1-800-555-0199", "1-800-555-0199"),
            ("138 0013 8000", "138 0013 8000"),
            ("(11) 98765-4321", "(11) 98765-4321"),
            ("\"phone\":\"4155550123\"", "4155550123"),
            ("mobile: 0171 2345678", "0171 2345678"),
            ("phone: 555-0123", "555-0123"),
            ("contact number: 9876543210", "9876543210"),
        ],
    );
    check_clean(&[
        "2024-01-15",
        "2024-01-15T10:30:00+02:00",
        "2024-01-15 10:30:00.123456",
        "15.01.2024 10:30",
        "01/02/2024 11:22:33",
        "20240115-103000",
        "1700000000",
        "1700000000123",
        "1700000000123456",
        "phone_model 12.345678",
        "-122.4194155, 37.7749295",
        "+0.123456789",
        "order 415-555-0123",
        "112-1234567-1234567",
        "version 10.123.4567",
        "took 1234567 us",
        "called 3 times in 86400 seconds",
        "id 4155550123",
        "978-3-16-148410-0",
        "0123456789",
        "1 000 000 000",
        "300 200 1000",
        "#415-555-0123",
        "call_id=1234567890",
    ]);
}

#[test]
fn card_numbers_are_found() {
    check_found(
        Detector::Card,
        &[
            ("4111111111111111", "4111111111111111"),
            ("pay with 4111 1111 1111 1111, please", "4111 1111 1111 1111"),
            ("5500-0055-5555-5559", "5500-0055-5555-5559"),
            ("{\"pan\":\"378282246310005\"}", "378282246310005"),
            ("3782 822463 10005", "3782 822463 10005"),
            ("30569309025904", "30569309025904"),
            ("6011111111111117", "6011111111111117"),
            ("3530111333300000", "3530111333300000"),
            ("2223003122003222", "2223003122003222"),
            ("6212345678901232", "6212345678901232"),
            ("4222222222222", "4222222222222"),
            ("card 4012888888881881 12/27", "4012888888881881"),
        ],
    );
    check_clean(&[
        "4111111111111112",
        "1234567890123456",
        "84111111111111111",
        "41111111111111110000",
        "0.4111111111111111",
        "a4111111111111111",
        "4006381333931",
        "9780306406157",
        "490154203237518",
        "1234 4111 1111 1111 1111",
        "1700000000000000000",
        "0000000000000000",
    ]);
}

#[test]
fn account_numbers_are_found() {
    check_found(
        Detector::Iban,
        &[
            ("DE89370400440532013000", "DE89370400440532013000"),
            ("to DE89 3704 0044 0532 0130 00 by friday", "DE89 3704 0044 0532 0130 00"),
            ("gb29nwbk60161331926819", "gb29nwbk60161331926819"),
            ("IBAN:NO9386011117947", "NO9386011117947"),
            ("FR14-2004-1010-0505-0001-3M02-606", "FR14-2004-1010-0505-0001-3M02-606"),
            ("\"iban\":\"MT84MALT011000012345MTLCAST001S\"", "MT84MALT011000012345MTLCAST001S"),
        ],
    );
    check_clean(&[
        "DE88370400440532013000",
        "XX89370400440532013000",
        "DE8937040044053201300",
        "DE89370400440532013000A",
        "AB12CD34EF56",
        "N725MK",
        "de89-product-code",
    ]);
}

#[test]
fn addresses_of_machines_are_found() {
    check_found(
        Detector::IpAddress,
        &[
            ("from 192.168.10.7", "192.168.10.7"),
            ("203.0.113.7:8080", "203.0.113.7"),
            ("\"client_ip\":\"1.2.3.4\"", "1.2.3.4"),
            ("1.2.3.4", "1.2.3.4"),
            ("http://198.51.100.23/x", "198.51.100.23"),
            ("2001:db8:85a3:0:0:8a2e:370:7334", "2001:db8:85a3:0:0:8a2e:370:7334"),
            ("addr [2001:db8::1]:443", "2001:db8::1"),
            ("ip:fe80::1ff:fe23:4567:890a%eth0", "fe80::1ff:fe23:4567:890a"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
            ("seen 2001:db8::8a2e:370:7334.", "2001:db8::8a2e:370:7334"),
        ],
    );
    check_clean(&[
        "version 1.2.3.4",
        "v10.20.30.40",
        "Chrome/120.0.0.0",
        "upgraded from 4.18.200.1 to 4.18.200.2",
        "firmware: 12.4.250.1",
        "oid 1.3.6.1",
        "1.3.6.1.4.1",
        "package-1.2.3.4",
        "needs==1.22.33.44",
        "127.0.0.1:8080",
        "0.0.0.0",
        "255.255.255.0",
        "10.0.0.0/8",
        "2001:db8::/32",
        "::1",
        "std::fs::read",
        "a::b",
        "10:30:45",
        "00:1a:2b:3c:4d:5e",
        "256.1.2.3",
        "1.2.3",
    ]);
}

#[test]
fn numbers_of_persons_and_credentials_in_urls_are_found() {
    check_found(
        Detector::NationalId,
        &[
            ("123-45-6789", "123-45-6789"),
            ("SSN 536 22 8745", "536 22 8745"),
            ("ssn=536228745", "536228745"),
            ("529.982.247-25", "529.982.247-25"),
            ("RSSMRA85T10A562S", "RSSMRA85T10A562S"),
            ("nino AB123456C", "AB123456C"),
            ("NIE X1234567L", "X1234567L"),
            ("NHS number 943 476 5919", "943 476 5919"),
        ],
    );
    check_found(
        Detector::UrlCredentials,
        &[
            ("https://bob:pa55@example.com/x", "bob:pa55"),
            ("postgres://app:s3cr3t@db.internal:5432/main", "app:s3cr3t"),
            ("redis://:p%40ss@cache:6379", ":p%40ss"),
        ],
    );
    check_clean(&[
        "000-45-6789",
        "666-45-6789",
        "900-45-6789",
        "123-00-6789",
        "123-45-0000",
        "part 123-45-6789",
        "123-45-67890",
        "1123-45-6789",
        "123 45 6789",
        "529.982.247-26",
        "AB123456C",
        "https://example.com:8080/path?q=a:b",
        "https://user:${PASSWORD}@example.com",
        "https://example.com/@user:name",
        "https://bob@example.com/",
    ]);
}

#[test]
fn identifiers_and_measures_stay() {
    check_clean(&[
        "",
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-4123-8123-411111111111",
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "394c4fd1700000000a1b2c3d4e5f60718293a4b5",
        "3.141592653589793",
        "-1.7976931348623157e308",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "ORD-2024-000123456",
        "SKU 4006381333931",
        "N725MK",
        "flight UA1545 seat 12A",
        "https://example.com/a/b?page=2&sort=asc#top",
        "{\"level\":\"info\",\"ts\":1700000000.123,\"count\":42}",
        "GET /api/v1/items/12345 HTTP/1.1 200 1234 0.005",
        "arn:aws:s3:::bucket/key",
        "The quick brown fox jumps over the lazy dog, 17 times.",
    ]);
}
