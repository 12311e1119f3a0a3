//! What verifying costs beside what it cannot do without: one strict Ed25519 verification for an
//! envelope; the digest, validation and check of the module for a bundle.
//!
//! `cargo bench --bench verify [-- --quick]`, then `benches/ratios.py`, which compares the ratios with
//! `benches/baseline.json`: times of one machine say nothing on another, ratios do. What is in the
//! group `ratio` is one side's time by the other's, in microseconds for ones: both run by turns, so
//! that a machine that is slow for a second is slow for both. The bundle is of `target/programs/esbuild.wasm` (20 MB, `tests/programs/
//! fetch.py`); without it that part is left out, and says so.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use ed25519_dalek::{Signature, VerifyingKey};
use provenact::attest::provenance::{Parameters, Provenance, Recipe, Tool};
use provenact::attest::{Envelope, PAYLOAD_TYPE, PrivateKey, Trust, pae, time::Timestamp};
use provenact::digest::{CompanionDigest, ManifestDigest, ModuleDigest, SourceDigest, ToolDigest};
use provenact::profile::Profile;
use provenact::verify::{Consumed, Error, Policy, Upheld, consume, consume_line, consume_lines};
use provenact::wasm::{Canonical, Digested};
use std::hint::black_box;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Bytes of the statement in an envelope, about.
const PAYLOAD: usize = 4096;
/// Envelopes that are verified side by side.
const MANY: usize = 2048;

/// How often something short runs before it is the other side's turn.
const SOME: u32 = 16;

