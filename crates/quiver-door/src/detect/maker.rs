//! The makers whose keys begin with words of their own, as their documentation and the open rule sets of secret scanners
//! give them.

/// What follows a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Capitals and digits, and just as many.
    Capitals,
    /// Letters and digits.
    Alphanumeric,
    /// Also hyphens and underscores.
    Any,
    /// As above, with a part between hyphens and underscores of the least bytes that holds a digit or capital: names of
    /// several words begin alike.
    Random,
    /// Letters and digits, and of small letters, capitals and digits some each: other codes begin alike.
    Mixed,
}

/// Prefix, what follows, and the least bytes of that (of a part of it where it is random); those of keys that were ever
/// issued are longer, never shorter.
pub(super) const MAKERS: [(&str, Tail, usize); 112] = [
    // Clouds and hosts.
    ("AKIA", Tail::Capitals, 16),
    ("ASIA", Tail::Capitals, 16),
    ("ABIA", Tail::Capitals, 16),
    ("ACCA", Tail::Capitals, 16),
    ("AIza", Tail::Any, 30),
    ("GOCSPX-", Tail::Any, 16),
    ("LTAI", Tail::Mixed, 12),
    ("AQVN", Tail::Any, 30),
    ("dop_v1_", Tail::Alphanumeric, 32),
    ("doo_v1_", Tail::Alphanumeric, 32),
    ("dor_v1_", Tail::Alphanumeric, 32),
    ("HRKU-", Tail::Any, 30),
    ("fo1_", Tail::Random, 12),
    ("fm1_", Tail::Random, 12),
    ("fm2_", Tail::Random, 12),
    ("nfp_", Tail::Alphanumeric, 30),
    ("sbp_", Tail::Alphanumeric, 32),
    ("sb_secret_", Tail::Random, 12),
    ("pscale_tkn_", Tail::Any, 24),
    ("pscale_pw_", Tail::Any, 24),
    ("pscale_oauth_", Tail::Any, 24),
    ("tskey-", Tail::Random, 16),
    ("pul-", Tail::Alphanumeric, 40),
    ("dapi", Tail::Alphanumeric, 32),
    // Code, packages, issues.
    ("ghp_", Tail::Alphanumeric, 20),
    ("gho_", Tail::Alphanumeric, 20),
    ("ghu_", Tail::Alphanumeric, 20),
    ("ghs_", Tail::Alphanumeric, 20),
    ("ghr_", Tail::Alphanumeric, 20),
    ("github_pat_", Tail::Any, 20),
    ("glpat-", Tail::Any, 16),
    ("gldt-", Tail::Any, 16),
    ("glrt-", Tail::Any, 16),
    ("glrtr-", Tail::Any, 16),
    ("glptt-", Tail::Any, 16),
    ("gloas-", Tail::Any, 16),
    ("glcbt-", Tail::Any, 16),
    ("glagent-", Tail::Any, 16),
    ("glsoat-", Tail::Any, 16),
    ("npm_", Tail::Alphanumeric, 30),
    ("pypi-", Tail::Random, 16),
    ("rubygems_", Tail::Alphanumeric, 40),
    ("CLOJARS_", Tail::Alphanumeric, 40),
    ("oy2", Tail::Alphanumeric, 43),
    ("AKCp", Tail::Alphanumeric, 60),
    ("dckr_pat_", Tail::Any, 16),
    ("dckr_oat_", Tail::Any, 16),
    ("sgp_", Tail::Random, 16),
    ("ATATT3", Tail::Any, 20),
    ("ATCTT3", Tail::Any, 20),
    ("ATBB", Tail::Alphanumeric, 24),
    ("lin_api_", Tail::Alphanumeric, 20),
    ("lin_oauth_", Tail::Alphanumeric, 20),
    ("figd_", Tail::Random, 12),
    ("ntn_", Tail::Alphanumeric, 40),
    ("secret_", Tail::Alphanumeric, 43),
    ("CFPAT-", Tail::Any, 40),
    ("PMAK-", Tail::Any, 40),
    // Messages and mail.
    ("xoxa-", Tail::Any, 11),
    ("xoxb-", Tail::Any, 11),
    ("xoxc-", Tail::Any, 11),
    ("xoxd-", Tail::Any, 11),
    ("xoxe-", Tail::Any, 11),
    ("xoxo-", Tail::Any, 11),
    ("xoxp-", Tail::Any, 11),
    ("xoxr-", Tail::Any, 11),
    ("xoxs-", Tail::Any, 11),
    ("xapp-", Tail::Random, 16),
    ("SK", Tail::Alphanumeric, 32),
    ("xkeysib-", Tail::Any, 60),
    ("pat-na1-", Tail::Any, 30),
    ("pat-eu1-", Tail::Any, 30),
    // Payments and shops.
    ("sk_live_", Tail::Alphanumeric, 8),
    ("rk_live_", Tail::Alphanumeric, 8),
    ("pk_live_", Tail::Alphanumeric, 8),
    ("sk_test_", Tail::Alphanumeric, 8),
    ("rk_test_", Tail::Alphanumeric, 8),
    ("pk_test_", Tail::Alphanumeric, 8),
    ("whsec_", Tail::Alphanumeric, 16),
    ("shpat_", Tail::Alphanumeric, 20),
    ("shpss_", Tail::Alphanumeric, 20),
    ("shpca_", Tail::Alphanumeric, 20),
    ("shppa_", Tail::Alphanumeric, 20),
    ("sq0atp-", Tail::Any, 16),
    ("sq0csp-", Tail::Any, 16),
    ("EAAA", Tail::Any, 56),
    ("EZAK", Tail::Alphanumeric, 50),
    ("EZTK", Tail::Alphanumeric, 50),
    // Watching and secrets.
    ("glsa_", Tail::Any, 32),
    ("glc_", Tail::Alphanumeric, 32),
    ("NRAK-", Tail::Alphanumeric, 20),
    ("NRJS-", Tail::Alphanumeric, 19),
    ("sntrys_", Tail::Any, 40),
    ("sntryu_", Tail::Alphanumeric, 40),
    ("phx_", Tail::Alphanumeric, 40),
    ("lsv2_", Tail::Random, 32),
    ("sk-lf-", Tail::Any, 30),
    ("ops_eyJ", Tail::Any, 100),
    ("AGE-SECRET-KEY-1", Tail::Alphanumeric, 20),
    ("qvr_", Tail::Any, 12),
    // Models.
    ("sk-ant-", Tail::Any, 12),
    ("sk-proj-", Tail::Any, 12),
    ("sk-or-", Tail::Random, 16),
    ("sk-", Tail::Random, 16),
    ("hf_", Tail::Alphanumeric, 30),
    ("gsk_", Tail::Alphanumeric, 30),
    ("xai-", Tail::Alphanumeric, 40),
    ("pplx-", Tail::Alphanumeric, 40),
    ("nvapi-", Tail::Any, 40),
    ("tvly-", Tail::Random, 24),
    ("r8_", Tail::Alphanumeric, 30),
    // Web tokens: what `{"` begins with in base64url.
    ("eyJ", Tail::Any, 0),
];

/// Where web tokens stand among the makers.
pub(super) const WEB_TOKEN: usize = MAKERS.len() - 1;

/// Prefixes that end with a dot, and the least bytes of the run behind it, which holds a digit.
pub(super) const DOTTED: [(&str, usize); 8] = [
    ("SG.", 20),
    ("hvs.", 20),
    ("hvb.", 20),
    ("ya29.", 20),
    ("dp.pt.", 32),
    ("dp.sa.", 32),
    ("dt0c01.", 20),
    ("dt0s16.", 20),
];
