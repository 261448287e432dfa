//! How the commands reach a running server.

use crate::cli::Reach;
use anyhow::{Context as _, Result, bail};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use std::time::Duration;

/// A client of one server.
pub struct Remote {
    /// The client, which sends the key with every request.
    pub client: reqwest::Client,
    base: reqwest::Url,
}

impl Remote {
    /// A client of the server that the arguments name.
    pub fn new(reach: &Reach) -> Result<Self> {
        let base = reqwest::Url::parse(&reach.url).with_context(|| format!("--url {} is no URL", reach.url))?;
        if !matches!(base.scheme(), "http" | "https") {
            bail!("--url {} is neither http nor https", reach.url);
        }
        let key = match &reach.key_file {
            Some(path) => {
                Some(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)
            }
            None => std::env::var("QUIVER_KEY").ok(),
        };
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", key.trim())).context("the key holds odd characters")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .timeout(Duration::from_secs(60))
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self { client, base })
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> Result<reqwest::Url> {
        Ok(self.base.join(path)?)
    }
}
