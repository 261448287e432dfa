//! Spec files: every refusal can be shown, and an accepted spec that is written and read again is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::decode::builder::EventBuilder;
use quiver_door::spec_file::parse_spec;

fuzz_target!(|text: &str| {
    match parse_spec(text, "spec.yaml") {
        Ok(spec) => {
            assert_eq!(spec.problems(), [], "what is accepted has no problem");
            // JSON is YAML.
            let written = serde_json::to_string(&spec).expect("a spec can be written");
            let again = parse_spec(&written, "written.yaml").unwrap_or_else(|errors| panic!("{}", errors.render()));
            assert_eq!(again, spec);
            assert!(EventBuilder::new(&spec).is_empty(), "every accepted spec has a schema");
        }
        Err(errors) => {
            assert!(!errors.errors.is_empty());
            assert!(!errors.render().is_empty());
        }
    }
});
