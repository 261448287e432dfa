//! Configs as people write them: defaults, mistakes with their places, and who wins over whom.

use super::*;
use serde_json::json;

#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = parse_config(text, "q.yaml").expect_err("the config has mistakes");
    errors.errors.iter().map(ToString::to_string).collect()
}

/// The text has one mistake, at this place, and its message holds these words.
#[track_caller]
fn refuses(text: &str, place: &str, words: &[&str]) {
    let found = errors(text);
    let [error] = found.as_slice() else { panic!("{text}: {found:#?}") };
    assert!(error.starts_with(&format!("q.yaml:{place}: ")), "{error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in: {error}");
    }
}

fn environment(variables: &[(&str, &str)]) -> Result<Vec<Override>, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    overrides_of_environment(variables).map_err(|errors| errors.errors.iter().map(ToString::to_string).collect())
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q.yaml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn source_of(effective: &Effective, key: &str) -> Source {
    let keys: Vec<&str> = key.split('.').collect();
    effective.settings.iter().find(|setting| setting.keys == keys).unwrap().source.clone()
}

#[test]
fn nothing_written_is_a_server_for_this_machine() {
    for empty in ["", "\n", "# all defaults\n", "{}", "---\n"] {
        assert_eq!(parse_config(empty, "q.yaml").unwrap(), ServerConfig::default(), "{empty:?}");
    }
    let config = ServerConfig::default();
    assert_eq!(config.problems(), []);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8600");
    assert_eq!(config.http.allowed_hosts().unwrap(), ["localhost", "127.0.0.1", "[::1]"]);
    assert!(!config.auth.keys.requires_key(config.http.listen));
    assert_eq!(config.listeners().len(), 1);
}

#[test]
fn every_key_can_be_written_and_is_written_back_as_people_do() {
    let text = "\
data_folder: /var/lib/quiver
clock: replay
specs: [specs, one.yaml]
http: {listen: '0.0.0.0:8600', hosts: [q.example.com], tls: {certificate: c.pem, key: k.pem}, body_limit: 1MB,
  decoded_limit: 1.5MB, request_timeout: 1m, header_timeout: 500ms, max_connections: 7, drain: 0s}
otlp: {http: null, grpc: '[::1]:4317'}
ingest: {queue: 2GiB, deduplication: {horizon: 1d, memory: 10MiB}, max_clock_skew: 1h,
  events_per_request: 5, rate_limit: 500 per second, dead_letters: 1MiB}
disk: {read_only_below: 5%}
flow: {flush_every: 1m, flush_rows: 9, judge_every: 1h, slow_down_after: 2m}
retention: {every: 1d, orphans_after: 1h, verify_every: 7d}
auth: {keys: required}
log: {format: text, level: debug}
";
    let config = parse_config(text, "q.yaml").unwrap();
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(
        written["http"],
        json!({"listen": "0.0.0.0:8600", "hosts": ["q.example.com"],
            "tls": {"certificate": "c.pem", "key": "k.pem"}, "body_limit": "1MB", "decoded_limit": "1500kB",
            "request_timeout": "1m", "header_timeout": "500ms", "max_connections": 7, "drain": "0us"})
    );
    assert_eq!(written["otlp"], json!({"http": null, "grpc": "[::1]:4317"}));
    assert_eq!(written["ingest"]["rate_limit"], "500 per second");
    assert_eq!(written["disk"]["read_only_below"], "5%");
    // What is written back is the same config: `config show` can be fed to `serve`.
    assert_eq!(parse_config(&written.to_string(), "q.yaml").unwrap(), config);
    let keys = yaml_keys(&server_schema());
    assert!(keys.len() > 30, "{keys:?}");
    assert!(keys.iter().all(|key| text.contains(&format!("{key}:"))), "the text above lacks one of {keys:?}");
}

