//! Building: the recipe that says how a module comes to be, and the command that makes it.

mod builder;
mod declared;
mod error;
pub mod peer;
mod recipe;

pub use builder::run;
pub use declared::{declared, impossible};
pub use error::Error;
pub use recipe::Recipe;
