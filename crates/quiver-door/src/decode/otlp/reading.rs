//! Reads the attributes of one span, log record, scope or resource by their names, in one pass; decides nothing.

use super::value::{number_of, text_of};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

/// What the attributes of one thing say, by convention.
#[derive(Debug, Default)]
pub(super) struct Reading<'a> {
    /// Quiver's own attributes, without their `quiver.`.
    pub quiver: Vec<(&'a str, &'a AnyValue)>,
    /// `quiver.model`.
    pub model: Option<&'a str>,
    /// `quiver.kind`.
    pub kind: Option<&'a str>,
    /// `quiver.feature`: the feature a call was made for.
    pub feature: Option<&'a str>,
    pub gen_ai: GenAi<'a>,
    pub flag: Flag<'a>,
    pub peer: Peer<'a>,
    pub error_type: Option<&'a str>,
    pub exception_type: Option<&'a str>,
    /// The message of an exception; only compared, never kept.
    pub exception_message: Option<&'a str>,
    /// Bytes that a call moved.
    pub bytes: Option<f64>,
}

/// The attributes of a generative model's operation, under their old and new names. Content is not read.
#[derive(Debug, Default)]
pub(super) struct GenAi<'a> {
    pub operation: Option<&'a str>,
    pub system: Option<&'a str>,
    pub agent: Option<&'a str>,
    pub tool: Option<&'a str>,
    pub request_model: Option<&'a str>,
    pub response_model: Option<&'a str>,
    pub tokens_in: Option<f64>,
    pub tokens_out: Option<f64>,
}

/// The evaluation of a feature flag.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Flag<'a> {
    pub key: Option<&'a str>,
    pub variant: Option<&'a str>,
    pub reason: Option<&'a str>,
    pub version: Option<&'a str>,
}

/// The attributes that tell whom a call went to, by how well they name it.
#[derive(Debug, Default)]
pub(super) struct Peer<'a> {
    names: [Option<&'a str>; PEER_NAMES.len()],
    /// The families of attributes seen, such as `db`.
    family: Option<&'static str>,
}

/// Where a peer's name stands, best first; what ends in `url` is an address whose host is the name.
const PEER_NAMES: [&str; 15] = [
    "service.peer.name",
    "peer.service",
    "db.system.name",
    "db.system",
    "rpc.service",
    "rpc.system.name",
    "rpc.system",
    "gen_ai.tool.name",
    "server.address",
    "net.peer.name",
    "url.full",
    "http.url",
    "gen_ai.provider.name",
    "gen_ai.system",
    "messaging.system",
];

/// The families of attributes that make a span a call.
const FAMILIES: [&str; 5] = ["db", "http", "rpc", "messaging", "gen_ai"];

impl<'a> Reading<'a> {
    pub(super) fn of(attributes: &'a [KeyValue]) -> Self {
        let mut reading = Self::default();
        for attribute in attributes {
            if let Some(value) = &attribute.value {
                reading.take(&attribute.key, value);
            }
        }
        reading
    }

    fn take(&mut self, key: &'a str, value: &'a AnyValue) {
        if let Some(own) = key.strip_prefix("quiver.") {
            match own {
                "model" => first(&mut self.model, text_of(value)),
                "kind" => first(&mut self.kind, text_of(value)),
                "feature" => first(&mut self.feature, text_of(value)),
                "bytes" => first(&mut self.bytes, number_of(value)),
                _ => self.quiver.push((own, value)),
            }
            return;
        }
        if let Some(name) = key.strip_prefix("gen_ai.") {
            self.gen_ai.take(name, value);
        } else if let Some(name) = key.strip_prefix("feature_flag.") {
            self.flag.take(name, value);
        }
        match key {
            "error.type" => first(&mut self.error_type, text_of(value)),
            "exception.type" => first(&mut self.exception_type, text_of(value)),
            "exception.message" => first(&mut self.exception_message, text_of(value)),
            "http.response.body.size" | "http.response_content_length" | "messaging.message.body.size" => {
                first(&mut self.bytes, number_of(value));
            }
            _ => {}
        }
        self.peer.take(key, value);
    }

