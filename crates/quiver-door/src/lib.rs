//! placeholder
#[cfg(test)]
mod tests {
    #[test]
    fn p() { println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(quiver_event::spec::Spec)).unwrap()); }
}