/// Every key that the schema knows, at any depth.
fn yaml_keys(schema: &serde_json::Value) -> Vec<String> {
    let definitions = schema["$defs"].as_object().unwrap().values().chain([schema]);
    let keys = definitions.filter_map(|definition| definition["properties"].as_object()).flat_map(|map| map.keys());
    keys.cloned().collect()
}

#[test]
fn many_mistakes_are_named_at_once_with_place_and_nearest_word() {
    let text = "\
clok: wall
http:
  listen: localhost:8600
  body_limit: 20 megabytes
  hots: [a]
log: {level: inf}
ingest: {rate_limit: 5 per minute, events_per_request: -1}
";
    assert_eq!(
        errors(text),
        [
            "q.yaml:1:1: unknown key `clok` — expected one of data_folder, clock, specs, http, otlp, ingest, disk, \
             flow, retention, auth, log; did you mean `clock`?",
            "q.yaml:3:11: found `localhost:8600` — expected an address and port such as 127.0.0.1:8600 or [::1]:8600",
            "q.yaml:4:15: found `20 megabytes` — expected a size such as 64MiB, 1GB or 512B",
            "q.yaml:5:3: unknown key `hots` — expected one of listen, hosts, tls, body_limit, decoded_limit, \
             request_timeout, header_timeout, max_connections, drain; did you mean `hosts`?",
            "q.yaml:6:14: unknown word `inf` — expected one of error, warn, info, debug, trace; did you mean `info`?",
            "q.yaml:7:22: found `5 per minute` — expected none, or a rate such as 500 per second",
            "q.yaml:7:56: found the number -1 — expected a whole number",
        ]
    );
}

#[test]
fn a_listener_without_keys_that_others_reach_is_refused_with_the_command() {
    for listener in ["http: {listen: '0.0.0.0:8600'}", "otlp: {grpc: '192.168.0.2:4317'}", "otlp: {http: '[::]:1'}"] {
        refuses(&format!("{listener}\nauth: {{keys: off}}\n"), "2:14", &["without any key", KEY_COMMAND]);
        let keyed = parse_config(listener, "q.yaml").unwrap();
        let public = keyed.listeners().into_iter().find(|(_, address)| !address.is_loopback()).unwrap().1;
        assert!(keyed.auth.keys.requires_key(public), "auto asks for keys on {public}");
    }
    assert!(parse_config("auth: {keys: off}", "q.yaml").is_ok());
}

#[test]
fn contradictions_are_named_at_the_key_that_can_be_changed() {
    refuses("http: {body_limit: 65MiB}", "1:7", &["http.decoded_limit", "is 64MiB", "65MiB"]);
    refuses("http: {decoded_limit: 1MiB}", "1:23", &["at least `http.body_limit`"]);
    refuses("http: {tls: {certificate: a.pem}}", "1:8", &["key `key` is missing in `tls`"]);
    refuses("http: {header_timeout: 31s}", "1:7", &["http.request_timeout", "31s"]);
    refuses("http: {max_connections: 0}", "1:25", &["zero"]);
    refuses("flow: {flush_every: 0s}", "1:21", &["zero"]);
    refuses("ingest: {rate_limit: 0 per second}", "1:22", &["zero"]);
    refuses("ingest: {queue: 1MiB}", "1:17", &["http.decoded_limit"]);
    refuses("ingest: {deduplication: {horizon: 1s}}", "1:35", &["http.request_timeout"]);
    refuses("disk: {read_only_below: 100%}", "1:25", &["less than the whole disk"]);
    refuses("retention: {orphans_after: 1s}", "1:28", &["flush in progress"]);
    refuses("otlp: {http: null, grpc: null}", "1:1", &["listens nowhere"]);
    refuses("otlp: {http: '127.0.0.1:8600'}", "1:14", &["taken by `http.listen`"]);
    refuses("specs: [a.yaml, a.yaml]", "1:17", &["stands twice"]);
    refuses("http: {hosts: ['https://a.com']}", "1:16", &["without scheme"]);
    refuses("http: {hosts: ['*']}", "1:16", &["no key is needed"]);
    assert!(parse_config("http: {hosts: ['*']}\nauth: {keys: required}", "q.yaml").is_ok());
}

