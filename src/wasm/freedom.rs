//! The freedoms of the binary format: each way in which one module can be written as different
//! bytes, by name. Data for the writer (`encode/`), the checker (`check/`) and the reports; what
//! each means is decided twice, on purpose.

/// A freedom that the canonical form takes away (spec/canonical.md has a section for each name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freedom {
    /// LEB128 integers longer than needed.
    Leb128,
    /// Custom sections that are not on the list, or not in their place.
    CustomSections,
    /// Sections without contents.
    EmptySections,
    /// Groups of locals that are empty or could be one.
    Locals,
    /// Block types by index where a value form exists.
    BlockTypes,
    /// `select` with a type that is a number or vector.
    Select,
    /// A recursion group of one type that could do without.
    RecGroups,
    /// `sub final` without supertypes.
    FinalTypes,
    /// Reference types with an abbreviation.
    RefTypes,
    /// Types that are unused, repeated, or not in order of first use.
    Types,
    /// Element segments under a higher flag than needed.
    ElementFlags,
    /// Data segments under a higher flag than needed.
    DataFlags,
    /// Memory index 0 written out.
    MemoryIndex,
    /// A data count that nothing needs.
    DataCount,
    /// A table initialised with null explicitly.
    TableInit,
    /// An `else` without instructions.
    EmptyElse,
}

impl Freedom {
    /// All of them, in the order of spec/canonical.md.
    pub const ALL: [Self; 16] = [
        Self::Leb128,
        Self::CustomSections,
        Self::EmptySections,
        Self::Locals,
        Self::BlockTypes,
        Self::Select,
        Self::RecGroups,
        Self::FinalTypes,
        Self::RefTypes,
        Self::Types,
        Self::ElementFlags,
        Self::DataFlags,
        Self::MemoryIndex,
        Self::DataCount,
        Self::TableInit,
        Self::EmptyElse,
    ];

    /// The name in reports and in spec/canonical.md.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leb128 => "leb128",
            Self::CustomSections => "custom-sections",
            Self::EmptySections => "empty-sections",
            Self::Locals => "locals",
            Self::BlockTypes => "block-types",
            Self::Select => "select",
            Self::RecGroups => "rec-groups",
            Self::FinalTypes => "final-types",
            Self::RefTypes => "ref-types",
            Self::Types => "types",
            Self::ElementFlags => "element-flags",
            Self::DataFlags => "data-flags",
            Self::MemoryIndex => "memory-index",
            Self::DataCount => "data-count",
            Self::TableInit => "table-init",
            Self::EmptyElse => "empty-else",
        }
    }
}

/// How often a freedom was taken away, and how many bytes that saved: less than none where the
/// canonical choice is the longer one. Over all freedoms, what was saved is the difference in size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Places in the module.
    pub times: u64,
    /// Bytes.
    pub saved: i64,
}

/// A [`Count`] for each freedom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    counts: [Count; Freedom::ALL.len()],
}

impl Changes {
    /// What was done about `freedom`.
    #[must_use]
    pub fn of(&self, freedom: Freedom) -> Count {
        self.counts.get(freedom as usize).copied().unwrap_or_default()
    }

    /// Notes `times` places that saved `saved` bytes together.
    pub(super) fn add(&mut self, freedom: Freedom, times: u64, saved: i64) {
        if let Some(count) = self.counts.get_mut(freedom as usize) {
            count.times += times;
            count.saved += saved;
        }
    }

    /// Adds what was done elsewhere.
    pub(super) fn merge(&mut self, other: &Self) {
        for freedom in Freedom::ALL {
            let count = other.of(freedom);
            self.add(freedom, count.times, count.saved);
        }
    }
}
