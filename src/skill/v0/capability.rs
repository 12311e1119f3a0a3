//! What becomes of the capabilities of the format v0 (spec/v0-bundle.md, "Capabilities").

use crate::abi::{Capability, CapabilityError, Kind, Url};

/// A capability as a manifest of the format v0 has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) kind: String,
    pub(super) value: String,
}

/// A capability of the format v0 and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// The kind in v0.
    pub kind: String,
    /// The value in v0.
    pub value: String,
    /// What a manifest of ours declares instead.
    pub to: Capability,
}

/// What a kind of v0 becomes.
#[derive(Debug, Clone, Copy)]
enum Becomes {
    /// This kind, with the path in our normal form.
    Path(Kind),
    /// This kind, with the variable's name as v0 spells such names.
    Variable(Kind),
    /// This kind, with the URL in our normal form of a beginning.
    Url(Kind),
    /// This kind with this value. In v0 the value is a remark: any text but the empty one.
    Fixed(Kind, &'static str),
    /// Nothing: there is no such kind yet.
    Unsupported,
}

/// Every kind of v0. The table of `spec/v0-bundle.md` has the same rows.
const KINDS: [(&str, Becomes); 12] = [
    ("env", Becomes::Variable(Kind::Env)),
    ("exec", Becomes::Unsupported),
    ("exec.safe", Becomes::Unsupported),
    ("fs.read", Becomes::Path(Kind::FsRead)),
    ("fs.write", Becomes::Path(Kind::FsWrite)),
    ("kv.read", Becomes::Unsupported),
    ("kv.write", Becomes::Unsupported),
    ("net.http", Becomes::Url(Kind::NetHttp)),
    ("queue.consume", Becomes::Unsupported),
    ("queue.publish", Becomes::Unsupported),
    ("random.bytes", Becomes::Fixed(Kind::Random, "*")),
    ("time.now", Becomes::Fixed(Kind::Time, "realtime")),
];

impl Declared {
    pub(super) fn mapped(&self) -> Result<Mapped, CapabilityError> {
        let Self { kind, value } = self;
        let row = KINDS.iter().find(|(name, _)| name == kind);
        let (_, becomes) = row.ok_or_else(|| CapabilityError::UnknownKind(cut(kind)))?;
        let to = match *becomes {
            Becomes::Path(kind) => Capability::new(kind, &normal(value))?,
            Becomes::Variable(kind) => variable(kind, value)?,
            Becomes::Url(kind) => {
                let url: Url = value.parse().map_err(|why| refused(kind, value, why))?;
                if url.has_query() {
                    return Err(refused(kind, value, "the beginning of URLs has no query"));
                }
                Capability::new(kind, &url.prefix())?
            }
            Becomes::Fixed(kind, _) if value.is_empty() => {
                return Err(refused(kind, value, "v0 has no empty value here"));
            }
            Becomes::Fixed(kind, fixed) => Capability::new(kind, fixed)?,
            Becomes::Unsupported => return Err(CapabilityError::Unsupported(kind.clone())),
        };
        Ok(Mapped { kind: kind.clone(), value: value.clone(), to })
    }
}

/// A path without empty and `.` segments, which lead nowhere. What `..` means depends on links, so it
/// is left to be refused, as is a path that is not absolute.
fn normal(path: &str) -> String {
    let Some(rest) = path.strip_prefix('/') else { return path.to_owned() };
    let segments: Vec<&str> =
        rest.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    format!("/{}", segments.join("/"))
}

/// v0 grants no variable of another spelling.
fn variable(kind: Kind, name: &str) -> Result<Capability, CapabilityError> {
    if name.bytes().any(|c| c.is_ascii_lowercase()) {
        return Err(refused(kind, name, "v0 has no lowercase letters in a variable's name"));
    }
    Capability::new(kind, name)
}

fn refused(kind: Kind, value: &str, why: &'static str) -> CapabilityError {
    CapabilityError::Value { kind, value: value.to_owned(), why }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(kind: &str, value: &str) -> Result<String, &'static str> {
        let declared = Declared { kind: kind.to_owned(), value: value.to_owned() };
        let mapped = declared.mapped().map_err(|error| error.reason().name())?;
        assert_eq!((mapped.kind.as_str(), mapped.value.as_str()), (kind, value));
        Ok(mapped.to.to_string())
    }

    /// covers: v0-bundle-16, v0-bundle-17, v0-bundle-18, v0-bundle-19
    #[test]
    fn each_kind_becomes_what_the_table_says() {
        for (kind, value, expected) in [
            ("env", "HOME", Ok("env=HOME")),
            ("env", "home", Err("capability-unknown")),
            ("env", "*", Err("capability-unknown")),
            ("fs.read", "/data", Ok("fs.read=/data")),
            ("fs.read", "/", Ok("fs.read=/")),
            ("fs.write", "/data/", Ok("fs.write=/data")),
            ("fs.write", "//data/./out//", Ok("fs.write=/data/out")),
            ("fs.read", "/data/../etc", Err("capability-unknown")),
            ("fs.read", "data", Err("capability-unknown")),
            ("fs.read", "", Err("capability-unknown")),
            ("fs.read", "/a\0", Err("capability-unknown")),
            ("random.bytes", "bounded", Ok("random")),
            ("random.bytes", "", Err("capability-unknown")),
            ("time.now", "utc", Ok("time=realtime")),
            ("net.http", "https://a.org", Ok("net.http=https://a.org/")),
            ("net.http", "https://A.org:443/v1/", Ok("net.http=https://a.org/v1")),
            ("net.http", "https://a.org/?q", Err("capability-unknown")),
            ("net.http", "*", Err("capability-unknown")),
            ("net.http", "ftp://a.org/", Err("capability-unknown")),
            ("time.now", "", Err("capability-unknown")),
            ("time", "*", Err("capability-unknown")),
            ("random", "*", Err("capability-unknown")),
            ("exec", "true", Err("capability-unsupported")),
            ("kv.read", "*", Err("capability-unsupported")),
            ("teleport", "x", Err("capability-unknown")),
        ] {
            assert_eq!(
                mapped(kind, value).as_deref(),
                expected.as_ref().copied(),
                "{kind}={value}"
            );
        }
    }

    #[test]
    fn the_spec_has_the_same_table() {
        let spec = include_str!("../../../spec/v0-bundle.md");
        for (kind, becomes) in KINDS {
            let to = match becomes {
                Becomes::Path(to) | Becomes::Variable(to) | Becomes::Url(to) => format!("`{to}`"),
                Becomes::Fixed(to, value) => format!("`{}`", Capability::new(to, value).unwrap()),
                Becomes::Unsupported => "refused".to_owned(),
            };
            let row = spec.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
            assert!(row.is_some_and(|row| row.contains(&to)), "{kind} to {to}: {row:?}");
        }
    }
}
