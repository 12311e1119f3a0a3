mod apart;
mod grants;

use super::error::{CommandError, run_exit};
use super::inputs::{self, TrustArgs};
use super::keys::KeyArgs;
use super::record::{Concluded, Destination, Recording};
use super::skill_io::{LastOutput, SkillIo, speaks};
use super::ui::Ui;
use super::watch::{catch_signals, seconds, watch, watch_compiling};
use crate::abi::Capability;
use crate::bounds::{Bounds, Exceeded};
use crate::digest::PolicyDigest;
use crate::files;
use crate::outcome::{Interruption, Outcome};
use crate::reason::{Class, Reason};
use crate::runtime::{
    self, Engine, Evidence, Execution, Frame, Keep, LiveHost, Seam, execute, roots,
};
use crate::skill::{Effective, Policy, effective};
use crate::trace::{Attested as AttestedBy, Header, Salt};
use crate::verify::{Attested, CheckedBundle};
use crate::wasm::Companion;
use apart::{Places, settle};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Run a skill and record the execution
///
/// The skill gets what its manifest declares and the operator grants, nothing else. Everything that
/// the outside world answered is recorded; receipt.json and receipt.trace are all that an auditor
/// needs. Options come before the skill; everything after it is the skill's own.
#[derive(Debug, clap::Args)]
#[command(override_usage = "provenact run [OPTIONS] SKILL [ARG]...")]
#[command(after_help = "\
Examples:
  provenact run --pub author.pub.pem clock.skill
  provenact run --pub author.pub.pem --allow time,random --dir ./data::/data --key operator.key.pem clock.skill arg < in.txt

Exit status:
  0-125 the skill's own, 126 refused or denied, 127 our own failure,
  134 trap, limit, host fault or an exit status above 125, 137 interrupted,
  129, 130, 143 interrupted by SIGHUP, SIGINT, SIGTERM: the evidence is written still;
  a second signal ends it at once, without")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Run without a valid attestation; the receipt says so
    #[arg(long)]
    allow_unsigned: bool,
    /// Grant reading and writing of a host directory as a guest path; repeatable
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,
    /// Grant reading of a host directory as a guest path; repeatable
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir_ro: Vec<String>,
    /// Grant an environment variable, with our own value or the one given; repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Grant fetching of URLs at and below this one; repeatable
    #[arg(long, value_name = "URL")]
    net: Vec<String>,
    /// Grant kinds that need no value: time (or time=realtime, monotonic, cputime), random
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    allow: Vec<String>,
    /// Grant what the manifest declares of time, random and env (directories still need --dir, URLs --net)
    #[arg(long)]
    allow_declared: bool,
    #[command(flatten)]
    io: SkillIo,
    /// The operator's policy: a ceiling that no other flag lifts
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The digest that the policy must have
    #[arg(long, value_name = "sha256:HEX", requires = "policy")]
    policy_digest: Option<PolicyDigest>,
    #[command(flatten)]
    key: KeyArgs,
    /// Where the receipt goes; the trace goes beside it as NAME.trace
    #[arg(long, value_name = "NAME.json", default_value = "receipt.json")]
    receipt: PathBuf,
    /// Write no receipt and no trace
    #[arg(long, conflicts_with_all = ["receipt", "key", "detached"])]
    no_receipt: bool,
    /// Leave module, manifest and attestation out of the trace
    #[arg(long)]
    detached: bool,
    /// Overwrite an existing receipt and trace
    #[arg(long)]
    force: bool,
    /// Compile anew instead of using the private cache of compiled code
    #[arg(long)]
    no_cache: bool,
    /// Interrupt the execution after so many seconds; a policy's limit, or a day, ends it anyway
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
    /// Write the outcome as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Say nothing about the receipt
    #[arg(short, long)]
    quiet: bool,
    /// The bundle, and arguments for the skill
    #[arg(value_name = "SKILL [ARG]", required = true, trailing_var_arg = true)]
    skill: Vec<String>,
}

impl Args {
    /// Where the receipt goes, if one is written.
    fn evidence(&self) -> Option<&Path> {
        (!self.no_receipt).then_some(&*self.receipt)
    }

    /// The bundle's path.
    fn bundle(&self) -> &Path {
        Path::new(self.skill.first().map_or("", String::as_str))
    }
}

