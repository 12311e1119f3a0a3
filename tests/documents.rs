//! Documents that are made from the code and held equal to it. `BLESS=1` writes them anew.

use provenact::abi::{self, Fails, Function, Gives, Length, Need, Param, Role, Used, ValType};
use provenact::reason::Reason;
use provenact::report::modules::number;
use provenact::runtime::Cause;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

type Test = Result<(), Box<dyn std::error::Error>>;

const REASONS: &str = "\
# Reasons

Every refusal has a reason with a stable name, shown in brackets after the message, as `reason` in JSON output, and
explained by `provenact explain NAME`.

```console
$ provenact run nothing.skill
? 127
error: nothing.skill: no such file or directory [file-missing]
hint: check the path
```

This table is made from `src/reason.rs`; a test holds the two equal.

## Exit status

| what it means | `run` | every other command |
|---|---|---|
| done or upheld, by evidence | the skill's own, 0 to 125 | 0 |
| a definite no: refused, denied, refuted | 126 | 1 |
| could not tell: usage, I/O, malformed or unsupported input | 127 | 2 |
| the skill trapped, or ended in a way that is no exit of its own | 134 | 2 |
| the execution was cut short from outside | 137; by signal *n*, 128 + *n* | 2 |

`replay` compares with what was recorded: a recorded trap that is reproduced is exit status 0.

## Table

A name keeps its meaning and its exit status within a major version. New names may be added.

";

const CAUSES: &str = "
## Likely causes

A replay that differs names one of these as its *likely* cause, in text and as `likely_cause` in JSON. It is a hint for where to
look, chosen by rule from what is at hand, and no finding: other causes can leave the same difference. The verdict does not depend
on it. The rules are tried in this order. Made from `src/runtime/cause.rs`.

| cause | chosen when | what it says |
|---|---|---|
";

#[test]
fn reasons() -> Test {
    let mut text = REASONS.to_owned();
    text.push_str("| reason | meaning | exit | from `run` | hint |\n|---|---|---|---|---|\n");
    for reason in Reason::ALL {
        let (class, hint) = (reason.class(), reason.hint().replace('|', "\\|"));
        let (exit, run) = (class.exit(), class.run_exit());
        writeln!(text, "| `{reason}` | {} | {exit} | {run} | {hint} |", reason.meaning())?;
    }
    text.push_str(CAUSES);
    for cause in Cause::ALL {
        writeln!(text, "| `{}` | {} | {cause} |", cause.name(), cause.when())?;
    }
    hold("spec/reasons.md", &text)
}

#[test]
fn every_reason_is_explained() -> Test {
    let list = provenact(&["explain"])?;
    for reason in Reason::ALL {
        let text = provenact(&["explain", reason.name()])?;
        let class = reason.class();
        let expected = format!(
            "{reason}: {}\nexit status {} ({} from run)\nhint: {}\n",
            reason.meaning(),
            class.exit(),
            class.run_exit(),
            reason.hint()
        );
        assert_eq!(text, expected);
        assert!(list.lines().any(|line| line.split(' ').next() == Some(reason.name())), "{reason}");
    }
    Ok(())
}

