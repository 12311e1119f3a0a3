//! Building: the recipe that says how a module comes to be, and the command that makes it.

mod builder;
mod error;
mod recipe;

pub use builder::run;
pub use error::Error;
pub use recipe::Recipe;