/// The outcome as `--report` writes it.
#[derive(Serialize)]
pub struct Report<'a> {
    schema: &'static str,
    exit: u8,
    outcome: &'a Outcome,
    reason: Option<&'static str>,
    receipt: Option<String>,
    trace: Option<String>,
    events: u64,
    /// The guest's call stack where it stopped, innermost first.
    stack: &'a [Frame],
}

/// Everything about one run that its end needs.
struct Run {
    ui: Ui,
    quiet: bool,
    bundle: PathBuf,
    declared: Vec<Capability>,
    policy: Option<Policy>,
    bounds: Bounds,
    /// Whether the module has the `provenact` interface, whose output was delivered.
    speaks: bool,
    report: Option<PathBuf>,
    force: bool,
    /// Where the code of the module begins.
    code: Option<u64>,
}

/// Runs the skill and gives its exit status.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let key = args.key.load()?;
    let bundle = CheckedBundle::check(inputs::bundle(args.bundle())?)
        .map_err(|error| CommandError::from(error).of(args.bundle().display()))?;
    let attested = attested(args, &bundle, ui)?;
    let policy = policy(args)?;
    let bounds = policy.as_ref().map(Policy::bounds).unwrap_or_default();
    let longest = Duration::from_secs(bounds.wall_clock_seconds);
    let timeout = args.timeout.map(seconds).transpose()?.map_or(longest, |own| own.min(longest));
    admit(args, &bundle, &bounds)?;
    let ceiling = policy.as_ref().map(Policy::ceiling);
    let mut effective =
        effective(bundle.manifest().capabilities(), ceiling, &grants::grants(args, &bundle)?)?;
    for unused in &effective.unused {
        ui.warn(&unused.to_string());
    }
    bounds
        .admit_open(runtime::open_at_first(&effective.capabilities))
        .map_err(|error| exceeded(args, &error))?;
    outputs_are_free(args)?;
    let cache = cache(args)?;
    settle(&mut effective);
    let places = Places::of(&effective);
    let rows = bundle.interface().host_functions();
    places.show_no_processes()?;
    places.are_apart(&rows)?;
    are_ours_alone(args, &places)?;
    let pinned = policy.as_ref().map(Policy::digest);
    let speaks = speaks(&rows);
    let mut header = header(args, &bundle, attested.as_ref(), &effective, pinned, &rows)?;
    header.input = args.io.input(&rows)?;

    let engine = Engine::cranelift(cache.as_deref())?;
    let compiling = watch_compiling(
        &bounds,
        args.bundle(),
        Reason::LimitExceeded.hint(),
        Class::No.run_exit(),
        ui,
    );
    let program = engine.compile(bundle.module(), &rows)?;
    drop(compiling);
    let live = LiveHost::new(&header, &roots(&header.grants), &effective.preopens, &rows)
        .map_err(runtime::Error::from)?;
    let materials = if args.detached {
        Vec::new()
    } else {
        // Names for an auditor's call stacks; a companion that cannot be read costs only them.
        let companion = crate::skill::read_companion(args.bundle()).unwrap_or_default();
        super::record::materials(&bundle, companion, attested.as_ref())
    };
    // From here on there is something to be kept when a signal comes.
    let signals = catch_signals().map_err(|error| {
        CommandError::new(Reason::EngineRefused, format!("cannot catch signals: {error}"))
    })?;
    let destination =
        (!args.no_receipt).then(|| Destination::prepare(&args.receipt, args.force)).transpose()?;
    let writer = destination
        .as_ref()
        .map(|to| to.start(&header, materials, bounds.trace_bytes))
        .transpose()?;

    let output = LastOutput::default();
    let keep = speaks.then(|| Box::new(output.clone()) as Box<dyn Keep>);
    let evidence = Evidence::new(header.clone(), writer, keep);
    let shared =
        evidence.on_one_engine_class(bundle.interface().one_class_feature.is_some()).shared();
    let recording = Recording::new(shared.clone(), destination, key.map(Arc::new));
    let end = Run {
        ui,
        quiet: args.quiet,
        bundle: args.bundle().to_path_buf(),
        declared: bundle.manifest().capabilities().to_vec(),
        policy,
        bounds,
        speaks,
        report: args.report.clone(),
        force: args.force,
        code: program.code_start(),
    };
    let end = Arc::new(end);
    let interrupted = |cause: Interruption| {
        let (recording, end) = (recording.clone(), end.clone());
        move |exit| interrupt(&recording, &end, cause, exit)
    };
    let time_is_up = interrupted(Interruption::WallClock);
    let watch = watch(timeout, move || time_is_up(Class::Interrupted.run_exit()));
    let _handled = signals.then(interrupted(Interruption::Signal));
    let seam = Seam::new(Box::new(live), rows, &header, shared).bounded(bounds);
    let execution = match execute(&engine, &program, bundle.interface(), seam) {
        Ok(execution) => execution,
        Err(error) => {
            // What the guest did until then stays on record; a recording that failed cannot be kept.
            let cause = Interruption::HostFailed;
            let kept = recording.conclude(&Outcome::Interrupted { cause }, None);
            if let Ok(Some(kept)) = &kept {
                end.ui.talk(&kept.to_string());
            }
            return Err(error.into());
        }
    };
    drop(watch);
    let concluded = recording.conclude(&execution.outcome, execution.state.as_ref())?;
    if speaks {
        args.io.deliver(&output, &execution.outcome, args.force)?;
    }
    end.tell(&execution, concluded.as_ref(), run_exit(&execution.outcome))
}