#[test]
fn every_reason_is_given_by_something() -> Test {
    let mut code = String::new();
    for path in sources(&root().join("src"))? {
        if !path.ends_with("src/reason.rs") {
            code.push_str(&fs_err::read_to_string(path)?);
        }
    }
    let words: BTreeSet<&str> = code
        .match_indices("Reason::")
        .filter_map(|(at, _)| code.get(at + 8..)?.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    let idle: Vec<_> =
        Reason::ALL.iter().filter(|r| !words.contains(format!("{r:?}").as_str())).collect();
    assert!(idle.is_empty(), "nothing in src/ gives {idle:?}");
    Ok(())
}

const HOST_FUNCTIONS: &str = "\
# Host functions

The functions that a module may import, with what each reads and writes in guest memory and what it needs.

This table is made from `src/abi/table.rs`; a test holds the two equal. Linker, recorder, replayer, capability checks
and printer are made from the same rows. Types and meanings are those of `wasi_snapshot_preview1.witx`, and of
AssemblyScript's runtime imports for the module `env`.

How to read a row: `reads` and `writes` name ranges of guest memory as `parameter[length]`; \"first buffer of `iovs`\"
is the first buffer that is not empty of a list of (address, length) pairs. `needs` is the capability without which the
call is denied and the execution stops; a call that needs nothing is recorded and never denied. Standard streams are
descriptors too: reading and writing them needs nothing.

";

#[test]
fn host_functions() -> Test {
    let mut text = HOST_FUNCTIONS.to_owned();
    let mut module = "";
    for row in abi::FUNCTIONS {
        if row.module != module {
            module = row.module;
            let blank = if text.ends_with("\n\n") { "" } else { "\n" };
            writeln!(text, "{blank}## `{module}`\n")?;
            text.push_str("| function | reads | writes | gives | needs |\n|---|---|---|---|---|\n");
        }
        let cells =
            [signature(row), ranges(row, read), ranges(row, written), gives(row), need(row)];
        writeln!(text, "| {} |", cells.join(" | "))?;
    }
    hold("spec/host-functions.md", &text)
}

fn signature(row: &Function) -> String {
    let ty = |ty: ValType| match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F64 => "f64",
    };
    let param = |param: &Param| format!("{}: {}", param.name, ty(param.ty));
    let params: Vec<_> = row.params.iter().map(param).collect();
    let result = row.result().map_or(String::new(), |result| format!(" -> {}", ty(result)));
    format!("`{}({}){result}`", row.name, params.join(", "))
}

fn ranges(row: &Function, one: fn(&Function, &Param) -> Option<String>) -> String {
    let ranges: Vec<_> = row.params.iter().filter_map(|param| one(row, param)).collect();
    ranges.join("; ")
}

fn read(row: &Function, param: &Param) -> Option<String> {
    match param.role {
        Role::Reads(length, _) => Some(format!("`{}[{}]`", param.name, extent(row, length))),
        Role::ReadsVec(_) => Some(format!("`{0}`, first buffer of `{0}`", param.name)),
        Role::WritesVec(..) => Some(format!("`{}`", param.name)),
        _ => None,
    }
}

fn written(row: &Function, param: &Param) -> Option<String> {
    let name = |at: usize| row.params.get(at).map_or("?", |param| param.name);
    match param.role {
        Role::Writes(length, used, _) => {
            let range = format!("`{}[{}]`", param.name, extent(row, length));
            Some(match used {
                Used::All => range,
                Used::Result => format!("{range}, of which as many bytes as the result says"),
                Used::CountAt(at, 1) => format!("{range}, of which `{}` bytes", name(at)),
                Used::CountAt(at, unit) => {
                    format!("{range}, of which `{}` × {unit} bytes", name(at))
                }
            })
        }
        Role::WritesVec(_, at) => {
            Some(format!("first buffer of `{}`, of which `{}` bytes", param.name, name(at)))
        }
        _ => None,
    }
}

fn extent(row: &Function, length: Length) -> String {
    let name = |at: usize| row.params.get(at).map_or("?", |param| param.name);
    match length {
        Length::Fixed(bytes) => bytes.to_string(),
        Length::Param(at) => name(at).to_owned(),
        Length::Records(at, bytes) => format!("{} × {bytes}", name(at)),
        Length::ArgPointers => "4 per argument".to_owned(),
        Length::ArgBytes => "arguments, each with a zero byte".to_owned(),
        Length::EnvPointers => "4 per variable".to_owned(),
        Length::EnvBytes => "NAME=VALUE of each variable with a zero byte".to_owned(),
        Length::AsString => "UTF-16, its length in the 4 bytes before; 0 is null".to_owned(),
    }
}

