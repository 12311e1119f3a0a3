//! Kinds of mutants, and the reasons that fit each.

use provenact::reason::Reason::{self, *};

/// A kind of mutant.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub name: &'static str,
    /// Reasons in tier 1: of a trace that was sealed again, and of files whose bytes were changed. A
    /// changed trace with the hashes that it had is always corrupt.
    pub left: &'static [Reason],
    /// Reasons in tier 2. Where the events say which one must come, and where, only that is taken.
    pub forged: &'static [Reason],
}

const NOT_THAT: &[Reason] = &[TraceMismatch];
const OR_MALFORMED: &[Reason] = &[TraceMismatch, TraceMalformed];

/// The guest does something else than what was recorded, at the changed event or later.
const DIVERGES: &[Reason] = &[
    CallDiffers,
    ArgumentDiffers,
    HandedDiffers,
    CallExtra,
    CallMissing,
    AnswerImpossible,
    OutcomeDiffers,
    ReceiptDiffers,
];
/// The same, where the changed trace may be none.
const DIVERGES_IF_READ: &[Reason] = &[
    TraceMalformed,
    CallDiffers,
    ArgumentDiffers,
    HandedDiffers,
    CallExtra,
    CallMissing,
    AnswerImpossible,
    OutcomeDiffers,
    ReceiptDiffers,
];
const HEADER_LEFT: &[Reason] =
    &[TraceMismatch, TraceMalformed, MaterialMismatch, HeaderDiffers, ImportUnknown];
const HEADER_FORGED: &[Reason] = &[
    TraceMismatch,
    TraceMalformed,
    MaterialMismatch,
    HeaderDiffers,
    ImportUnknown,
    CallExtra,
    CallMissing,
    AnswerImpossible,
    OutcomeDiffers,
    ReceiptDiffers,
];
const BROKEN: &[Reason] =
    &[TraceCorrupt, TraceTruncated, TraceMalformed, TraceVersion, FileTooLarge];
const FIELD: &[Reason] = &[
    ReceiptDiffers,
    ReceiptMalformed,
    StatementMalformed,
    SubjectMismatch,
    MaterialMismatch,
    TraceMismatch,
    PredicateMismatch,
];

macro_rules! kinds {
    ($($id:ident = $name:literal, $left:expr, $forged:expr;)*) => {
        $(pub static $id: Kind = Kind { name: $name, left: $left, forged: $forged };)*
        /// Every kind, in the order of the table.
        pub static ALL: &[&Kind] = &[$(&$id),*];
    };
}
kinds! {
    DROP = "drop", NOT_THAT, DIVERGES;
    DUPLICATE = "duplicate", NOT_THAT, DIVERGES;
    SWAP = "swap neighbours", NOT_THAT, DIVERGES;
    INSERT = "insert a copy", NOT_THAT, DIVERGES;
    INVENT = "insert an invented call", NOT_THAT, DIVERGES;
    TRUNCATE = "truncate", NOT_THAT, &[CallExtra];
    CUT = "truncate, as an interruption", NOT_THAT, &[Interrupted];
    SPLICE = "splice another run's tail", NOT_THAT, DIVERGES;
    FUNCTION = "function", NOT_THAT, &[CallDiffers];
    ARGUMENT = "argument", NOT_THAT, &[ArgumentDiffers];
    HANDED = "handed bytes", NOT_THAT, &[HandedDiffers];
    HANDED_LENGTH = "length of handed bytes", NOT_THAT, &[HandedDiffers];
    OUTCOME = "outcome", NOT_THAT, &[OutcomeDiffers];
    COUNT = "count of events", &[TraceMalformed], &[TraceMalformed];
    ERRNO = "errno", NOT_THAT, DIVERGES;
    RESULT = "result", OR_MALFORMED, DIVERGES_IF_READ;
    WRITTEN = "written bytes", NOT_THAT, DIVERGES;
    WRITTEN_LENGTH = "length of written bytes", NOT_THAT, DIVERGES;
    EVENT_BYTE = "byte of the events", OR_MALFORMED, DIVERGES_IF_READ;
    HEADER = "field of the header", HEADER_LEFT, HEADER_FORGED;
    MODULE = "another module", &[MaterialMismatch], DIVERGES;
    FILE_BYTE = "byte of the trace", BROKEN, &[];
    FILE_LENGTH = "length of the trace", BROKEN, &[];
    RECEIPT = "field of the receipt", &[SignatureUntrusted], FIELD;
    ENVELOPE_BYTE = "byte of the envelope", &[SignatureUntrusted, EnvelopeMalformed, PayloadType], &[];
}
