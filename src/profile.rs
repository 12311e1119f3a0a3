//! What `build` did to a module besides encoding it canonically (spec/portable.md).
//!
//! A profile is data: the manifest records it, `wasm/passes/` carries it out and `wasm/check/`
//! holds a module to it. Parameters are part of a pass's meaning and recorded with it.

use serde::{Deserialize, Serialize};

/// Words of logical stack that a module may use between entry and overflow.
pub const STACK_WORDS: u32 = 1 << 20;
/// Words that functions which do not count theirs may have on one path of calls (cost model 1).
pub const UNCOUNTED_WORDS: u32 = 1 << 18;
/// Greatest size of a memory whose author gave no maximum, in pages of 64 KiB.
pub const MEMORY_PAGES: u64 = 1 << 16;
/// Greatest size of a table whose author gave no maximum, in elements.
pub const TABLE_ELEMENTS: u64 = 10_000_000;

/// A rewriting pass of the profile `portable`. Declared in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// Relaxed SIMD operators become the deterministic choice.
    RelaxedSimd,
    /// No NaN whose bits an engine may choose reaches anything that sees bits.
    Nan,
    /// A logical stack limit, counted by the module.
    Stack,
    /// Memories and tables have an explicit maximum.
    Growth,
}

impl Pass {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 4] = [Self::RelaxedSimd, Self::Nan, Self::Stack, Self::Growth];

    /// The name in manifests and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RelaxedSimd => "relaxed-simd",
            Self::Nan => "nan",
            Self::Stack => "stack",
            Self::Growth => "growth",
        }
    }

    /// The pass of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pass| pass.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The set of passes that a module went through. None is the profile `canonical`, some or all are
/// the profile `portable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    passes: u8,
}

impl Profile {
    /// The encoding alone (spec/canonical.md).
    pub const CANONICAL: Self = Self { passes: 0 };
    /// Every pass (spec/portable.md).
    pub const PORTABLE: Self = Self { passes: 0b1111 };

    /// The profile of that name, whole.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::CANONICAL, Self::PORTABLE].into_iter().find(|profile| profile.name() == name)
    }

    /// The name in manifests and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.passes == 0 { "canonical" } else { "portable" }
    }

    /// The same without `pass`.
    #[must_use]
    pub const fn without(self, pass: Pass) -> Self {
        Self { passes: self.passes & !pass.bit() }
    }

    /// Whether the module went through `pass`.
    #[must_use]
    pub const fn has(self, pass: Pass) -> bool {
        self.passes & pass.bit() != 0
    }

    /// The passes, in the order in which they run.
    pub fn passes(self) -> impl Iterator<Item = Pass> {
        Pass::ALL.into_iter().filter(move |pass| self.has(*pass))
    }

    /// The note in the manifest.
    #[must_use]
    pub fn note(self) -> Note {
        Note { name: self.name().to_owned(), passes: self.passes().map(PassNote::of).collect() }
    }

    /// Reads a note; `None` when it is not one that [`Profile::note`] writes.
    #[must_use]
    pub fn from_note(note: &Note) -> Option<Self> {
        let passes = note.passes.iter().map(|pass| Pass::from_name(&pass.name));
        let passes = passes.map(|pass| pass.map(Pass::bit)).sum::<Option<u8>>()?;
        let profile = Self { passes: passes & Self::PORTABLE.passes };
        (profile.note() == *note).then_some(profile)
    }
}

/// A profile as a manifest has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// `canonical` or `portable`.
    pub name: String,
    /// The passes in their order; none for `canonical`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub passes: Vec<PassNote>,
}

/// A pass and its parameters, as a manifest has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassNote {
    /// The pass.
    pub name: String,
    /// `stack`: words between entry and overflow.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<u32>,
    /// `stack`: the cost model by which words are counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<u32>,
    /// `growth`: the maximum of a memory that had none, in pages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pages: Option<u64>,
    /// `growth`: the maximum of a table that had none, in elements.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub elements: Option<u64>,
}

impl PassNote {
    fn of(pass: Pass) -> Self {
        let (stack, growth) = (pass == Pass::Stack, pass == Pass::Growth);
        Self {
            name: pass.name().to_owned(),
            words: stack.then_some(STACK_WORDS),
            model: stack.then_some(1),
            pages: growth.then_some(MEMORY_PAGES),
            elements: growth.then_some(TABLE_ELEMENTS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_and_no_other_is_taken() {
        for passes in 0..16 {
            let profile = Profile { passes };
            assert_eq!(Profile::from_note(&profile.note()), Some(profile));
        }
        let mut note = Profile::PORTABLE.note();
        note.passes.swap(0, 1);
        assert_eq!(Profile::from_note(&note), None);
        let mut note = Profile::PORTABLE.note();
        note.passes[2].words = Some(7);
        assert_eq!(Profile::from_note(&note), None);
        let mut note = Profile::PORTABLE.note();
        note.passes.push(note.passes[0].clone());
        assert_eq!(Profile::from_note(&note), None);
    }
}
