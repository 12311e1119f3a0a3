//! A predicate that another tool made.

use super::CommandError;
use crate::attest::foreign::Foreign;
use crate::{files, limits};
use std::path::PathBuf;

/// What is said, when it is not how the bundle came to be.
#[derive(Debug, clap::Args)]
pub struct PredicateArgs {
    /// Sign what this JSON file says about the bundle, instead of how it came to be
    #[arg(long, value_name = "FILE", requires = "type_uri")]
    predicate: Option<PathBuf>,
    /// The predicate's type, an absolute URI; not one that Provenact writes itself
    #[arg(long = "type", id = "type_uri", value_name = "URI", requires = "predicate")]
    type_uri: Option<String>,
}

impl PredicateArgs {
    /// The predicate in the file; `None` when none was given.
    pub fn read(&self) -> Result<Option<Foreign>, CommandError> {
        let (Some(path), Some(type_uri)) = (&self.predicate, &self.type_uri) else {
            return Ok(None);
        };
        let bytes = files::read_limited(path, limits::PREDICATE_BYTES)?;
        let foreign = Foreign::read(type_uri, &bytes);
        Ok(Some(foreign.map_err(|error| CommandError::from(error).of(path.display()))?))
    }
}
