//! Cross-checks of a server's config that no schema can express, each naming the key and what to do.

use super::{DiskMark, KEY_COMMAND, KeyRule, ServerConfig};
use quiver_event::spec::Problem;
use quiver_event::units::{Bytes, Duration};

impl ServerConfig {
    /// Every contradiction in the config; an empty list means that it can be used.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems(Vec::new());
        self.check_paths(&mut problems);
        self.check_listeners(&mut problems);
        self.check_hosts(&mut problems);
        self.check_zeros(&mut problems);
        self.check_order(&mut problems);
        problems.0
    }

    fn check_paths(&self, problems: &mut Problems) {
        if self.data_folder.as_os_str().is_empty() {
            problems.add("/data_folder", "the data folder has no name", "a folder such as quiver-data");
        }
        for (index, spec) in self.specs.iter().enumerate() {
            let pointer = format!("/specs/{index}");
            if spec.as_os_str().is_empty() {
                problems.add(&pointer, "a spec without a name", "a spec file, or a folder of them");
            } else if self.specs[..index].contains(spec) {
                problems.add(&pointer, format!("{} stands twice", spec.display()), "each spec once");
            }
        }
        for (name, file) in self.http.tls.iter().flat_map(|tls| [("certificate", &tls.certificate), ("key", &tls.key)])
        {
            if file.as_os_str().is_empty() {
                problems.add(&format!("/http/tls/{name}"), format!("no file of the {name} is named"), "a PEM file");
            }
        }
    }

    fn check_listeners(&self, problems: &mut Problems) {
        let listeners = self.listeners();
        for (index, (pointer, address)) in listeners.iter().enumerate() {
            if let Some((other, _)) = listeners[..index].iter().find(|(_, earlier)| earlier.collides_with(*address)) {
                let message = format!("{address} is taken by `{}` already", dotted(other));
                problems.add(pointer, message, "another port");
            }
        }
        if self.otlp.as_ref().is_some_and(|otlp| otlp.http.is_none() && otlp.grpc.is_none()) {
            problems.add("/otlp", "`otlp` listens nowhere", "an address under `http` or `grpc`, or no `otlp` at all");
        }
        // Whoever may write here decides what a model is judged by, and may read what it was asked.
        let public = listeners.iter().find(|(_, address)| !address.is_loopback());
        if let (KeyRule::Off, Some((pointer, address))) = (self.auth.keys, public) {
            problems.add(
                "/auth/keys",
                format!("`{}` is {address}, which other machines can reach without any key", dotted(pointer)),
                format!("`auto` or `required`, and a key for each client: {KEY_COMMAND}"),
            );
        }
    }

    fn check_hosts(&self, problems: &mut Problems) {
        for (index, host) in self.http.hosts.iter().enumerate() {
            let pointer = format!("/http/hosts/{index}");
            if host == "*" {
                // Without key and name, any page in a browser of this machine could write here (DNS rebinding).
                if self.listeners().iter().any(|(_, address)| !self.auth.keys.requires_key(*address)) {
                    let expected = "the names one by one, or `auth.keys: required`";
                    problems.add(&pointer, "`*` answers to any name although no key is needed", expected);
                }
            } else if !is_host(host) {
                let expected = "a name or address without scheme, port and path, such as quiver.example.com or [::1]";
                problems.add(&pointer, format!("`{host}` is no host name"), expected);
            }
        }
    }

    fn check_zeros(&self, problems: &mut Problems) {
        let (http, ingest, flow) = (&self.http, &self.ingest, &self.flow);
        let sizes: [(&str, Bytes); 4] = [
            ("/http/body_limit", http.body_limit),
            ("/http/decoded_limit", http.decoded_limit),
            ("/ingest/queue", ingest.queue),
            ("/ingest/deduplication/memory", ingest.deduplication.memory),
        ];
        let durations: [(&str, Duration); 9] = [
            ("/http/request_timeout", http.request_timeout),
            ("/http/header_timeout", http.header_timeout),
            ("/ingest/deduplication/horizon", ingest.deduplication.horizon),
            ("/ingest/max_clock_skew", ingest.max_clock_skew),
            ("/flow/flush_every", flow.flush_every),
            ("/flow/judge_every", flow.judge_every),
            ("/flow/slow_down_after", flow.slow_down_after),
            ("/retention/every", self.retention.every),
            ("/retention/orphans_after", self.retention.orphans_after),
        ];
        let counts: [(&str, u32); 4] = [
            ("/http/max_connections", http.max_connections),
            ("/ingest/events_per_request", ingest.events_per_request),
            ("/flow/flush_rows", flow.flush_rows),
            ("/ingest/rate_limit", ingest.rate_limit.per_second.unwrap_or(1)),
        ];
        let sizes = sizes.into_iter().map(|(pointer, size)| (pointer, size.bytes() == 0));
        let durations = durations.into_iter().map(|(pointer, duration)| (pointer, duration.microseconds() == 0));
        let counts = counts.into_iter().map(|(pointer, count)| (pointer, count == 0));
        for (pointer, _) in sizes.chain(durations).chain(counts).filter(|(_, is_zero)| *is_zero) {
            problems.add(pointer, format!("`{}` is zero", dotted(pointer)), "more than zero");
        }
        let is_zero = match self.disk.read_only_below {
            DiskMark::Free(bytes) => bytes.bytes() == 0,
            DiskMark::FreeShare(share) => share.value() == 0.0 || share.value() == 1.0,
        };
        if is_zero {
            let expected = "more than nothing and less than the whole disk, such as 1GiB or 5%";
            let message = format!("{} free space is no mark", self.disk.read_only_below);
            problems.add("/disk/read_only_below", message, expected);
        }
    }

    /// What must not be larger, or longer, than something else.
    fn check_order(&self, problems: &mut Problems) {
        let (http, ingest) = (&self.http, &self.ingest);
        let mut ordered = |pointer: &str, value: String, holds: bool, other: &str, limit: String| {
            if !holds {
                let message = format!("`{}` is {value}, and `{other}` is {limit}", dotted(pointer));
                problems.add(pointer, message, format!("at least `{other}`"));
            }
        };
        ordered(
            "/http/decoded_limit",
            http.decoded_limit.to_string(),
            http.decoded_limit >= http.body_limit,
            "http.body_limit",
            http.body_limit.to_string(),
        );
        ordered(
            "/http/request_timeout",
            http.request_timeout.to_string(),
            http.request_timeout >= http.header_timeout,
            "http.header_timeout",
            http.header_timeout.to_string(),
        );
        // A body that the queue can never hold would be asked for again and again.
        ordered(
            "/ingest/queue",
            ingest.queue.to_string(),
            ingest.queue >= http.decoded_limit,
            "http.decoded_limit",
            http.decoded_limit.to_string(),
        );
        // A client may send a request again until its time is over.
        ordered(
            "/ingest/deduplication/horizon",
            ingest.deduplication.horizon.to_string(),
            ingest.deduplication.horizon >= http.request_timeout,
            "http.request_timeout",
            http.request_timeout.to_string(),
        );
        // A file is an orphan between its writing and the commit that names it.
        let shortest = Duration::from_microseconds(60_000_000);
        if self.retention.orphans_after.microseconds() > 0 && self.retention.orphans_after < shortest {
            let message = format!("after {} a file may still be of a flush in progress", self.retention.orphans_after);
            problems.add("/retention/orphans_after", message, "at least 1m; 10m is usual");
        }
    }
}

/// The key as people write it: `http.listen`.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    !host.is_empty() && host.len() <= 253 && host.chars().all(sound) && !host.starts_with(['-', '.'])
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, pointer: &str, message: impl Into<String>, expected: impl Into<String>) {
        self.0.push(Problem {
            pointer: pointer.to_owned(),
            message: message.into(),
            expected: expected.into(),
            nearest: None,
        });
    }
}