#[test]
fn the_command_line_wins_over_the_environment_that_over_the_file_and_that_over_the_default() {
    let (folder, path) = file("data_folder: data\nhttp:\n  listen: 127.0.0.1:1\n  drain: 1s\n  body_limit: 1MiB\n");
    let mut overrides = environment(&[("QUIVER_HTTP__LISTEN", "127.0.0.1:2"), ("QUIVER_HTTP__DRAIN", "2s")]).unwrap();
    overrides.push(Override::of_option("http.listen", "127.0.0.1:3", "--listen"));
    let effective = effective_config(Some(&path), &overrides).unwrap();
    let http = &effective.config.http;
    assert_eq!((http.listen.to_string().as_str(), http.drain.to_string().as_str()), ("127.0.0.1:3", "2s"));
    assert_eq!(http.body_limit, Bytes::new(1 << 20));
    assert_eq!(source_of(&effective, "http.listen"), Source::Override("--listen".to_owned()));
    assert_eq!(source_of(&effective, "http.drain"), Source::Override("QUIVER_HTTP__DRAIN".to_owned()));
    assert_eq!(source_of(&effective, "http.body_limit"), Source::File { file: path.clone(), line: 5 });
    assert_eq!(source_of(&effective, "http.max_connections"), Source::Default);
    // Paths of the file start at the file's folder, others where the server is started.
    assert_eq!(effective.config.data_folder, folder.path().join("data"));
    let moved = environment(&[("QUIVER_DATA_FOLDER", "data"), ("QUIVER_SPECS", "[a.yaml]")]).unwrap();
    let moved = effective_config(Some(&path), &moved).unwrap().config;
    assert_eq!((moved.data_folder, moved.specs), (PathBuf::from("data"), vec![PathBuf::from("a.yaml")]));
}

#[test]
fn a_section_from_the_environment_gives_way_to_single_keys_of_it() {
    let overrides = environment(&[("QUIVER_OTLP__GRPC", "null"), ("QUIVER_OTLP", "{http: '127.0.0.1:9'}")]).unwrap();
    let otlp = effective_config(None, &overrides).unwrap().config.otlp.unwrap();
    assert_eq!((otlp.http, otlp.grpc), (Some(Address::parse("127.0.0.1:9").unwrap()), None));
    let effective = effective_config(None, &environment(&[("QUIVER_OTLP__HTTP", "127.0.0.1:9")]).unwrap()).unwrap();
    assert_eq!(effective.config.otlp.as_ref().unwrap().grpc, Some(Address::loopback(4317)));
    assert_eq!(source_of(&effective, "otlp.grpc"), Source::Default);
}

#[test]
fn a_wrong_value_of_a_variable_names_the_variable() {
    let overrides = environment(&[("QUIVER_LOG__LEVEL", "loud"), ("QUIVER_HTTP__MAX_CONNECTIONS", "many")]).unwrap();
    let (_folder, path) = file("http: {drain: 1 parsec}\n");
    let errors = effective_config(Some(&path), &overrides).unwrap_err();
    let shown: Vec<String> = errors.errors.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert!(shown.iter().any(|error| error.starts_with("QUIVER_LOG__LEVEL: unknown word `loud`")), "{shown:#?}");
    assert!(shown.iter().any(|error| error.starts_with("QUIVER_HTTP__MAX_CONNECTIONS: found `many`")), "{shown:#?}");
    assert!(shown.iter().any(|error| error.contains("q.yaml:1:15: found `1 parsec`")), "{shown:#?}");
    // A contradiction that a variable made is the variable's.
    let overrides = environment(&[("QUIVER_AUTH__KEYS", "off"), ("QUIVER_HTTP__LISTEN", "0.0.0.0:1")]).unwrap();
    let errors = effective_config(None, &overrides).unwrap_err().to_string();
    assert!(errors.starts_with("QUIVER_AUTH__KEYS: `http.listen` is 0.0.0.0:1"), "{errors}");
}

