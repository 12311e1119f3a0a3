//! The escape suite: what a hostile module, a hostile neighbour and a hostile file can try.
//!
//! Every case has one expected outcome, in a table: `expected/*.txt`, or the header of a file in `wat/`.
//! Whatever it is, nothing outside of the granted directory is read, changed, made or removed, and the
//! program never panics: both are looked at after every single case ([`place::Prison::check`]).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the end-to-end tests")]
#[path = "../e2e/common.rs"]
mod common;

mod bombs;
mod caller;
mod denied;
mod files;
mod paths;
mod place;
mod pointers;
mod races;
mod swaps;
mod table;