    /// Whether the thing itself speaks of an event, beyond what its scope or resource says.
    pub(super) fn speaks(&self) -> bool {
        self.model.is_some() || self.kind.is_some() || !self.quiver.is_empty() || self.flag.variant.is_some()
    }
}

impl<'a> GenAi<'a> {
    fn take(&mut self, name: &str, value: &'a AnyValue) {
        match name {
            "operation.name" => first(&mut self.operation, text_of(value)),
            "provider.name" | "system" => first(&mut self.system, text_of(value)),
            "agent.name" => first(&mut self.agent, text_of(value)),
            "tool.name" => first(&mut self.tool, text_of(value)),
            "request.model" => first(&mut self.request_model, text_of(value)),
            "response.model" => first(&mut self.response_model, text_of(value)),
            "usage.input_tokens" | "usage.prompt_tokens" => first(&mut self.tokens_in, number_of(value)),
            "usage.output_tokens" | "usage.completion_tokens" => first(&mut self.tokens_out, number_of(value)),
            _ => {}
        }
    }

    /// Whether a model was asked. A tool that runs and an agent that is made ask none.
    pub(super) fn asks_a_model(&self) -> bool {
        match self.operation {
            Some(operation) => !matches!(operation, "execute_tool" | "create_agent"),
            None => self.system.is_some() || self.request_model.is_some(),
        }
    }

    /// The model's name, where nobody gave it one for Quiver.
    pub(super) fn model(&self) -> Option<&'a str> {
        self.agent.or(self.request_model).or(self.response_model)
    }
}

impl<'a> Flag<'a> {
    fn take(&mut self, name: &str, value: &'a AnyValue) {
        match name {
            "key" => first(&mut self.key, text_of(value)),
            "result.variant" | "variant" => first(&mut self.variant, text_of(value)),
            "result.reason" | "reason" | "evaluation.reason" => first(&mut self.reason, text_of(value)),
            "version" => first(&mut self.version, text_of(value)),
            _ => {}
        }
    }

    /// Whether the variant was what the split chose, and not what was left when it could not choose.
    pub(super) fn was_assigned(&self) -> bool {
        let fallback = ["error", "default", "disabled"];
        !self.reason.is_some_and(|reason| fallback.iter().any(|word| word.eq_ignore_ascii_case(reason)))
    }
}

impl<'a> Peer<'a> {
    fn take(&mut self, key: &str, value: &'a AnyValue) {
        let family = key.split_once('.').and_then(|(family, _)| FAMILIES.into_iter().find(|known| *known == family));
        if self.family.is_none() {
            self.family = family;
        }
        if let Some(index) = PEER_NAMES.iter().position(|name| *name == key) {
            first(&mut self.names[index], text_of(value));
        }
    }

    /// Whether the span went out to something.
    pub(super) fn is_call(&self) -> bool {
        self.family.is_some()
    }

    /// The best name of whom the call went to; the family's where there is none.
    pub(super) fn name(&self) -> Option<String> {
        let best = PEER_NAMES.iter().zip(self.names).find_map(|(key, name)| {
            let name = name?;
            if key.contains("url") { host_of(name) } else { Some(name.to_owned()) }
        });
        best.or_else(|| self.family.map(str::to_owned))
    }
}

/// The host of an address; never its path, query or user, which hold content.
fn host_of(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_owned())
}

fn first<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_its_host_and_nothing_else() {
        for (address, host) in [
            ("https://user:word@features.example:8443/v1?card=4111", Some("features.example")),
            ("http://[2001:db8::1]:80/", Some("2001:db8::1")),
            ("http://weather.example#part", Some("weather.example")),
            ("/relative/path", None),
            ("http:///nothing", None),
        ] {
            assert_eq!(host_of(address).as_deref(), host, "{address}");
        }
    }

    #[test]
    fn a_fallback_variant_was_served_and_not_assigned() {
        for (reason, assigned) in
            [(None, true), (Some("split"), true), (Some("ERROR"), false), (Some("default"), false)]
        {
            assert_eq!(Flag { reason, ..Flag::default() }.was_assigned(), assigned);
        }
    }
}
