//! The web UI as it was built, inside the binary; a page that says how to build it where that was not done.

use std::borrow::Cow;

#[derive(rust_embed::Embed)]
#[folder = "$OUT_DIR/ui"]
struct Built;

/// The bytes of a file of the UI, by its path without a leading slash, such as `index.html`.
pub fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    Built::get(path).map(|file| file.data)
}

/// Whether the pages themselves are inside, and not the page that stands in for them.
pub fn is_built() -> bool {
    Built::iter().any(|path| path.starts_with("assets/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_first_page_and_everything_it_names_is_there() {
        let page = String::from_utf8(file("index.html").unwrap().into_owned()).unwrap();
        let named: Vec<&str> = ["src=\"/", "href=\"/"]
            .iter()
            .flat_map(|key| page.split(key).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(!named.is_empty());
        for path in named.iter().filter(|path| path.contains('.')) {
            assert!(file(path).is_some(), "{path}");
        }
        assert_eq!(is_built(), named.iter().any(|path| path.starts_with("assets/")));
        assert!(!page.contains("<script>") && !page.contains("<style"), "the policy of the server forbids both");
    }
}