#[test]
fn a_variable_that_names_no_key_is_an_error_when_it_may_be_meant_for_the_config() {
    let check = |name: &str, nearest: &str| {
        let errors = environment(&[(name, "1")]).expect_err(name).join("\n");
        assert!(errors.starts_with(name) && errors.contains(nearest), "{errors}");
    };
    check("QUIVER_HTTP__LISTN", "did you mean `QUIVER_HTTP__LISTEN`?");
    check("QUIVER_HTPP__LISTEN", "did you mean `QUIVER_HTTP__LISTEN`?");
    check("QUIVER_HTTP_LISTEN", "did you mean `QUIVER_HTTP__LISTEN`?");
    check("QUIVER_CLOK", "did you mean `QUIVER_CLOCK`?");
    check("QUIVER_SPECS__0", "QUIVER_SPECS with the whole value");
    check("QUIVER_HTTP__", "one of QUIVER_HTTP__LISTEN, ");
    // Kubernetes' own for services called `quiver` and `quiver-http`, and those of the other commands and the client.
    let others = [
        "QUIVER_PORT",
        "QUIVER_SERVICE_HOST",
        "QUIVER_SERVICE_PORT",
        "QUIVER_PORT_8600_TCP",
        "QUIVER_PORT_8600_TCP_ADDR",
        "QUIVER_HTTP_PORT",
        "QUIVER_HTTP_SERVICE_HOST",
        "QUIVER_HTTP_PORT_8600_TCP_PROTO",
        "QUIVER_CONFIG",
        "QUIVER_URL",
        "QUIVER_KEY",
        "QUIVER_MODE",
        "QUIVER_PYTHON",
        "PATH",
        "quiver_http__listn",
    ];
    let others: Vec<(&str, &str)> = others.iter().map(|name| (*name, "tcp://10.0.0.1:8600")).collect();
    assert_eq!(environment(&others), Ok(Vec::new()));
}

#[test]
fn texts_of_variables_need_no_quotes_and_broken_lists_are_named() {
    let overrides = environment(&[("QUIVER_DATA_FOLDER", "[a: 1"), ("QUIVER_AUTH__KEYS", "off")]).unwrap();
    assert_eq!(effective_config(None, &overrides).unwrap().config.data_folder, PathBuf::from("[a: 1"));
    let errors = environment(&[("QUIVER_SPECS", "[a, ")]).unwrap_err();
    assert!(errors[0].starts_with("QUIVER_SPECS: this is not YAML"), "{errors:?}");
}

#[test]
fn the_reference_names_every_key_with_its_default() {
    let reference = server_reference();
    for key in yaml_keys(&server_schema()) {
        assert!(reference.contains(&format!("| `{key}` | ")), "{key} is not in the reference");
    }
    for line in ["`127.0.0.1:8600`", "`20MiB`", "`10m`", "`auto`", "`1GiB`"] {
        assert!(reference.contains(line), "no default {line}:\n{reference}");
    }
}

#[test]
fn other_hosts_are_allowed_by_name_or_all_of_them() {
    let hosts = |text: &str| parse_config(text, "q.yaml").unwrap().http.allowed_hosts();
    assert_eq!(hosts("http: {hosts: [Q.Example.com]}").unwrap(), ["q.example.com"]);
    assert_eq!(hosts("http: {listen: '10.0.0.1:1'}").unwrap().last().unwrap(), "10.0.0.1");
    assert_eq!(hosts("http: {hosts: ['*']}\nauth: {keys: required}"), None);
}

#[test]
fn a_file_that_is_not_there_says_where_to_look() {
    let errors = read_config(std::path::Path::new("nowhere.yaml")).unwrap_err().to_string();
    assert!(errors.contains("there is no such file") && errors.contains("docs/server.md"), "{errors}");
}