/// What the skill must not write, nor lead elsewhere: what this run writes and reads, and what a later one
/// would believe.
fn are_ours_alone(args: &Args, places: &Places<'_>) -> Result<(), CommandError> {
    let elsewhere = "put it elsewhere, as with --receipt FOLDER/receipt.json";
    let ours = [
        args.evidence(),
        args.report.as_deref(),
        args.io.output(),
        args.policy.as_deref(),
        Some(args.bundle()),
    ];
    for path in ours.into_iter().flatten() {
        places.are_not_at(path, elsewhere)?;
    }
    for path in args.trust.files() {
        places
            .are_not_at(&path, "put it elsewhere, and name it with --trust FILE or --pub FILE")?;
    }
    // A trust file that is not there could be made.
    for path in inputs::trust_places() {
        let cure = "the next command would believe a trust file there: run from another folder, or name \
                    another one for the user's with XDG_CONFIG_HOME";
        places.are_not_at(&path, cure)?;
    }
    // Compiled code is executed as it is.
    if let Some(folder) = super::cache_place() {
        places.are_not_at(&folder.join("code"), "name another folder with XDG_CACHE_HOME")?;
    }
    for path in args.key.files() {
        places.do_not_show(path, args.io.input_file())?;
        places.are_not_at(path, "keep keys and passphrases outside of what is granted")?;
    }
    Ok(())
}

/// What will be written must not be something else: an existing file only with --force, and never
/// a key, a trust file or anything that is not what this command writes there.
fn outputs_are_free(args: &Args) -> Result<(), CommandError> {
    let usage = |message: String| Err(CommandError::new(Reason::Usage, message));
    for (flag, path) in [("--receipt", args.evidence()), ("--report", args.report.as_deref())] {
        if path == Some(Path::new("-")) {
            return usage(format!("{flag} names a file: standard output is the skill's"));
        }
    }
    let receipt = args.evidence().map(Path::to_path_buf);
    let trace = receipt.as_ref().map(|path| path.with_extension("trace"));
    if args.report.is_some() && (args.report == receipt || args.report == trace) {
        return usage("--report and --receipt name the same file".to_owned());
    }
    if let Some(output) = args.io.output() {
        // By where they are, not by how they are written.
        let place = |path: &Path| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = files::absolute(folder.unwrap_or(Path::new("."))).ok()?;
            Some(folder.join(path.file_name()?))
        };
        let others = [&args.report, &receipt, &trace];
        if others.into_iter().flatten().any(|other| place(other) == place(output)) {
            return usage("--output names a file that something else goes to".to_owned());
        }
        // What this run reads, a later one will believe: the skill does not choose what it says.
        let input = args.io.input_file().filter(|path| *path != Path::new("-"));
        let named = [args.policy.as_deref(), input, Some(args.bundle())];
        let named = named.into_iter().flatten().chain(args.key.files()).map(Path::to_path_buf);
        for read in named.chain(args.trust.files()).chain(inputs::trust_places()) {
            let is_there = |at: PathBuf| place(output).is_some_and(|to| to.starts_with(at));
            if place(&read).is_some_and(is_there) || files::absolute(&read).is_ok_and(is_there) {
                let (output, read) = (output.display(), read.display());
                return usage(format!("--output {output} would replace {read} or a part of it"));
            }
        }
        if !args.force {
            files::must_not_exist(output)?;
        }
        files::Pending::create(output, files::MODE_FILE)?;
    }
    let begins: [(Option<PathBuf>, &[u8]); 3] = [
        (receipt, b"{\"payload\":"),
        (trace, b"\0pvtrace"),
        (args.report.clone(), b"{\n  \"schema\": \"https://opertus.systems/provenact/run/"),
    ];
    for (path, begin) in begins.into_iter().filter_map(|(path, begin)| Some((path?, begin))) {
        if !files::exists(&path) {
            files::Pending::create(&path, files::MODE_SECRET)?;
        } else if !args.force {
            files::must_not_exist(&path)?;
        } else if files::begins(&path, begin.len())? != begin {
            return usage(format!("{} is no such file of ours: not replaced", path.display()));
        }
    }
    Ok(())
}

