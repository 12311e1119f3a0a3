//! What a comparison of two modules comes to.

use serde::Serialize;

/// How two modules differ, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// The same bytes.
    Same,
    /// The same contents, encoded in other bytes.
    Encoding,
    /// Custom sections, which nothing that executes sees.
    CustomSections,
    /// The same functions, one after the other in another order, and what follows from it.
    Order,
    /// Data, and addresses and lengths that follow from it.
    Data,
    /// Functions, or what a module imports, exports, or is made of.
    Code,
}

impl Sameness {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Same => "the same bytes",
            Self::Encoding => "the same contents in another encoding",
            Self::CustomSections => "custom sections only",
            Self::Order => "same code in another order",
            Self::Data => "data only",
            Self::Code => "different code",
        }
    }
}

/// The first few of a list, and how many more there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// The first.
    pub shown: Vec<T>,
    /// How many are left out.
    pub more: usize,
}

impl<T> Listed<T> {
    /// The first `most` of a list.
    pub(super) fn of(all: impl IntoIterator<Item = T>, most: usize) -> Self {
        let mut rest = all.into_iter();
        let shown = rest.by_ref().take(most).collect();
        Self { shown, more: rest.count() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len().saturating_add(self.more)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How two modules differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In one word.
    pub what: Sameness,
    /// Every section of either, in the order of A, custom ones left out.
    pub sections: Vec<SectionDiff>,
    /// Functions.
    pub functions: FunctionsDiff,
    /// Types, imports, tables, memories, globals, tags, exports, start, elements.
    pub items: Listed<ItemDiff>,
    /// Data.
    pub data: DataDiff,
    /// Custom sections; of bundles, those of the companion too.
    pub customs: Listed<CustomDiff>,
    /// What the custom section `producers` says.
    pub producers: Vec<ProducerDiff>,
    /// What most likely made the difference, and what avoids it.
    pub causes: Vec<Cause>,
}

/// A section that one or both have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionDiff {
    /// Its name.
    pub name: &'static str,
    /// Bytes of its contents in A.
    pub a: Option<usize>,
    /// Bytes of its contents in B.
    pub b: Option<usize>,
    /// Whether the bytes are the same.
    pub same: bool,
}

/// The functions that the modules define.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FunctionsDiff {
    /// How many A has.
    pub a: usize,
    /// How many B has.
    pub b: usize,
    /// How many differ, those that only one has left out.
    pub differ: usize,
    /// How many differ in addresses alone that moved, and in lengths of texts that changed.
    pub moved: usize,
    /// How many only A has.
    pub only_a: usize,
    /// How many only B has.
    pub only_b: usize,
    /// Whether those that are the same follow one another in another order.
    pub reordered: bool,
    /// The first that differ.
    pub shown: Vec<FunctionDiff>,
    /// The first that only A has.
    pub shown_a: Vec<String>,
    /// The first that only B has.
    pub shown_b: Vec<String>,
}

/// A function that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionDiff {
    /// Its name, export or number in A.
    pub name: String,
    /// Its index in A.
    pub index_a: u32,
    /// Its index in B.
    pub index_b: u32,
    /// Offset in A of the first operator that differs.
    pub offset_a: usize,
    /// Offset in B.
    pub offset_b: usize,
    /// Operators around it, each line with a sign: ` ` both, `-` A, `+` B.
    pub hunk: Vec<String>,
    /// What the constants look like, when the first operators that differ are two.
    pub looks: Option<Look>,
}

/// Something that a section lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemDiff {
    /// Of what kind: `import`, `export`, `global`, …
    pub kind: &'static str,
    /// Its name or number.
    pub name: String,
    /// What A says; `None`, it does not have it.
    pub a: Option<String>,
    /// What B says.
    pub b: Option<String>,
}

/// The data of two modules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DataDiff {
    /// Bytes in A.
    pub a: usize,
    /// Bytes in B.
    pub b: usize,
    /// The places that differ.
    pub ranges: Vec<RangeDiff>,
    /// How many are left out.
    pub more: usize,
    /// Words that differ as the addresses or functions that they point to do.
    pub pointers: usize,
    /// By how many bytes addresses moved, in order, each step once.
    pub moved: Vec<i64>,
}

/// A place at which data differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RangeDiff {
    /// In A.
    pub a: Bytes,
    /// In B.
    pub b: Bytes,
    /// What they look like.
    pub looks: Look,
}

/// Bytes of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bytes {
    /// Index of the segment.
    pub segment: u32,
    /// Address in the first memory, if it is known.
    pub address: Option<u64>,
    /// Offset in the module file.
    pub offset: u64,
    /// How many bytes.
    pub bytes: usize,
    /// The first 64 of them, and of text what stands before and behind; escaped.
    pub text: String,
}

/// What differing bytes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// A path of a machine.
    Path,
    /// A date or time as text.
    Time,
    /// Seconds since 1970.
    Seconds,
    /// The version of something.
    Version,
    /// A hash or an id in hexadecimal.
    Hash,
    /// Text.
    Text,
    /// Bytes without an order.
    Random,
    /// A number.
    Number,
    /// Anything else.
    Bytes,
}

impl Look {
    /// Whether it is text of some kind.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Path | Self::Time | Self::Version | Self::Hash | Self::Text)
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Path => "a path",
            Self::Time => "a date or time",
            Self::Seconds => "a time in seconds",
            Self::Version => "a version",
            Self::Hash => "a hash or an id",
            Self::Text => "text",
            Self::Random => "random bytes",
            Self::Number => "a number",
            Self::Bytes => "bytes",
        }
    }
}

/// A custom section that differs, or that only one has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomDiff {
    /// Its name.
    pub name: String,
    /// Bytes in A.
    pub a: Option<usize>,
    /// Bytes in B.
    pub b: Option<usize>,
    /// What the first bytes that differ look like, when both have it.
    pub looks: Option<Look>,
}

/// What made a module, as the section `producers` says (tool conventions, "Producers section").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProducerDiff {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// Of what.
    pub name: String,
    /// Its version in A; `None`, it is not there.
    pub a: Option<String>,
    /// Its version in B.
    pub b: Option<String>,
}

/// A likely cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Which.
    pub cause: CauseKind,
    /// What avoids it.
    pub cure: String,
}

/// Which cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The folders in which the modules were built.
    Paths,
    /// When they were built.
    Times,
    /// A seed that the build chose at random.
    Seed,
    /// The versions of compilers.
    Compiler,
    /// The order of what was linked.
    Order,
    /// What is kept for debuggers.
    CustomSections,
}

impl CauseKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Paths => "built in different folders",
            Self::Times => "built at different times",
            Self::Seed => "a random seed or an id of the build",
            Self::Compiler => "different versions of the compiler",
            Self::Order => "linked in another order",
            Self::CustomSections => "different custom sections",
        }
    }
}
