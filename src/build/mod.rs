//! Building: the recipe that says how a module comes to be, and the command that makes it.

mod builder;
mod declared;
mod error;
mod fetch;
mod git;
mod inputs;
pub mod peer;
mod recipe;
mod surroundings;
mod tools;

pub use builder::{Build, Made, Watch};
pub use declared::{declared, impossible};
pub use error::Error;
pub use fetch::{Fetched, fetch};
pub use recipe::Recipe;
pub use surroundings::Host;

use builder::Asking;