/// An envelope, and what verifies it.
struct Case {
    line: Vec<u8>,
    policy: Policy,
    subjects: Vec<(String, [u8; 32])>,
    key: VerifyingKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Case {
    fn new() -> Result<Self> {
        let key = PrivateKey::generate()?;
        let provenance = provenance();
        let payload = provenance.to_statement()?.to_payload()?;
        let message = pae(PAYLOAD_TYPE, &payload);
        let envelope = Envelope::sign(payload, &[&key]);
        let bytes = envelope.signature_bytes().next().ok_or("no signature")?;
        let now = Timestamp::from_unix(1_800_000_000).ok_or("no time")?;
        let trust = Trust::from_keys([("author".to_owned(), key.public())])?;
        Ok(Self {
            line: envelope.to_bytes()?,
            policy: Policy::new(trust, now, NonZeroUsize::MIN),
            subjects: vec![("skill.wasm".to_owned(), *provenance.module.as_bytes())],
            key: VerifyingKey::from_public_key_pem(&key.public().to_pem())?,
            message,
            signature: Signature::from_slice(bytes)?,
        })
    }

    /// From the bytes of the line to the policy's yes, as for each line of a file.
    fn full(&self) -> std::result::Result<Upheld, Error> {
        consume_line(&self.policy, &self.line, &self.subjects, None)
    }

    /// The same, and everything written down that is shown of an envelope alone.
    fn shown(&self) -> std::result::Result<Consumed, Error> {
        consume(&self.policy, &Envelope::parse(&self.line)?, &self.subjects, None, &[])
    }
}

/// Provenance of a build by a command with many arguments.
fn provenance() -> Provenance {
    let mut made = Provenance {
        module: ModuleDigest::of(b"module"),
        manifest: ManifestDigest::of(b"manifest"),
        parameters: Parameters {
            name: "clock".into(),
            version: "0.1.0".into(),
            entrypoint: "_start".into(),
            profile: Profile::PORTABLE.note(),
            capabilities: Vec::new(),
            recipe: None,
        },
        source_name: "clock.wasm".into(),
        origin: None,
        materials: None,
        source: SourceDigest::of(b"source"),
        companion: Some(CompanionDigest::of(b"companion")),
        tool: Tool { version: "0.1.0".into(), source: ToolDigest::of(b"tool") },
        entropy: None,
        finished: None,
    };
    let size =
        |made: &Provenance| made.to_statement().and_then(|s| s.to_payload()).map(|p| p.len());
    let mut command = vec!["cc".to_owned(), "--target=wasm32-wasip1".to_owned()];
    while size(&made).is_ok_and(|size| size < PAYLOAD) {
        command.push(format!("-I/workspace/project/third_party/library-{}/include", command.len()));
        made.parameters.recipe = Some(Recipe { command: command.clone(), source: None });
    }
    made
}

fn envelopes(c: &mut Criterion) {
    let case = made(Case::new());
    assert!(case.full().is_ok() && case.shown().is_ok(), "the envelope is not upheld");
    let mut group = c.benchmark_group("envelope");
    group.bench_function("verify_strict", |b| {
        b.iter(|| black_box(&case.key).verify_strict(black_box(&case.message), &case.signature));
    });
    group.bench_function("full", |b| b.iter(|| black_box(&case).full()));
    group.bench_function("shown", |b| b.iter(|| black_box(&case).shown()));
    group.finish();

    let signature = || {
        let key = black_box(&case.key);
        drop(black_box(key.verify_strict(black_box(&case.message), &case.signature)));
    };
    let full = || drop(black_box(black_box(&case).full()));
    let shown = || drop(black_box(black_box(&case).shown()));
    let mut group = c.benchmark_group("ratio");
    by_turns(&mut group, "envelope_full", SOME, &full, &signature);
    by_turns(&mut group, "envelope_shown", SOME, &shown, &signature);
    group.finish();

    let lines = vec![[case.line.as_slice(), b"\n"].concat(); MANY];
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let all = || consume_lines(&case.policy, black_box(&lines), &case.subjects, None);
    assert!(all().iter().all(std::result::Result::is_ok), "a line is not upheld");
    let one = || {
        let is_upheld = |_| black_box(&case).full().is_ok();
        assert!((0..MANY / cores).all(is_upheld), "a line is not upheld");
    };
    let mut group = c.benchmark_group("bulk");
    group.sample_size(10);
    group.bench_function("full", |b| b.iter(all));
    group.bench_function("cores", |b| b.iter(one));
    group.finish();
    let mut group = c.benchmark_group("ratio");
    by_turns(&mut group, "bulk", 1, &|| drop(black_box(all())), &one);
    group.finish();
}

fn bundles(c: &mut Criterion) {
    let large = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/programs/esbuild.wasm");
    let small = made(wat::parse_str(r#"(module (func (export "_start")))"#).map_err(Box::from));
    let folder = made(tempfile::tempdir().map_err(Box::from));
    let mut group = c.benchmark_group("bundle");
    group.sample_size(10);

    let source = folder.path().join("small.wasm");
    made(fs_err::write(&source, small).map_err(Box::from));
    let bundle = made(attested(&source, folder.path()));
    group.bench_function("small_process", |b| b.iter(|| made(verify(&bundle, folder.path()))));

    if large.is_file() {
        let bundle = made(attested(&large, folder.path()));
        let module = made(fs_err::read(bundle.join("skill.wasm")).map_err(Box::from));
        let process = || made(verify(&bundle, folder.path()));
        let check = || Canonical::check_digested(Digested::of(module.clone()), Profile::PORTABLE);
        group.bench_function("process", |b| b.iter(process));
        group.bench_function("digest_and_check", |b| b.iter(check));
        group.finish();
        let mut group = c.benchmark_group("ratio");
        by_turns(&mut group, "bundle_process", 1, &process, &|| drop(black_box(check())));
        group.finish();
    } else {
        let _ = writeln!(std::io::stderr(), "{} is missing: no large bundle", large.display());
    }
}

/// The time of `one` by that of `other`, as so many microseconds; each is timed `times` times by turns
/// with the other.
#[expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]
fn by_turns(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    times: u32,
    one: &dyn Fn(),
    other: &dyn Fn(),
) {
    let time = |side: &dyn Fn()| {
        let start = Instant::now();
        (0..times).for_each(|_| side());
        start.elapsed().as_secs_f64()
    };
    let ratio = |_| Duration::from_secs_f64(time(one) / time(other) * 1e-6);
    group.sample_size(if times > 1 { 100 } else { 10 });
    group.bench_function(name, |b| b.iter_custom(|rounds| (0..rounds).map(ratio).sum()));
}

/// A bundle of the module at `source`, attested by the key `author` in `folder`.
fn attested(source: &Path, folder: &Path) -> Result<PathBuf> {
    if !folder.join("author.key.pem").exists() {
        provenact(folder, &["keygen", "-o", "author"])?;
    }
    let bundle = folder.join(source.file_name().ok_or("no name")?).with_extension("skill");
    let (source, to) = (source.display().to_string(), bundle.display().to_string());
    let caps = ["--cap", "fs.read=/", "--cap", "fs.write=/", "--deny", "net.http"];
    let caps = if source.ends_with("small.wasm") { &[][..] } else { &caps[..] };
    provenact(folder, &[&["build", &source, "-o", &to], caps].concat())?;
    provenact(folder, &["attest", &to, "--key", "author.key.pem"])?;
    Ok(bundle)
}

fn verify(bundle: &Path, folder: &Path) -> Result<()> {
    provenact(folder, &["verify", &bundle.display().to_string(), "--pub", "author.pub.pem"])
}

fn provenact(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provenact"));
    let said = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output()?;
    let error = || format!("{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    if said.status.success() { Ok(()) } else { Err(error().into()) }
}

#[expect(clippy::panic, reason = "a bench that cannot measure ends")]
fn made<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

criterion_group!(benches, envelopes, bundles);
criterion_main!(benches);
