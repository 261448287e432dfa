//! The rules for tokens, passwords and keys both ways, by example.

use super::*;

/// Keys are put together here, so that no scanner of this repository takes them for real ones.
fn key(prefix: &str, tail: &str) -> String {
    format!("{prefix}{tail}")
}

#[test]
fn keys_of_known_makers_are_found() {
    let long = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
    let detectors = detectors();
    for prefix in [
        "ghp_",
        "gho_",
        "github_pat_",
        "xoxb-",
        "sk_live_",
        "rk_live_",
        "pk_live_",
        "AIza",
        "sk-",
        "sk-ant-",
        "sk-proj-",
        "glpat-",
        "npm_",
        "pypi-",
        "hf_",
        "qvr_",
        "dop_v1_",
        "sb_secret_",
        "glcbt-",
        "tskey-auth-",
        "gsk_",
        "nfp_",
        "sntrys_A1b2C3d4_",
        "lsv2_pt_",
        "SG.",
        "hvs.",
        "ya29.",
        "dt0c01.",
        "dp.pt.",
    ] {
        for text in [key(prefix, long), format!("key={} ok", key(prefix, long)), format!("\"{}\"", key(prefix, long))] {
            let found = detectors.find(&text);
            assert!(found.len() == 1 && found[0].detector == Detector::Token, "{text}: {found:?}");
            assert!(text[found[0].range.clone()].ends_with(long), "{text}");
        }
        assert!(detectors.is_clean(prefix), "{prefix}");
        assert!(detectors.is_clean(&format!("x{}", key(prefix, long))), "x{prefix}");
    }
    assert_eq!(detectors.redact(&key("id AKIA", "IOSFODNN7EXAMPLE")).0, "id [token]");
    check_clean(&[
        "AKIAIOSFODNN7EXAMPLEandmore",
        "sk-learn-compatible-estimator-checks",
        "task-550e8400-e29b-41d4",
        "pypi-publish-workflow-for-wheels",
        "hf_hub_download_with_retries",
        "secret_santa_list_of_the_whole_team",
        "key-value-store-compaction-threads",
        "SKU_OF_THE_ARTICLE_WITH_ALL_SIZES_AND_COLOURS",
        "dapi_requests_of_the_last_twelve_months_total",
        "SG.a_method_with_a_long_name_in_a_class",
        "HSG.A1b2C3d4E5f6G7h8I9j0K1l2M3n4",
        "tvly-search-results-of-the-last-page",
        "fm1_score_over_the_last_thirty_days",
        "sgp_number_of_transactions_in_the_last_30_days",
        "sb_secret_rotation_period_in_days",
        "LTAIEDDF20130701",
        "key-d41d8cd98f00b204e9800998ecf8427e",
    ]);
    // The one that fails hides none behind it, nor within it.
    assert_eq!(detectors.redact(&key("tvly-or-sk-", "A1b2C3d4E5f6G7h8I9")).0, "tvly-or-[token]");
    let inside = key("devops_eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz");
    assert_eq!(detectors.redact(&inside).0, "devops_[jwt]");
    let web = key("SG.A1b2C3d4E5f6G7h8I9j0K1", ".l2M3n4O5p6Q7r8S9t0U1v2W3x4");
    assert_eq!(detectors.redact(&format!("sent with {web}.")).0, "sent with [token].");
}

#[test]
fn passwords_and_bearers_are_found() {
    check_found(
        Detector::Token,
        &[
            ("password=hunter2", "hunter2"),
            ("{\"password\": \"correct\"}", "correct"),
            ("DB_PASSWORD='s3cr3t!'", "s3cr3t!"),
            ("api_key: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
            ("client_secret=abcDEF", "abcDEF"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
            ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
            ("authorization: bearer 4f9a2c81d07e", "4f9a2c81d07e"),
            ("use Bearer abcdef.0123456789abcdef~x", "abcdef.0123456789abcdef~x"),
            ("access_token=ya29abcdef01234&x=1", "ya29abcdef01234"),
            ("dbPassword: letmein99", "letmein99"),
            ("password: swordfish", "swordfish"),
            ("my password is hunter2", "hunter2"),
            ("mysql --password hunter2 -u root", "hunter2"),
            ("passphrase: \"correct horse battery staple\"", "correct horse battery staple"),
        ],
    );
    check_clean(&[
        "password: must be at least 8 characters",
        "Wrong password: retry",
        "password=***",
        "password=[redacted]",
        "password=${DB_PASSWORD}",
        "\"password\": null",
        "reset_password=true",
        "tokens: 512",
        "max_tokens=2048",
        "token=the",
        "token: ##ing",
        "next_page_token=CAESBggBEAEYAQ",
        "PWD=/home/user/project1",
        "compass=north23456",
        "primary_key=order_id_2",
        "the bearer of good news arrived",
        "bearer authentication-scheme-required",
        "secret: the cake is a lie",
        "the password is required in step2",
    ]);
}

#[test]
fn web_tokens_and_private_keys_are_found() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1g";
    check_found(
        Detector::Jwt,
        &[(token, token), (&format!("Bearer {token}"), token), (&format!("{{\"t\":\"{token}\"}}"), token)],
    );
    let lines = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nAbc+/def==";
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
        let whole = format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----");
        assert_eq!(detectors().redact(&format!("key {whole} end")).0, "key [private_key] end");
        assert_eq!(detectors().redact(&format!("key -----BEGIN {label}-----\n{lines}")).0, "key [private_key]");
    }
    check_clean(&[
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9.short",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "--------------------------------",
        "the private key is in the vault",
    ]);
}
