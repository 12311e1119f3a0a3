//! What each rung shows, and what it does not.

use crate::attest::Rung;
use crate::verify::{DOES_NOT_PROVE, PROVES};

/// What a rung proves when it is shown, and what it does not.
pub(super) const fn of(rung: Rung) -> (&'static str, &'static str) {
    match rung {
        Rung::Source => (
            "an author says that the module was made of this source",
            "that it was, nor that it is good",
        ),
        Rung::Rebuilt => (
            "others got the same module and manifest from that source",
            "that the source is good, nor that distinct keys are distinct people",
        ),
        Rung::Canonical => (
            "the receipt's module has the one form, and keeps what its profile promises",
            "anything about what it does",
        ),
        Rung::Capabilities => {
            ("what was granted is declared, and the policy allows it", "that the grants were wise")
        }
        Rung::Consistent => (
            "trace, module, manifest and attestation are those that the receipt names",
            "that the module does what they say",
        ),
        Rung::Replayed => (PROVES, DOES_NOT_PROVE),
        Rung::CrossEngine => (
            "engines that share no compiler and no executor came to the same",
            "that the specification has one reading, nor that the hardware is sound",
        ),
        Rung::Authentic => ("an operator signed exactly this receipt", "that it is true"),
        Rung::CoSigned => (
            "auditors signed the same receipt, each after a replay of their own",
            "that distinct keys are distinct people or machines",
        ),
    }
}
