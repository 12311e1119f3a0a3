//! What `build` did to a module besides encoding it canonically (spec/portable.md).
//!
//! A profile is data: the manifest records it, `wasm/passes/` carries it out and `wasm/check/`
//! holds a module to it. Parameters are part of a pass's meaning and recorded with it.

use serde::{Deserialize, Serialize};

/// Words of logical stack that a module may use between entry and overflow, as the pass gives them.
pub const STACK_WORDS: u32 = 1 << 21;
/// As it gave them until functions came to carry more. Such modules go on being what they are.
const EARLIER_STACK_WORDS: u32 = 1 << 20;
/// Words that functions which do not count theirs may have on one path of calls (cost model 1).
pub const UNCOUNTED_WORDS: u32 = 1 << 18;
/// Words that a function has at most which may be left before it counts them.
pub const GUARDED_WORDS: u32 = 1 << 10;
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
    /// Of the logical stack; the same as without that pass when it has none.
    words: u32,
}

impl Profile {
    /// The encoding alone (spec/canonical.md).
    pub const CANONICAL: Self = Self { passes: 0, words: STACK_WORDS };
    /// Every pass (spec/portable.md).
    pub const PORTABLE: Self = Self { passes: 0b1111, words: STACK_WORDS };

    /// The profile of that name, whole.
    ///
    /// # Errors
    /// [`ProfileError::Name`] when there is none.
    pub fn from_name(name: &str) -> Result<Self, ProfileError> {
        [Self::CANONICAL, Self::PORTABLE]
            .into_iter()
            .find(|profile| profile.name() == name)
            .ok_or_else(|| ProfileError::Name { name: cut(name) })
    }

    /// The name in manifests and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.passes == 0 { "canonical" } else { "portable" }
    }

    /// The same without `pass`.
    #[must_use]
    pub const fn without(self, pass: Pass) -> Self {
        let words = if matches!(pass, Pass::Stack) { STACK_WORDS } else { self.words };
        Self { passes: self.passes & !pass.bit(), words }
    }

    /// Whether the module went through `pass`.
    #[must_use]
    pub const fn has(self, pass: Pass) -> bool {
        self.passes & pass.bit() != 0
    }

    /// Words of logical stack, for the pass `stack`.
    #[must_use]
    pub const fn stack_words(self) -> u32 {
        self.words
    }

    /// The passes, in the order in which they run.
    pub fn passes(self) -> impl Iterator<Item = Pass> {
        Pass::ALL.into_iter().filter(move |pass| self.has(*pass))
    }

    /// The note in the manifest.
    #[must_use]
    pub fn note(self) -> Note {
        let passes = self.passes().map(|pass| PassNote::of(pass, self.words)).collect();
        Note { name: self.name().to_owned(), passes }
    }

    /// The same without the passes of these names.
    ///
    /// # Errors
    /// Unknown names; a pass to leave out of `canonical`, or none that is left.
    pub fn leaving_out<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ProfileError> {
        let mut profile = self;
        for name in names {
            let pass =
                Pass::from_name(name).ok_or_else(|| ProfileError::Pass { name: cut(name) })?;
            if self == Self::CANONICAL {
                return Err(ProfileError::NotOfProfile { pass: pass.name() });
            }
            profile = profile.without(pass);
        }
        if profile == Self::CANONICAL && self != Self::CANONICAL {
            return Err(ProfileError::NothingLeft);
        }
        Ok(profile)
    }

    /// Reads a note: only those that [`Profile::note`] writes, or did, are taken.
    ///
    /// # Errors
    /// Unknown profiles and passes, another order, other parameters.
    pub fn from_note(note: &Note) -> Result<Self, ProfileError> {
        Self::from_name(&note.name)?;
        let mut profile = Self::CANONICAL;
        let mut last = None;
        for found in &note.passes {
            let pass = Pass::from_name(&found.name)
                .ok_or_else(|| ProfileError::Pass { name: cut(&found.name) })?;
            if last >= Some(pass) {
                return Err(ProfileError::Order { pass: pass.name() });
            }
            if found.words == Some(EARLIER_STACK_WORDS) {
                profile.words = EARLIER_STACK_WORDS;
            }
            if *found != PassNote::of(pass, profile.words) {
                return Err(ProfileError::Parameters { pass: pass.name() });
            }
            last = Some(pass);
            profile.passes |= pass.bit();
        }
        if profile.name() != note.name {
            return Err(ProfileError::Mixed { name: cut(&note.name) });
        }
        Ok(profile)
    }
}

