//! The tools that build: where they are, what they are, and which version they say.

use super::surroundings::{Host, Place, Surroundings};
use super::{Asking, Error};
use crate::digest::ExecutableDigest;
use crate::files;
use crate::limits;
use crate::materials::Tool;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Characters of a version that are recorded.
const VERSION_CHARS: usize = 200;

/// Every tool of the recipe by name, and the command's own program where no probe asks it.
pub(super) fn find(
    asking: &Asking<'_>,
    command: &[String],
    place: &Place,
) -> Result<Vec<Tool>, Error> {
    let mut tools = Vec::new();
    for probe in &asking.asked.toolchain {
        let (answer, succeeded) = ask(asking, &probe.command, place)?;
        let first = answer.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let fits = probe.version.as_ref().is_none_or(|version| names(&answer, version));
        if !succeeded || !fits {
            return Err(Error::ToolVersion {
                tool: probe.name.clone(),
                command: probe.command.join(" "),
                expected: probe.version.clone().unwrap_or_default(),
                found: first.chars().take(VERSION_CHARS).collect(),
            });
        }
        let found = probe.version.clone();
        let program = probe.command.first().map_or("", String::as_str);
        tools.push(Tool {
            name: probe.name.clone(),
            sha256: digest(program, asking.host)?,
            version: Some(found.unwrap_or_else(|| first.chars().take(VERSION_CHARS).collect())),
        });
    }
    if let Some(own) = own(asking, command)
        && !tools.iter().any(|tool| tool.name == own)
    {
        tools.push(Tool { name: own.to_owned(), sha256: digest(own, asking.host)?, version: None });
    }
    tools.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tools)
}

/// The command's program, unless it is an input or a probe asks it already.
fn own<'c>(asking: &Asking<'_>, command: &'c [String]) -> Option<&'c str> {
    let program = command.first()?;
    let mut probes = asking.asked.toolchain.iter();
    let is_probed = probes.any(|probe| probe.command.first() == Some(program));
    (!is_probed && !program.contains('/')).then_some(program.as_str())
}

/// What a program prints, standard output before standard error, and whether it succeeded.
fn ask(asking: &Asking<'_>, words: &[String], place: &Place) -> Result<(String, bool), Error> {
    let program = words.first().cloned().unwrap_or_default();
    if !program.contains('/') {
        locate(&program, asking.host)?;
    }
    let Asking { host, asked, .. } = asking;
    let surroundings = Surroundings::plain();
    let mut command = surroundings.command(words, place, host, &asked.environment, asked.epoch)?;
    let start = |source| Error::Start { program: program.clone(), source };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(start)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let text = std::thread::scope(|scope| {
        let err = scope.spawn(|| err.map(beginning).unwrap_or_default());
        let mut text = out.map(beginning).unwrap_or_default();
        text.push('\n');
        text.push_str(&err.join().unwrap_or_default());
        text
    });
    let status = child.wait().map_err(|source| Error::Start { program, source })?;
    Ok((text, status.success()))
}

/// The first bytes of what is printed; the rest is read and dropped.
fn beginning(mut stream: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    let _ = stream.by_ref().take(limits::PROBE_BYTES).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a text names a version, and not a longer one.
fn names(text: &str, version: &str) -> bool {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    text.match_indices(version).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + version.len()..].chars().next();
        // "v1.2" names 1.2.
        before.is_none_or(|c| !belongs(c) || c == 'v') && after.is_none_or(|c| !belongs(c))
    })
}

fn digest(program: &str, host: &Host) -> Result<ExecutableDigest, Error> {
    let path = if program.contains('/') { PathBuf::from(program) } else { locate(program, host)? };
    Ok(ExecutableDigest::from_bytes(files::digest_of(&path)?))
}

/// The file that a shell would start for `program`.
fn locate(program: &str, host: &Host) -> Result<PathBuf, Error> {
    let mut found = host.folders().into_iter().map(|folder| folder.join(program));
    found
        .find(|path: &PathBuf| files::is_program(Path::new(path)))
        .ok_or_else(|| Error::ToolMissing { program: program.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_as_a_whole() {
        for (text, version) in
            [("0.15.2\n", "0.15.2"), ("Version 0.28.20", "0.28.20"), ("v20.1.0", "20.1.0")]
        {
            assert!(names(text, version), "{text}");
        }
        for (text, version) in [
            ("10.15.2", "0.15.2"),
            ("0.15.21", "0.15.2"),
            ("0.15.2-dev", "0.15.2"),
            ("0.15", "0.15.2"),
            ("", "1"),
        ] {
            assert!(!names(text, version), "{text}");
        }
    }
}