/// Interrupts the run: seals the trace and makes the receipt of what there is; `exit` is the status
/// for it.
fn interrupt(recording: &Recording, end: &Run, cause: Interruption, exit: u8) -> u8 {
    let concluded = recording.conclude(&Outcome::Interrupted { cause }, None);
    let told = concluded.and_then(|c| end.tell(&Execution::interrupted(cause), c.as_ref(), exit));
    told.unwrap_or_else(|error| {
        end.ui.error(&error);
        error.reason.class().run_exit()
    })
}

/// The attestation that allows the bundle to run, or none when the operator says so.
fn attested(args: &Args, bundle: &CheckedBundle, ui: Ui) -> Result<Option<Attested>, CommandError> {
    let hint = |error: CommandError| match error.reason {
        Reason::KeyRole | Reason::KeyRevoked | Reason::KeyNotValid | Reason::ThresholdUnmet => {
            error
        }
        Reason::AttestationMissing => {
            error.hint("have its author run provenact attest, or run it with --allow-unsigned")
        }
        Reason::SignatureUntrusted | Reason::Unsigned => {
            error.hint("give the author's key with --pub, or run it with --allow-unsigned")
        }
        _ => error,
    };
    let policy = match args.trust.load()? {
        Some(policy) => policy,
        None if args.allow_unsigned => return Ok(None),
        None => {
            let message = format!(
                "{}: no key was given to check its attestation with",
                args.bundle().display()
            );
            return Err(hint(CommandError::new(Reason::SignatureUntrusted, message)));
        }
    };
    match bundle.attested(&policy) {
        Ok(attested) => Ok(Some(attested)),
        Err(_) if args.allow_unsigned => {
            ui.warn("the bundle has no attestation by a trusted key; --allow-unsigned runs it, and the receipt says so");
            Ok(None)
        }
        Err(error) => Err(hint(CommandError::from(error).of(args.bundle().display()))),
    }
}

