//! The trace: the log of every answer a guest got (`spec/trace.md`).
//!
//! [`Writer`] and [`Reader`] take any byte stream and never open files. Both do the heavy work
//! (compression, hashing, input and output) on a thread of their own, so that the guest's thread
//! only encodes or decodes events. The encoding of an event stands once, in `event.rs`, and serves
//! both ways.

mod entry;
mod error;
mod event;
mod header;
mod reader;
mod section;
#[cfg(test)]
mod tests;
mod writer;

pub use entry::{Entry, around};
pub use error::{Error, Problem};
pub use event::{Event, EventRef, Handed, MAX_RANGES};
pub use header::{Attested, End, Header, InputBytes, Material, MaterialName, Salt};
pub use reader::Reader;
pub use section::{Seal, Version};
pub use writer::Writer;
