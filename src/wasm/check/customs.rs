//! Custom sections: which may stand in a canonical module, and where.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};

/// What was seen of the sections so far.
#[derive(Debug, Default)]
pub(super) struct Customs {
    last: Option<u8>,
}

impl Customs {
    /// A section that is not a custom one goes by.
    pub(super) fn passed(&mut self, id: u8) {
        self.last = Some(id);
    }

    /// Holds a custom section to the list.
    pub(super) fn section(&mut self, at: usize, contents: &mut Cursor<'_>) -> Result<(), Fault> {
        contents.sized()?;
        Err(Fault::freedom(
            at,
            Freedom::CustomSections,
            "a custom section that belongs in the debug companion",
        ))
    }
}