fn gives(row: &Function) -> String {
    match (row.gives, row.fails) {
        (Gives::Errno, Fails::Perhaps) => "`errno`",
        (Gives::Errno, Fails::Never) => "`errno` 0",
        (Gives::Errno, Fails::Always) => "`errno`, never 0",
        (Gives::Errno, Fails::ByClock) => "`errno` 0; never 0 for a clock that the host has not",
        (Gives::Nothing, _) => "nothing",
        (Gives::Bits64, _) => "a float, by its bits",
        (Gives::Count, _) => "a number, or −1",
        (Gives::Seconds, _) => "seconds",
        (Gives::Never, _) => "does not return",
    }
    .to_owned()
}

fn need(row: &Function) -> String {
    // Paths are counted among the ranges that a call reads.
    let path = |nth: usize| {
        let mut paths = row.params.iter().filter(|param| matches!(param.role, Role::Reads(..)));
        paths.nth(nth).map_or("?", |param| param.name)
    };
    match row.need {
        Need::Nothing => "nothing".to_owned(),
        Need::Time => "`time`".to_owned(),
        Need::Realtime => "`time` (realtime)".to_owned(),
        Need::ReadFile => format!("`fs.read` at `{}`", path(0)),
        Need::WriteFile => format!("`fs.write` at `{}`", path(0)),
        Need::Fetch => format!("`net.http` at `{}`", path(0)),
        Need::Unsupported(kind) => format!("`{kind}`, which this version does not have"),
        Need::Poll => "`time`, when a subscription is to a clock".to_owned(),
        Need::Random => "`random`".to_owned(),
        Need::Open => "`fs.read` or `fs.write` or both, by rights and flags, at `path`".to_owned(),
        Need::ReadFd => "`fs.read` at what `fd` stands for".to_owned(),
        Need::WriteFd => "`fs.write` at what `fd` stands for".to_owned(),
        Need::ReadPath(_, nth) => format!("`fs.read` at `{}`", path(nth)),
        Need::WritePath(_, nth) => format!("`fs.write` at `{}`", path(nth)),
        Need::WriteLink(_, nth) => {
            format!("`fs.write` at `{}`; never granted if `{}` has `..`", path(nth), path(0))
        }
        Need::WritePaths(..) => format!("`fs.write` at `{}` and at `{}`", path(0), path(1)),
        Need::Sockets => "never granted by this version".to_owned(),
    }
}

const LIMITS: &str = "\
# Limits

Every limit on untrusted input, and a few sizes that a format or a report fixes. What exceeds a limit is refused with
a reason and never cut; `BATCH_TARGET`, `HANDED_STORED`, `LEAKS` and `KEPT_HOLE` are sizes and refuse nothing.

This table is made from `src/limits.rs`; a test holds the two equal. Documents of their own formats repeat the limits
that concern them. The limits of the WebAssembly decoder (functions, locals, nesting, names) are the implementation
limits of the WebAssembly JavaScript interface.

| name | value | meaning |
|---|---|---|
";

const BOUNDS: &str = "
## What a run may take

This table is made from `src/bounds.rs`. A policy file overrides each under `[limits]` (spec/policy.md). What exceeds one
before the guest starts is refused, exit status 126; what exceeds one later interrupts the execution, exit status 137: its
receipt says so, and its replay goes as far as the trace does.

| name | default | meaning |
|---|---|---|
";

#[test]
fn limits() -> Test {
    let mut text = LIMITS.to_owned();
    let mut meaning = String::new();
    let mut rows = 0;
    for line in fs_err::read_to_string(root().join("src/limits.rs"))?.lines() {
        if let Some(part) = line.strip_prefix("///") {
            meaning.push_str(part);
        } else if let Some(constant) = line.strip_prefix("pub const ") {
            let (name, value) = constant.split_once(": ").ok_or(line)?;
            let value =
                value.split_once(" = ").and_then(|(_, v)| v.strip_suffix(';')).ok_or(line)?;
            let meaning = std::mem::take(&mut meaning).replace(['[', ']'], "");
            writeln!(
                text,
                "| `{name}` | {} | {} |",
                number(evaluated(value)? as usize),
                meaning.trim()
            )?;
            rows += 1;
        } else {
            assert!(line.is_empty() || line.starts_with("//!"), "src/limits.rs: {line:?}");
        }
    }
    assert!(rows > 10, "only {rows} limits were found");
    text.push_str(BOUNDS);
    for (name, default, meaning) in provenact::bounds::Bounds::TABLE {
        writeln!(text, "| `{name}` | {} | {meaning} |", number(*default as usize))?;
    }
    hold("spec/limits.md", &text)
}