fn header(
    args: &Args,
    bundle: &CheckedBundle,
    attested: Option<&Attested>,
    effective: &Effective,
    policy: Option<PolicyDigest>,
    rows: &[&'static crate::abi::Function],
) -> Result<Header, CommandError> {
    let mut arguments = vec![bundle.manifest().name().to_owned()];
    arguments.extend(args.skill.iter().skip(1).cloned());
    let attestation =
        attested.map(|attested| AttestedBy { envelope: attested.digest(), key: attested.key() });
    let mut salt = [0; 32];
    #[expect(clippy::disallowed_methods, reason = "each execution has a salt of its own")]
    getrandom::fill(&mut salt).map_err(crate::attest::Error::from)?;
    Ok(Header {
        module: bundle.module().digest(),
        manifest: bundle.manifest_digest(),
        attestation,
        entrypoint: bundle.manifest().entrypoint().to_owned(),
        arguments,
        input: None,
        environment: effective
            .env
            .iter()
            .map(|(name, value)| [name.clone(), value.clone()])
            .collect(),
        grants: effective.capabilities.clone(),
        policy,
        salt: Salt::from_bytes(salt),
        imports: rows.iter().map(|row| [row.module.to_owned(), row.name.to_owned()]).collect(),
    })
}

/// Holds the module to what the run may take, before anything is compiled.
fn admit(args: &Args, bundle: &CheckedBundle, bounds: &Bounds) -> Result<(), CommandError> {
    let module = bundle.module();
    let [functions, instances] = module.module().counts();
    let admitted = bounds.admit(module.bytes().len() as u64, functions, instances);
    admitted.map_err(|error| exceeded(args, &error))
}

fn exceeded(args: &Args, error: &Exceeded) -> CommandError {
    CommandError::new(Reason::LimitExceeded, error.to_string()).of(args.bundle().display())
}

/// The operator's policy, if there is one.
fn policy(args: &Args) -> Result<Option<Policy>, CommandError> {
    let fits = |found| match args.policy_digest.filter(|expected| *expected != found) {
        None => Ok(()),
        Some(expected) => Err(format!("--policy-digest expects {expected}, the file has {found}")),
    };
    args.policy.as_deref().map(|path| inputs::policy(path, fits)).transpose()
}

/// The private directory of compiled code.
fn cache(args: &Args) -> Result<Option<PathBuf>, CommandError> {
    if args.no_cache { Ok(None) } else { super::cache_directory() }
}

impl Run {
    /// Says how it ended and where the evidence is; gives the exit status.
    fn tell(
        &self,
        execution: &Execution,
        concluded: Option<&Concluded>,
        exit: u8,
    ) -> Result<u8, CommandError> {
        let outcome = &execution.outcome;
        let stack = &self.explained(&execution.stack);
        if let Some(reason) = outcome.reason() {
            self.ui.error(&self.refusal(reason, execution, stack));
        }
        let said = self.quiet || self.speaks;
        if let (Outcome::Returned { value: Some(value) }, false) = (outcome, said) {
            self.ui.talk(&format!("provenact: the entrypoint returned {value}"));
        }
        if let (Some(concluded), false) = (concluded, self.quiet) {
            self.ui.talk(&concluded.to_string());
        }
        if let Some(path) = &self.report {
            let report = Report {
                schema: "https://opertus.systems/provenact/run/v1",
                exit,
                outcome,
                reason: outcome.reason().map(Reason::name),
                receipt: concluded.map(|c| c.receipt.display().to_string()),
                trace: concluded.map(|c| c.trace.display().to_string()),
                events: concluded.map_or(0, |c| c.events),
                stack,
            };
            let text = crate::json::to_pretty(&report)? + "\n";
            files::write_new(path, text.as_bytes(), files::MODE_FILE, self.force)?;
        }
        Ok(exit)
    }

    /// The call stack with what the bundle's companion knows of it; one that cannot be read costs
    /// only the names.
    fn explained(&self, stack: &[Frame]) -> Vec<Frame> {
        let mut stack = stack.to_vec();
        if !stack.is_empty() {
            let companion = crate::skill::read_companion(&self.bundle).ok().flatten();
            if let Some(companion) = companion.and_then(|bytes| Companion::parse(bytes).ok()) {
                runtime::explain(&mut stack, &companion, self.code);
            }
        }
        stack
    }

    fn refusal(&self, reason: Reason, execution: &Execution, stack: &[Frame]) -> CommandError {
        let mut message = execution.outcome.to_string();
        if let Some(said) = &execution.message {
            message = format!("{message}: {said}");
        }
        let error = CommandError::new(reason, message);
        match &execution.outcome {
            Outcome::Denied { denial } => {
                error.hint(grants::hint(denial, &self.declared, self.policy.as_ref()))
            }
            Outcome::Interrupted { cause: Interruption::WallClock } => error.hint(
                "give it more time: --timeout, and wall-clock-seconds in a policy file, under [limits]; the \
                 shorter one counts",
            ),
            Outcome::Interrupted { cause: Interruption::Signal } => {
                error.hint("a signal ended it: run it again")
            }
            Outcome::Interrupted { cause } => match Bounds::behind(*cause) {
                Some(limit) if self.bounds.can_be_raised(limit) => {
                    error.hint(format!("raise {limit} in a policy file, under [limits]"))
                }
                Some(_) => error.hint("no run may take more: let it do less at a time"),
                None => error,
            },
            _ if reason.class() == Class::Trapped && !stack.is_empty() => {
                let frames: Vec<String> = stack.iter().take(8).map(ToString::to_string).collect();
                error.hint(format!("the guest was in {}", frames.join(", called by ")))
            }
            _ => error,
        }
    }
}
