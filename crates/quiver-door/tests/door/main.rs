//! What comes in through the door: spec files, tables, event lines, drafts, and what is kept out.

mod drafts;
mod events;
mod mapping;
mod redaction;
mod specs;
mod support;
mod tables;