/// `n` or `n << m`.
fn evaluated(text: &str) -> Result<u64, std::num::ParseIntError> {
    let number = |text: &str| text.replace('_', "").trim().parse::<u64>();
    Ok(match text.split_once(" << ") {
        Some((number_, shift)) => number(number_)? << number(shift)?,
        None => number(text)?,
    })
}

const CLI: &str = "\
# Command line

Every `--help` text, as the program prints it. A test holds this page equal to the program.

Arguments, exit statuses and JSON output are stable within a major version; text for people is not. Standard output is
the answer, standard error is talk. `-` is standard input where a module or a key is read; a key may also be `env:NAME`. A
refusal ends with its reason in brackets; `spec/reasons.md` lists them all. With `--format json` it is one line of the answer; of `run`
it goes to standard error, since standard output is the skill's.

Environment variables that Provenact reads itself: `XDG_CONFIG_HOME` or `HOME` (where `provenact/trust.toml` is looked
for), `XDG_CACHE_HOME` or `HOME` (where compiled code is kept), `NO_COLOR`, for `attest --timestamps` `SOURCE_DATE_EPOCH`, for
`build` of a recipe and `rebuild` `PATH`, `RUSTUP_HOME` or `HOME`, `TMPDIR` and the variables that the recipe lists, and for
`run --env NAME` and `--allow-declared` the variables that are named, and those of `env:NAME` and `--passphrase-env NAME`.

";

#[test]
fn command_line() -> Test {
    let top = provenact(&["--help"])?;
    let mut text = format!("{CLI}## provenact\n\n```text\n{top}```\n");
    let mut count = 0;
    for name in commands(&top) {
        let help = helped(&mut text, &[&name])?;
        count += 1;
        for inner in commands(&help) {
            helped(&mut text, &[&name, &inner])?;
        }
    }
    assert!(count >= 9, "only {count} commands were found");
    hold("docs/cli.md", &text)
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let lines = help.split_once("\nCommands:\n").map_or("", |(_, list)| list).lines();
    let names = lines.take_while(|line| !line.is_empty());
    // What a name says goes on in lines that are indented further.
    let names = names.filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Appends the help of a command.
fn helped(text: &mut String, name: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let help = provenact(&[name, &["--help"]].concat())?;
    let name = name.join(" ");
    assert!(help.contains("\nExamples:\n  provenact "), "{name} --help has no examples");
    assert!(help.contains("\nExit status:\n  "), "{name} --help has no exit status");
    write!(text, "\n## provenact {name}\n\n```text\n{help}```\n")?;
    Ok(help)
}

/// Standard output of the program; it must succeed.
fn provenact(args: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = Command::new(env!("CARGO_BIN_EXE_provenact"))
        .args(args)
        // The width of help texts must not depend on who looks.
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()?;
    assert!(output.status.success(), "provenact {args:?}: {output:?}");
    let text = String::from_utf8(output.stdout)?;
    let lines: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Ok(lines)
}

/// Fails when the document at `path` differs from `text`; with `BLESS=1` writes it.
#[expect(clippy::disallowed_methods, reason = "BLESS is a switch of the tests")]
fn hold(path: &str, text: &str) -> Test {
    let file = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        return Ok(fs_err::write(file, text)?);
    }
    let found = fs_err::read_to_string(file).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).position(|(found, made)| found != made);
    let line = differs.unwrap_or_else(|| found.lines().count().min(text.lines().count()));
    assert!(
        found == text,
        "{path} is not what the code says, from line {} on:\n- {}\n+ {}\n`BLESS=1 cargo test --release --test \
         documents` writes it anew; look at the difference before you commit it",
        line + 1,
        found.lines().nth(line).unwrap_or("(end)"),
        text.lines().nth(line).unwrap_or("(end)"),
    );
    Ok(())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}
