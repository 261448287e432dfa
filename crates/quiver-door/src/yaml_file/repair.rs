//! Mends a faulty document as its author probably meant it, so that the cross-checks can still be run on the rest.

use super::parse::{escape, unescape};
use super::schema::Node;
use super::translate::{Fault, Violation};
use serde_json::{Map, Value};

/// A mended copy, and the way back from its pointers to those of the document.
#[derive(Debug)]
pub(crate) struct Mended {
    pub document: Value,
    renamed: Vec<(String, String)>,
}

impl Mended {
    /// The pointer in the original document.
    pub(crate) fn original(&self, pointer: &str) -> String {
        let mut pointer = pointer.to_owned();
        for (new, old) in &self.renamed {
            if let Some(rest) = pointer.strip_prefix(new.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                pointer = format!("{old}{rest}");
            }
        }
        pointer
    }
}

/// Takes the nearest word for each wrong one and removes what else is wrong, when that cannot cause new mistakes.
pub(crate) fn mend(document: &Value, schema: &Value, violations: &[Violation]) -> Option<Mended> {
    let mut mended = Mended { document: document.clone(), renamed: Vec::new() };
    // Deepest first, so that a renamed map does not move the places inside it.
    let mut order: Vec<&Violation> = violations.iter().collect();
    order.sort_by_key(|violation| std::cmp::Reverse(violation.pointer.matches('/').count()));
    for violation in order {
        let (parent, segment) = violation.pointer.rsplit_once('/')?;
        let key = unescape(segment);
        match violation.fault {
            Fault::MissingKey => return None,
            Fault::UnknownKey => {
                let map = mended.document.pointer_mut(parent)?.as_object_mut()?;
                match violation.error.nearest.as_ref().filter(|near| !map.contains_key(near.as_str())) {
                    Some(near) => {
                        rename(map, &key, near);
                        mended.renamed.push((format!("{parent}/{}", escape(near)), violation.pointer.clone()));
                    }
                    None => {
                        map.shift_remove(&key);
                    }
                }
            }
            Fault::Value => {
                let node = Node::root(schema).at(&violation.pointer)?;
                if let Some(near) = &violation.error.nearest {
                    *mended.document.pointer_mut(&violation.pointer)? = Value::String(near.clone());
                } else if node.is_container() {
                    return None;
                } else {
                    mended.document.pointer_mut(parent)?.as_object_mut()?.shift_remove(&key);
                }
            }
        }
    }
    Some(mended)
}

fn rename(map: &mut Map<String, Value>, old: &str, new: &str) {
    let entries = std::mem::take(map);
    for (key, value) in entries {
        let key = if key == old { new.to_owned() } else { key };
        map.insert(key, value);
    }
}
