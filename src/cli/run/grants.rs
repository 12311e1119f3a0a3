//! What the command line grants, and what would grant what was denied.

use super::super::error::CommandError;
use super::super::inputs;
use super::Args;
use crate::abi::{Capability, Kind, Url, WHOLE};
use crate::outcome::Denial;
use crate::reason::Reason;
use crate::runtime;
use crate::skill::{Grant, Policy};
use crate::verify::CheckedBundle;
use std::path::PathBuf;

/// What the operator grants, from the command line.
pub(super) fn grants(args: &Args, bundle: &CheckedBundle) -> Result<Vec<Grant>, CommandError> {
    let mut grants = Vec::new();
    for (dirs, write) in [(&args.dir, true), (&args.dir_ro, false)] {
        for text in dirs {
            let (host, guest) = text.split_once("::").unwrap_or((text, text));
            let guest = guest_path(guest);
            grants.push(Grant::Dir { host: PathBuf::from(host), guest, write });
        }
    }
    let kept_back = |name: &str| args.key.variables().any(|own| own == name);
    for text in &args.env {
        if kept_back(text) {
            return Err(secret_variable(text));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_str(), inputs::variable_of_ours(text)),
        };
        let value = value.ok_or_else(|| {
            CommandError::new(Reason::Usage, format!("--env {name}: we have no such variable"))
                .hint(format!("--env {name}=VALUE"))
        })?;
        grants.push(Grant::Env { name: name.to_owned(), value });
    }
    for text in &args.net {
        grants.push(Grant::Plain(net(text)?));
    }
    for text in args.allow.iter().filter(|text| !text.is_empty()) {
        let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
        let kind: Kind = name.parse().map_err(crate::skill::Error::Capability)?;
        if !kind.is_whole() {
            let message = format!("--allow {kind}: {kind} is granted by value");
            return Err(CommandError::new(Reason::Usage, message).hint(flag(kind, "GUEST")));
        }
        grants.push(Grant::Plain(text.parse().map_err(crate::skill::Error::Capability)?));
    }
    if args.allow_declared {
        for capability in bundle.manifest().capabilities() {
            let given = |name: &str| {
                grants.iter().any(|g| matches!(g, Grant::Env { name: n, .. } if n == name))
            };
            match capability.kind() {
                Kind::Env if !given(capability.value()) => {
                    // A manifest may declare any name; our secrets are not what the operator meant.
                    if kept_back(capability.value()) {
                        return Err(secret_variable(capability.value()));
                    }
                    if let Some(value) = inputs::variable_of_ours(capability.value()) {
                        grants.push(Grant::Env { name: capability.value().to_owned(), value });
                    }
                }
                kind if kind.is_whole() => grants.push(Grant::Plain(capability.clone())),
                _ => {}
            }
        }
    }
    Ok(grants)
}

/// `--net https://example.com/v1/` means the URLs at and below `https://example.com/v1`.
fn net(text: &str) -> Result<Capability, CommandError> {
    let refuse = |why: &str| CommandError::new(Reason::Usage, format!("--net {text}: {why}"));
    let url: Url = text.parse().map_err(refuse)?;
    if url.has_query() {
        return Err(refuse("queries are not granted: leave \"?\" and what follows out"));
    }
    Ok(Capability::new(Kind::NetHttp, &url.prefix()).map_err(crate::skill::Error::Capability)?)
}

/// The flag that grants `kind` at `value`.
fn flag(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Env => format!("--env {value}"),
        Kind::FsRead => format!("--dir-ro HOST::{value}"),
        Kind::FsWrite => format!("--dir HOST::{value}"),
        Kind::NetHttp => format!("--net {value}"),
        Kind::Random | Kind::Time if value == WHOLE => format!("--allow {kind}"),
        Kind::Random | Kind::Time => format!("--allow {kind}={value}"),
    }
}

/// The skill would get the key or its passphrase, and the trace would hold it in clear.
fn secret_variable(name: &str) -> CommandError {
    let message = format!("{name} holds the key or its passphrase: the skill does not get it");
    CommandError::new(Reason::GrantConflict, message)
        .hint(format!("put the secret into another variable, or say --env {name}=VALUE"))
}

/// `--dir data` means the guest path `/data`.
fn guest_path(text: &str) -> String {
    let trimmed = text.trim_start_matches("./").trim_end_matches('/');
    if trimmed.starts_with('/') {
        trimmed.to_owned()
    } else if trimmed == "." || trimmed.is_empty() {
        "/".to_owned()
    } else {
        format!("/{trimmed}")
    }
}