/// Why a profile was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No profile has that name.
    #[error("profile {name:?} is not supported: there are canonical and portable")]
    Name {
        /// The name, cut to 80 characters.
        name: String,
    },
    /// No pass has that name.
    #[error("pass {name:?} is not supported: there are {}", pass_names())]
    Pass {
        /// The name, cut to 80 characters.
        name: String,
    },
    /// Passes in another order than that in which they run, or one that stands twice.
    #[error("pass {pass} is not in its place: the order is {}", pass_names())]
    Order {
        /// The first pass out of order.
        pass: &'static str,
    },
    /// A pass with other parameters than this version has.
    #[error("pass {pass} has parameters that are not supported")]
    Parameters {
        /// The pass.
        pass: &'static str,
    },
    /// `canonical` with passes, or `portable` without any.
    #[error("profile {name:?} does not fit its passes: canonical has none, portable at least one")]
    Mixed {
        /// The profile.
        name: String,
    },
    /// A pass is to be left out of a profile that does not have it.
    #[error("pass {pass} cannot be left out: the profile canonical has no passes")]
    NotOfProfile {
        /// The pass.
        pass: &'static str,
    },
    /// All passes are to be left out.
    #[error("no pass is left: that is the profile canonical")]
    NothingLeft,
}

fn pass_names() -> String {
    Pass::ALL.map(Pass::name).join(", ")
}

/// The beginning of a name from outside.
fn cut(name: &str) -> String {
    name.chars().take(80).collect()
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
    fn of(pass: Pass, words: u32) -> Self {
        let (stack, growth) = (pass == Pass::Stack, pass == Pass::Growth);
        Self {
            name: pass.name().to_owned(),
            words: stack.then_some(words),
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
            let profile = Profile { passes, words: STACK_WORDS };
            assert_eq!(Profile::from_note(&profile.note()), Ok(profile));
            if profile.has(Pass::Stack) {
                let earlier = Profile { passes, words: EARLIER_STACK_WORDS };
                assert_eq!(Profile::from_note(&earlier.note()), Ok(earlier));
                assert_eq!(earlier.without(Pass::Stack), profile.without(Pass::Stack));
            }
        }
        let refused = |change: fn(&mut Note)| {
            let mut note = Profile::PORTABLE.note();
            change(&mut note);
            Profile::from_note(&note).unwrap_err()
        };
        assert_eq!(refused(|n| n.passes.swap(0, 1)), ProfileError::Order { pass: "relaxed-simd" });
        let twice = refused(|n| n.passes.push(n.passes[3].clone()));
        assert_eq!(twice, ProfileError::Order { pass: "growth" });
        let other = refused(|n| n.passes[2].words = Some(7));
        assert_eq!(other, ProfileError::Parameters { pass: "stack" });
        let foreign = refused(|n| n.passes[0].words = Some(EARLIER_STACK_WORDS));
        assert_eq!(foreign, ProfileError::Parameters { pass: "relaxed-simd" });
        let more = refused(|n| n.passes[1].model = Some(1));
        assert_eq!(more, ProfileError::Parameters { pass: "nan" });
        assert!(matches!(refused(|n| n.name = "strict".into()), ProfileError::Name { .. }));
        let pass = refused(|n| n.passes[1].name = "float".into());
        assert!(pass.to_string().ends_with("there are relaxed-simd, nan, stack, growth"), "{pass}");
        assert!(matches!(refused(|n| n.passes.clear()), ProfileError::Mixed { .. }));
        assert!(matches!(refused(|n| n.name = "canonical".into()), ProfileError::Mixed { .. }));
    }

    #[test]
    fn choices_that_make_no_sense_are_refused() {
        let portable = Profile::PORTABLE;
        assert_eq!(portable.leaving_out([]), Ok(portable));
        let two = portable.leaving_out(["nan", "stack", "nan"]).unwrap();
        assert_eq!(two.passes().collect::<Vec<_>>(), [Pass::RelaxedSimd, Pass::Growth]);
        assert_eq!(two.leaving_out(["nan"]), Ok(two), "it is left out already");
        assert_eq!(Profile::CANONICAL.leaving_out([]), Ok(Profile::CANONICAL));
        let of_canonical = Profile::CANONICAL.leaving_out(["nan"]).unwrap_err();
        assert!(matches!(of_canonical, ProfileError::NotOfProfile { .. }));
        let unknown = portable.leaving_out(["NaN"]).unwrap_err();
        assert!(matches!(unknown, ProfileError::Pass { .. }));
        let all = portable.leaving_out(Pass::ALL.map(Pass::name));
        assert_eq!(all, Err(ProfileError::NothingLeft));
    }
}
