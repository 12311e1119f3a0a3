//! Every refusal has a reason with a stable name.
//!
//! The name stands in text, in JSON, in `provenact explain NAME` and in `spec/reasons.md`, which a
//! test holds equal to this table.

use std::fmt;

/// What a reason means for the exit status (`spec/reasons.md`, "Exit status").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A definite no: exit 1; from `run`, which refuses to start or to go on, 126.
    No,
    /// Could not tell: usage, I/O, malformed or unsupported input: exit 2; from `run`, 127.
    Unknown,
    /// The guest ended in a way that is not an exit of its own: 134 from `run`.
    Trapped,
    /// The execution was cut short from outside: 137 from `run`; exit 2 elsewhere.
    Interrupted,
}

impl Class {
    /// Exit status of every command but `run`.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::No => 1,
            Self::Unknown | Self::Trapped | Self::Interrupted => 2,
        }
    }

    /// Exit status of `run`.
    #[must_use]
    pub const fn run_exit(self) -> u8 {
        match self {
            Self::No => 126,
            Self::Unknown => 127,
            Self::Trapped => 134,
            Self::Interrupted => 137,
        }
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $class:ident, $hint:literal;)*) => {
        /// Why something was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {$(
            $(#[doc = $doc])+
            $variant,
        )*}

        impl Reason {
            /// Every reason, in the order of `spec/reasons.md`.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable kebab-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means for the exit status.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }

            /// What it means, in a sentence or two.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

reasons! {
    /// The command line does not have the form that `--help` shows.
    Usage = "usage", Unknown, "run the command with --help";
    /// A file or directory that was named does not exist.
    FileMissing = "file-missing", Unknown, "check the path";
    /// A file or directory exists and could not be read.
    FileUnreadable = "file-unreadable", Unknown, "check the permissions of the path and what kind of file it is";
    /// A file is larger than its limit.
    FileTooLarge = "file-too-large", Unknown, "the limits stand in spec/limits.md";
    /// Writing failed: a full disk, a missing directory, no permission. Nothing was left half-written.
    OutputFailed = "output-failed", Unknown, "make room or choose another place for the output";
    /// The reader of our standard output went away.
    OutputClosed = "output-closed", Unknown, "let the reading program take all of the output";
    /// The output exists already and would be lost.
    OutputExists = "output-exists", Unknown, "choose another name, or say --force where the command has it";

    /// The bytes are not a WebAssembly module.
    ModuleMalformed = "module-malformed", Unknown, "give a core WebAssembly module in the binary format";
    /// The bytes begin as a WebAssembly module and end too soon.
    ModuleTruncated = "module-truncated", Unknown, "fetch or build the module again";
    /// The module does not validate, or uses a feature that Provenact does not accept.
    ModuleInvalid = "module-invalid", Unknown, "build the module without the feature that the message names";
    /// The file is a component; components are not supported yet.
    ComponentUnsupported = "component-unsupported", Unknown, "give the core module: build for wasm32-wasip1, or without the component step";
    /// Threads and shared memory have no deterministic replay and are refused.
    ThreadsUnsupported = "threads-unsupported", Unknown, "build without -pthread, -matomics or --shared-memory";
    /// The module is an object file: it has a section `linking` or `reloc.*`.
    ObjectFile = "object-file", Unknown, "link it first, for instance with wasm-ld; without --relocatable and --emit-relocs";
    /// The module imports something that belongs to no known interface.
    ImportUnknown = "import-unknown", Unknown, "build for WASI preview 1 (wasm32-wasip1), or without the import";
    /// The module imports a known function under another type.
    ImportMismatch = "import-mismatch", Unknown, "build with a toolchain that follows the interface's definition";
    /// The module imports a memory or table that has no maximum.
    ImportUnbounded = "import-unbounded", Unknown, "give the imported memory or table a maximum (--max-memory, --maximumMemory)";
    /// The module imports a memory or table that no host can make: something else is imported by the same name, or its elements cannot be null.
    ImportUnavailable = "import-unavailable", Unknown, "import each memory and table by a name of its own, and tables of nullable references";
    /// The start function is an import.
    StartImported = "start-imported", Unknown, "start a function of the module's own";
    /// The entrypoint is an import.
    EntrypointImported = "entrypoint-imported", Unknown, "export a function of the module's own";
    /// The module does not export the entrypoint.
    EntrypointMissing = "entrypoint-missing", Unknown, "name an exported function with --entrypoint";
    /// The entrypoint's type is neither () -> () nor () -> i32.
    EntrypointType = "entrypoint-type", Unknown, "name a function without parameters that returns nothing or an i32";
    /// The module imports WASI preview 1 and its memory has 64-bit addresses.
    MemoryWithWasi = "memory64-with-wasi", Unknown, "build for wasm32; WASI preview 1 has 32-bit pointers";
    /// The module's data tells paths, user names or times of the machine that built it, and --deny-leaks was given.
    LeaksFound = "leaks-found", Unknown, "build the module with the flags that the message names, or without --deny-leaks";

    /// The manifest is not of the form that spec/manifest.md gives.
    ManifestMalformed = "manifest-malformed", Unknown, "build the bundle again";
    /// Manifest, signatures or keys of a bundle of the format v0 are not of the form that spec/v0-bundle.md gives.
    V0Malformed = "v0-malformed", Unknown, "fetch the bundle again; if it was made so, its author's tool does not write v0";
    /// The manifest is of the draft version 1 of the older format, which is not imported.
    V0Draft = "v0-draft", Unknown, "ask its author for the skill in the format v0, or for its module";
    /// A bundle of the format v0 has a name, version or entrypoint that a manifest cannot have.
    V0Unfit = "v0-unfit", Unknown, "ask its author for another name, or for the module: provenact build --name";
    /// The recipe (provenact.toml) is not of the form that docs/recipe.md gives.
    RecipeMalformed = "recipe-malformed", Unknown, "correct provenact.toml where the message points";
    /// The operator's policy file is not of the form that spec/policy.md gives.
    PolicyMalformed = "policy-malformed", Unknown, "correct the policy file where the message points";
    /// The policy file has another digest than the one that --policy-digest pins.
    PolicyMismatch = "policy-mismatch", No, "use the file that was pinned, or pin the file that is meant";
    /// The module is larger than the run may take, has more functions, memories or tables, or takes longer to compile, or the guest begins with more descriptors.
    LimitExceeded = "limit-exceeded", No, "raise the limit that is named in a policy file, under [limits]";
    /// The module's imports ask for kinds of capability that are neither declared nor denied.
    CapabilityUndeclared = "capability-undeclared", No, "declare them with --cap KIND=VALUE, or say --deny KIND";
    /// The recipe's command failed, or did not write its output.
    BuildFailed = "build-failed", Unknown, "run the command by hand and mend it";
    /// A file that the recipe names as input is a link, has a name that cannot be recorded, is too large, or is not there.
    InputsUnfit = "inputs-unfit", Unknown, "change inputs in provenact.toml, or the file that the message names";
    /// A tool is missing, or is not of the version that the recipe expects.
    ToolchainMismatch = "toolchain-mismatch", Unknown, "install the version that provenact.toml names, or change it there";
    /// The source is not the one that the provenance names: a file is missing, or is another.
    SourceMismatch = "source-mismatch", No, "give the source as it was built: the commit that the provenance names, without changes";
    /// The source cannot be fetched.
    SourceMissing = "source-missing", Unknown, "check the URL, or give the folder of the source";
    /// Builds of the same source in different surroundings gave different modules.
    BuildUnreproducible = "build-unreproducible", No, "find what depends on the surroundings that the message names; source-date-epoch in provenact.toml fixes SOURCE_DATE_EPOCH; --allow-unreproducible lets it be, and is recorded";
    /// A capability's kind or value is not one that Provenact knows.
    CapabilityUnknown = "capability-unknown", Unknown, "the kinds are env=NAME, fs.read=/PATH, fs.write=/PATH, net.http=URL, random, time";
    /// A capability has a known name and is not supported by this version.
    CapabilityUnsupported = "capability-unsupported", Unknown, "leave the capability out";
    /// The manifest names a profile, a pass or a parameter of one that this version does not have.
    ProfileUnsupported = "profile-unsupported", Unknown, "use the provenact that built the bundle, or build it again";
    /// Two grants contradict each other, or an output would lie where the skill may write.
    GrantConflict = "grant-conflict", Unknown, "change one of the two that the message names";
    /// The bundle lacks a part, or the directory is not a bundle.
    BundleMalformed = "bundle-malformed", Unknown, "build the bundle again, or name the .skill directory";
    /// skill.wasm is not the module that the manifest names.
    ArtifactMismatch = "artifact-mismatch", No, "the module or the manifest was changed after the build: fetch the bundle again";
    /// The module is not in the canonical form that its profile demands.
    ModuleNotCanonical = "module-not-canonical", No, "build the bundle again with provenact build";
    /// The module does not keep what a pass of its profile promises.
    ModuleNotPortable = "module-not-portable", No, "build the bundle again with provenact build";

    /// A key file is not a PEM file of an Ed25519 key.
    KeyMalformed = "key-malformed", Unknown, "private keys are PKCS#8 PEM, public keys SPKI PEM; provenact keygen writes both";
    /// An encrypted key file asks for more memory or time to be decrypted than any honest one needs.
    KeyCostly = "key-costly", Unknown, "do not use a key file whose origin you do not know; spec/limits.md has the limits";
    /// The private key is encrypted, and there is neither a passphrase nor a terminal to ask for it.
    PassphraseMissing = "passphrase-missing", Unknown, "give --passphrase-file FILE or --passphrase-env NAME";
    /// A passphrase is empty, too long, has control characters, or was not typed the same twice.
    PassphraseUnfit = "passphrase-unfit", Unknown, "a passphrase is 1 to 1024 bytes in one line";
    /// The passphrase does not open the private key, or the key file is damaged.
    PassphraseWrong = "passphrase-wrong", Unknown, "give the passphrase that the key was encrypted with";
    /// The operating system gave no random bytes.
    RandomnessMissing = "randomness-missing", Unknown, "check that the system offers getrandom(2) or /dev/urandom";
    /// Others can read the private key file.
    KeyExposed = "key-exposed", Unknown, "chmod 600 the key file";
    /// Others can use the directory in which compiled code is kept, or it is another user's.
    CacheExposed = "cache-exposed", Unknown, "chmod 700 the directory after a look at who wrote to it, or say --no-cache";
    /// The trust file is not of the form that spec/trust.md gives.
    TrustMalformed = "trust-malformed", Unknown, "correct trust.toml where the message points";
    /// No key was given to check signatures with.
    TrustEmpty = "trust-empty", Unknown, "give --pub KEY.pub.pem, or list keys in trust.toml";
    /// An envelope is not a DSSE envelope as spec/envelope.md gives it.
    EnvelopeMalformed = "envelope-malformed", Unknown, "fetch the envelope again";
    /// The envelope's payload type is not that of an in-toto statement.
    PayloadType = "payload-type", No, "only application/vnd.in-toto+json is taken";
    /// The signed payload is not an in-toto Statement v1.
    StatementMalformed = "statement-malformed", Unknown, "the signer's tool wrote something else than an in-toto Statement v1";
    /// The statement is of another predicate type than the one needed here.
    PredicateMismatch = "predicate-mismatch", No, "give the statement that belongs here";
    /// The type given for a predicate is no absolute URI, or one that Provenact writes itself.
    PredicateType = "predicate-type", Unknown, "name the type of what the file says by its own absolute URI";
    /// A predicate that was to be signed is not one JSON object with one reading.
    PredicateMalformed = "predicate-malformed", Unknown, "correct the file where the message points; integers above 2^53 are exact as text";
    /// The statement is about other artifacts.
    SubjectMismatch = "subject-mismatch", No, "give the statement that belongs to these files";
    /// There is no signature.
    Unsigned = "unsigned", No, "have it signed: run with --key, or provenact attest";
    /// No signature verifies under a key that is trusted here.
    SignatureUntrusted = "signature-untrusted", No, "check who signed it; give that key with --pub only if you trust it";
    /// A signature file holds neither a 64-byte Ed25519 signature nor its base64.
    SignatureMalformed = "signature-malformed", Unknown, "give what the signer wrote, as openssl pkeyutl -sign -rawin does";
    /// A signature that was made elsewhere is not the named key's over what is to be signed or imported here.
    SignatureInvalid = "signature-invalid", No, "sign exactly the bytes that attest --pae-out wrote for this bundle, with that key";
    /// The key has signed this statement already.
    SignedAlready = "signed-already", Unknown, "let another key sign; one key counts once";
    /// Fewer distinct trusted keys signed than are required.
    ThresholdUnmet = "threshold-unmet", No, "have more of the trusted keys sign the same statement; one key counts once";
    /// The key that signed was revoked, and what it signed is not among what is kept.
    KeyRevoked = "key-revoked", No, "have it signed again with another key; keep in trust.toml lists digests that still count";
    /// The key that signed is outside the time for which it is trusted, by the clock of this machine.
    KeyNotValid = "key-not-valid", No, "have it signed again with a key that is valid now, or correct the clock";
    /// The key that signed is trusted here, and not in the role that is asked.
    KeyRole = "key-role", No, "if you trust the key in that role, add the role to its roles in trust.toml";
    /// The builder or verifier that the statement names is not one that the policy takes, or not from this key.
    BuilderUntrusted = "builder-untrusted", No, "list the pair in trust.toml only if the key may speak for that builder or verifier";
    /// A verdict is not a yes.
    VerdictFailed = "verdict-failed", No, "look at what the verifier found; do not use what it refuted";
    /// A verdict has a value that nobody knows, which is not taken for a yes.
    VerdictUnknown = "verdict-unknown", No, "use a provenact that knows the verdict, or ask its signer";
    /// A rule of the trust policy is not met: depth, engines, capabilities or imports.
    PolicyUnmet = "policy-unmet", No, "the message names the rule; change what was refused, or trust.toml if it asks too much";
    /// Evidence speaks against a rung of the chain behind a receipt: digests that disagree, a trusted no, or what a policy forbids.
    RungContradicted = "rung-contradicted", No, "look at the rung that the table names; do not use what the evidence speaks against";
    /// A rung of the chain behind a receipt is demanded and not shown.
    RungNotShown = "rung-not-shown", Unknown, "provenact verify RECEIPT --chain names each rung, and what would show it";
    /// The trust file is not the one that was pinned.
    TrustMismatch = "trust-mismatch", No, "compare the file with the one that was pinned; provenact trust show prints its digest";
    /// An envelope was given without saying what it should be about.
    SubjectNeeded = "subject-needed", Unknown, "add --subject FILE: a signature alone says nothing about a file";
    /// The bundle carries no attestation.
    AttestationMissing = "attestation-missing", No, "have its author run provenact attest";
    /// The keys file of a bundle of the format v0 is not the one that was pinned.
    KeysMismatch = "keys-mismatch", No, "compare the file with the one that was pinned; sha256sum prints its digest";
    /// The signatures of a bundle of the format v0 are about another manifest.
    ManifestMismatch = "manifest-mismatch", No, "the manifest was changed after it was signed: fetch the bundle again";
    /// Somebody signed a bundle of the format v0 whom its manifest or the keys file does not list.
    SignerUnknown = "signer-unknown", No, "ask the author who signs; add a key to the keys file only if you trust it";
    /// There was nothing to verify.
    NothingToVerify = "nothing-to-verify", Unknown, "name at least one bundle or receipt";

    /// The trace is not of the form that spec/trace.md gives.
    TraceMalformed = "trace-malformed", Unknown, "fetch the trace again";
    /// The trace ends before its seal: the recording was torn off.
    TraceTruncated = "trace-truncated", Unknown, "fetch the trace again; if it was torn when written, the execution cannot be replayed";
    /// Bytes of the trace do not hash to what stands behind them.
    TraceCorrupt = "trace-corrupt", No, "the trace was changed after it was written: fetch it again";
    /// The trace has a version that this provenact does not read.
    TraceVersion = "trace-version", Unknown, "use a provenact that reads that version";
    /// The trace is not the one that the receipt names.
    TraceMismatch = "trace-mismatch", No, "give the trace that belongs to the receipt";
    /// The receipt is not of the form that spec/receipt.md gives.
    ReceiptMalformed = "receipt-malformed", Unknown, "fetch the receipt again";
    /// Module, manifest, attestation or trace is not to be found by its digest.
    MaterialMissing = "material-missing", Unknown, "put it beside the receipt, or name its place with --from";
    /// A material has another digest than the one named.
    MaterialMismatch = "material-mismatch", No, "the material was changed: fetch it again";
    /// The engine cannot run the module.
    EngineRefused = "engine-refused", Unknown, "the message names what the engine lacks or ran out of";
    /// The engine has not got a feature of WebAssembly that the module uses.
    EngineLacks = "engine-lacks-feature", Unknown, "use an engine that has the feature that the message names";

    /// A host call lies outside the effective capabilities: the execution stopped there.
    CapabilityDenied = "capability-denied", No, "the message names the flag or declaration that would grant it";
    /// The guest trapped.
    GuestTrapped = "guest-trapped", Trapped, "the skill failed; its author can find the place by the call stack";
    /// The host could not use an argument of a call: a pointer outside memory, an impossible size.
    HostFault = "host-fault", Trapped, "the skill failed; its author can find the call in the trace";
    /// The guest exited with a status above 125, which WASI has no room for.
    ExitOutOfRange = "exit-out-of-range", Trapped, "the skill should exit with 0 to 125";
    /// The execution was cut short from outside: wall clock, signal, native stack, memory, disk.
    Interrupted = "interrupted", Interrupted, "give it more time (--timeout) or room and run again";

    /// Replay saw another host function called than the trace has.
    CallDiffers = "call-differs", No, "the trace is of another module, or was changed";
    /// Replay saw a host function called with other arguments.
    ArgumentDiffers = "argument-differs", No, "the trace is of another module, or an earlier answer was changed";
    /// Replay saw other bytes handed to the host.
    HandedDiffers = "handed-bytes-differ", No, "the trace is of another module, or an earlier answer was changed";
    /// Replay saw a host call after the last one in the trace.
    CallExtra = "call-extra", No, "the end of the trace was removed, or it is of another module";
    /// Replay ended before all recorded calls were made.
    CallMissing = "call-missing", No, "calls were added to the trace, or it is of another module";
    /// An answer in the trace does not fit the call it answers.
    AnswerImpossible = "answer-impossible", No, "the trace was changed";
    /// Replay ended in another way than the trace or the receipt says.
    OutcomeDiffers = "outcome-differs", No, "the trace or the receipt was changed";
    /// The trace's header says what the manifest does not allow, or another entrypoint or name.
    HeaderDiffers = "header-differs", No, "the trace was changed, or was not made by provenact run";
    /// A field of the receipt differs from what the replay computed.
    ReceiptDiffers = "receipt-differs", No, "the receipt was changed, or was not made by this execution";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Reason {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|reason| reason.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_distinct() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        for name in &names {
            assert!(
                name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
            );
            assert_eq!(name.parse::<Reason>().map(Reason::name), Ok(*name));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