/// The flag, and the declaration or line of the policy, that would grant what was denied to a skill that
/// declares `declared`.
pub(super) fn hint(denial: &Denial, declared: &[Capability], policy: Option<&Policy>) -> String {
    let Ok(kind) = denial.kind.parse::<Kind>() else {
        return format!("{} is not supported by this version", denial.kind);
    };
    if denial.rule == runtime::LEADS_UP {
        return "a link may lead to what lies below it: no grant allows \"..\" in it".to_owned();
    }
    // All clocks are none in particular, and without any directory there is only a name to go by.
    let of = |value: &str| Capability::new(kind, value).ok();
    let asked = match kind {
        Kind::FsRead | Kind::FsWrite if !denial.value.starts_with('/') => {
            declared.iter().find(|capability| capability.kind() == kind).cloned()
        }
        Kind::FsRead | Kind::FsWrite => of(directory(&denial.value, kind, declared)),
        Kind::NetHttp => match denial.value.parse::<Url>() {
            Ok(url) => of(&url.prefix()),
            Err(why) => return format!("{why}: no grant allows it"),
        },
        Kind::Env | Kind::Random | Kind::Time => {
            Some(&denial.value).filter(|value| *value != WHOLE).and_then(|value| of(value))
        }
    };
    let allows = |list: &[Capability]| match &asked {
        Some(asked) => list.iter().any(|capability| capability.covers(asked)),
        None => list.iter().any(|capability| capability.kind() == kind),
    };
    let value = match &asked {
        Some(asked) => asked.value(),
        None if kind.is_whole() => WHOLE,
        None => "/PATH",
    };
    let mut missing = Vec::new();
    if !allows(declared) {
        let one = if value == WHOLE { kind.to_string() } else { format!("{kind}={value}") };
        missing.push(format!("the manifest does not declare it: build with --cap {one}"));
    }
    if policy.is_some_and(|policy| !allows(policy.ceiling())) {
        let line = if value == WHOLE { "true".to_owned() } else { format!("[{value:?}]") };
        missing.push(format!(
            "the policy does not allow it: it would need {:?} = {line} under [capabilities]",
            kind.name()
        ));
    }
    let flag = flag(kind, value);
    if missing.is_empty() {
        return format!("to grant it, run with {flag}");
    }
    format!("{}, and the run {flag}", missing.join("; "))
}

/// The directory that would have to be granted for a guest path: its folder, if it is not a directory itself
/// that is declared. Nobody is told to grant everything, if the manifest does not ask for that.
fn directory<'p>(path: &'p str, kind: Kind, declared: &[Capability]) -> &'p str {
    let is_directory = declared.iter().any(|one| one.value() == path);
    match path.rsplit_once('/') {
        Some((folder, _)) if !is_directory && !folder.is_empty() => folder,
        _ if declared.iter().any(|one| one.kind() == kind && one.value() == "/") => "/",
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_says_what_would_grant_it_and_never_everything() {
        let policy = "version = 1\n[capabilities]\ntime = [\"realtime\"]\n";
        let policy = Policy::parse(policy).unwrap();
        for (asked, rule, declared, bounded, expected) in [
            (
                "fs.read=/srv",
                "not-granted",
                "fs.read=/srv",
                false,
                "to grant it, run with --dir-ro HOST::/srv",
            ),
            (
                "fs.read=/srv/a/b",
                "not-granted",
                "fs.read=/srv",
                false,
                "to grant it, run with --dir-ro HOST::/srv/a",
            ),
            (
                "fs.read=/w",
                "granted-for-writing-only",
                "fs.write=/w",
                false,
                "the manifest does not declare it: build with --cap fs.read=/w, and the run --dir-ro HOST::/w",
            ),
            (
                "fs.write=/x",
                "not-granted",
                "random",
                false,
                "the manifest does not declare it: build with --cap fs.write=/x, and the run --dir HOST::/x",
            ),
            (
                "fs.read=/config.json",
                "not-granted",
                "fs.read=/",
                false,
                "to grant it, run with --dir-ro HOST::/",
            ),
            (
                "fs.write=name",
                "not-granted",
                "fs.write=/w",
                false,
                "to grant it, run with --dir HOST::/w",
            ),
            (
                "time=monotonic",
                "not-granted",
                "time",
                true,
                "the policy does not allow it: it would need \"time\" = [\"monotonic\"] under [capabilities], and the run --allow time=monotonic",
            ),
            (
                "fs.read=/d/f",
                "not-granted",
                "time",
                true,
                "the manifest does not declare it: build with --cap fs.read=/d; the policy does not allow it: it would need \"fs.read\" = [\"/d\"] under [capabilities], and the run --dir-ro HOST::/d",
            ),
            (
                "fs.write=../x",
                runtime::LEADS_UP,
                "fs.write=/w",
                false,
                "a link may lead to what lies below it: no grant allows \"..\" in it",
            ),
            (
                "sock=*",
                "never-granted-by-this-version",
                "time",
                false,
                "sock is not supported by this version",
            ),
        ] {
            let (kind, value) = asked.split_once('=').unwrap();
            let (function, kind) = ("wasi_snapshot_preview1.f".to_owned(), kind.to_owned());
            let denial = Denial { function, kind, value: value.to_owned(), rule: rule.to_owned() };
            let declared = [declared.parse().unwrap()];
            let found = hint(&denial, &declared, bounded.then_some(&policy));
            assert_eq!(found, expected, "{asked}");
        }
    }
}
