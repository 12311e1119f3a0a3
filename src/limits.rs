//! Every limit on untrusted input, in one place.
//!
//! A limit is a refusal with a reason, never a truncation. The limits of the Wasm decoder itself
//! (function count, nesting, locals, …) are wasmparser's implementation limits, which follow the
//! WebAssembly JavaScript interface, "Limits".

/// Bytes of a module, before and after canonicalization.
pub const MODULE_BYTES: u64 = 256 << 20;
/// Bytes of a debug companion.
pub const COMPANION_BYTES: u64 = 1 << 30;
/// Spans in a companion's map of offsets; a module within [`MODULE_BYTES`] has fewer, since what is
/// moved has two bytes at least.
pub const OFFSET_SPANS: u64 = 1 << 27;
/// Bytes of a manifest.
pub const MANIFEST_BYTES: u64 = 1 << 20;
/// Capabilities in one manifest.
pub const CAPABILITIES: usize = 1024;
/// Bytes of each file of a bundle in the format v0 but its module: manifest, signatures, keys.
pub const V0_BYTES: u64 = 1 << 20;
/// Signers in a manifest of the format v0, signatures of such a bundle, and keys in its keys file.
pub const V0_SIGNERS: usize = 1024;
/// Bytes of a recipe (`provenact.toml`).
pub const RECIPE_BYTES: u64 = 1 << 20;
/// Files that the command of a recipe is given.
pub const INPUTS: usize = 10_000;
/// Entries of directories that are looked at to find them.
pub const INPUT_ENTRIES: usize = 1_000_000;
/// Bytes of one file that the command of a recipe is given.
pub const INPUT_FILE_BYTES: u64 = 256 << 20;
/// Bytes of the path of such a file, relative to the recipe.
pub const INPUT_PATH_BYTES: usize = 4096;
/// Bytes of all such files together.
pub const INPUTS_BYTES: u64 = 2 << 30;
/// Builds that one check compares.
pub const CHECK_BUILDS: u64 = 16;
/// Bytes of what a companion notes about the source, its inputs included.
pub const SOURCE_NOTE_BYTES: u64 = 8 << 20;
/// Bytes of a line that a build prints; a longer one is printed as several.
pub const BUILD_LINE_BYTES: u64 = 8 << 10;
/// Last lines of a failing build that are shown again.
pub const BUILD_LINES: usize = 20;
/// Bytes that a probe of a toolchain may print.
pub const PROBE_BYTES: u64 = 64 << 10;
/// Bytes of a value of the environment that a recipe hands on.
pub const VARIABLE_BYTES: usize = 32 << 10;
/// Bytes of the system's list of mounts (`/proc/self/mountinfo`).
pub const MOUNTS_BYTES: u64 = 16 << 20;
/// Bytes of an operator's policy file.
pub const POLICY_BYTES: u64 = 1 << 20;
/// Bytes of a trust file.
pub const TRUST_BYTES: u64 = 1 << 20;
/// Bytes of a key file, a passphrase file or a signature file.
pub const KEY_BYTES: u64 = 16 << 10;
/// Bytes of a passphrase.
pub const PASSPHRASE_BYTES: usize = 1024;
/// Bytes of memory that scrypt may take to decrypt a key file: 128 · r · (N + p).
pub const SCRYPT_BYTES: u64 = 256 << 20;
/// Steps that scrypt may take to decrypt a key file: N · r · p.
pub const SCRYPT_STEPS: u64 = 1 << 23;
/// Iterations of PBKDF2 that may decrypt a key file.
pub const PBKDF2_ITERATIONS: u64 = 10_000_000;
/// Bytes of one DSSE envelope in its JSON form.
pub const ENVELOPE_BYTES: u64 = 16 << 20;
/// Bytes that all tries of keys and signatures of one envelope, or of all that lie beside one bundle or
/// receipt, may go over, 16 KiB for each try added.
pub const VERIFY_BYTES: u64 = 4 << 30;
/// Bytes of a file of envelopes, one a line.
pub const ATTESTATIONS_BYTES: u64 = 64 << 20;
/// Bytes of another tool's predicate that is to be signed.
pub const PREDICATE_BYTES: u64 = 8 << 20;
/// Signatures in one envelope (checked before any cryptography).
pub const SIGNATURES: usize = 1024;
/// Keys in one trust file.
pub const TRUSTED_KEYS: usize = 256;
/// Characters in the name of a trusted key, and in the id of a signer in the format v0.
pub const KEY_NAME_CHARS: usize = 256;
/// Requirements in one trust file.
pub const REQUIREMENTS: usize = 256;
/// Elements of one list in a trust file: builders, digests, capabilities, imports.
pub const TRUST_LIST: usize = 4096;
/// Arrays and objects in one JSON text: each takes much more memory than text.
pub const JSON_CONTAINERS: usize = 1 << 18;
/// Elements of all arrays in one JSON text.
pub const JSON_ELEMENTS: usize = 1 << 21;
/// Nesting of arrays and objects in JSON.
pub const JSON_DEPTH: usize = 64;
/// Bytes of a trace file.
pub const TRACE_BYTES: u64 = 64 << 30;
/// Bytes of a trace header, and of a trace's end record, before compression.
pub const TRACE_RECORD_BYTES: u64 = 64 << 20;
/// Bytes of one batch of events before compression. A single event may exceed [`BATCH_TARGET`], not this.
pub const BATCH_BYTES: u64 = 5 << 30;
/// A batch is closed when it has grown to this many bytes.
pub const BATCH_TARGET: usize = 1 << 20;
/// Bytes that the reader of a trace holds at most, whatever the trace says: a header read into eight times
/// its bytes, every material, four batches of 16 MiB that are read ahead, and one batch as it is stored and as it is.
pub const TRACE_HELD: u64 = 12 << 30;
/// Bytes handed to the host that a trace stores for one call; longer ones are a digest and a prefix.
pub const HANDED_STORED: usize = 256;
/// Host functions that one module may import.
pub const HOST_IMPORTS: usize = 4096;
/// Results of one function type, and parameters of one block through which NaNs are followed: every label
/// can take so many values, and a branch of one byte can name it.
pub const LABEL_VALUES: usize = 128;
/// Arguments plus environment variables of one invocation.
pub const INVOCATION_STRINGS: usize = 1 << 20;
/// Bytes of all arguments and environment variables together.
pub const INVOCATION_BYTES: usize = 32 << 20;
/// Bytes of an execution's input (`provenact` interface).
pub const INPUT_BYTES: usize = 16 << 20;
/// Bytes of an output that a skill sets (`provenact` interface).
pub const SKILL_OUTPUT_BYTES: usize = 64 << 20;
/// Entries that one call of `fs_read_tree` lists.
pub const TREE_ENTRIES: usize = 10_000;
/// Nesting of directories that one call of `fs_read_tree` lists.
pub const TREE_DEPTH: usize = 64;
/// Redirects that one call of `http_fetch` follows, each within the grants.
pub const HTTP_REDIRECTS: usize = 5;
/// Seconds that a call of `http_fetch` waits for a connection.
pub const HTTP_CONNECT_SECONDS: u64 = 10;
/// Seconds that each request of `http_fetch` may take as a whole.
pub const HTTP_SECONDS: u64 = 30;
/// Guest stack in bytes that compiled code may use before it is interrupted: 64 for each word of
/// the logical stack, counted or not (spec/portable.md; `benches/frames` measures how many it takes).
pub const GUEST_STACK_BYTES: usize = 2305 << 16;
/// Calls that an engine which counts them may nest, more than words allow.
pub const GUEST_LEVELS: usize = 4 << 20;
/// Stack of the thread that executes the guest, in bytes; larger than [`GUEST_STACK_BYTES`], for
/// the host's own frames.
pub const THREAD_STACK_BYTES: usize = 160 << 20;
/// Bytes that one host call may copy out of the guest (wasmtime's default for a store); more is the
/// errno `nomem`.
pub const HOSTCALL_BYTES: usize = 128 << 20;
/// Leaks of one kind (paths, user names, times) reported for one module.
pub const LEAKS: usize = 64;
/// Bytes of a companion that travels with a trace; a larger one stays behind.
pub const COMPANION_IN_TRACE: usize = 1 << 20;
/// Function names that are read from a companion.
pub const FUNCTION_NAMES: usize = 1_000_000;
/// Bytes that one of many replays is counted with before it begins: what its receipt and the engine
/// need beside the guest's memories and its stack, which is set aside for each job.
pub const REPLAY_BYTES: u64 = 32 << 20;
/// Bytes of memory that there must be for each job that replays receipts.
pub const JOB_BYTES: u64 = 320 << 20;
/// Jobs that work on many receipts side by side.
pub const JOBS: usize = 1024;
/// Bytes of line programs (`.debug_line`) in which source lines are looked for; longer ones give none.
pub const DEBUG_LINES_BYTES: usize = 256 << 20;
/// Bytes of the header of one line program, which is read as a whole; a longer one gives no lines.
pub const DEBUG_LINE_HEADER: u64 = 256 << 10;
/// Bytes of reproduced streams and files that a replay keeps, holes that are filled included.
pub const KEPT_BYTES: usize = 2 << 30;
