//! Paths of the machine that built a module.

use super::LeakKind;

/// Bytes of a found path that are shown.
const SHOWN: usize = 120;

/// A path, and the name of a user in it.
pub(super) struct Path<'a> {
    pub(super) text: &'a str,
    /// Bytes that need not be looked at again.
    pub(super) length: usize,
    /// `None` when it is a path and no leak.
    pub(super) kind: Option<LeakKind>,
    /// Offset in the text, and the name.
    pub(super) user: Option<(usize, &'a str)>,
}

struct Pattern {
    prefix: &'static [u8],
    kind: LeakKind,
    /// Whether the path may follow directly on other text. Rust's string constants stand side by
    /// side without a separator; but `/tmp/` inside a longer path is somebody else's.
    glued: bool,
    /// Whether the next part is the name of a user.
    user: bool,
}

const fn pattern(prefix: &'static str, kind: LeakKind, glued: bool) -> Pattern {
    Pattern { prefix: prefix.as_bytes(), kind, glued, user: false }
}

const fn home(prefix: &'static str) -> Pattern {
    Pattern { prefix: prefix.as_bytes(), kind: LeakKind::Home, glued: true, user: true }
}

const PATTERNS: &[Pattern] = &[
    home("/home/"),
    home("/Users/"),
    home("C:\\Users\\"),
    home("C:/Users/"),
    home("/mnt/c/Users/"),
    pattern("/root/", LeakKind::Home, false),
    pattern("/github/workspace/", LeakKind::Build, true),
    pattern("/usr/local/cargo/registry/", LeakKind::Build, true),
    pattern("/opt/hostedtoolcache/", LeakKind::Build, true),
    pattern("/workspace/", LeakKind::Build, false),
    pattern("/workspaces/", LeakKind::Build, false),
    pattern("/builds/", LeakKind::Build, false),
    pattern("/build/", LeakKind::Build, false),
    pattern("/__w/", LeakKind::Build, false),
    pattern("D:\\a\\", LeakKind::Build, true),
    pattern("/nix/store/", LeakKind::Build, true),
    pattern("/opt/homebrew/", LeakKind::Build, true),
    pattern("/private/tmp/", LeakKind::Temporary, true),
    pattern("/var/folders/", LeakKind::Temporary, true),
    pattern("/tmp/", LeakKind::Temporary, false),
];

/// Accounts that are nobody's name: of build services, containers and examples.
const NOBODY: &[&str] = &[
    "Default",
    "Public",
    "Shared",
    "app",
    "build",
    "builder",
    "buildbot",
    "circleci",
    "codespace",
    "coder",
    "foo",
    "foobar",
    "gitpod",
    "jenkins",
    "jovyan",
    "linuxbrew",
    "node",
    "postgres",
    "root",
    "runner",
    "runneradmin",
    "some_user",
    "travis",
    "ubuntu",
    "user",
    "username",
    "vagrant",
    "vscode",
    "vsts",
    "web_user",
];

/// Ends of file names that compilers put into `__FILE__`, panics and assertions.
const SOURCES: &[&str] = &[
    "c", "cc", "cpp", "cs", "cxx", "d", "go", "h", "hh", "hpp", "hs", "hxx", "inc", "java", "kt",
    "ll", "m", "mm", "nim", "o", "rs", "s", "S", "swift", "tcc", "tpp", "ts", "y", "zig",
];

/// The end of a source file's name, without the dot.
pub(super) fn extension(text: &str) -> Option<&str> {
    let name = text.rsplit(['/', '\\']).next()?;
    let end = name.rsplit_once('.')?.1;
    // `file.c:123` is what assertions print.
    let end = end.split(':').next()?;
    SOURCES.contains(&end).then_some(end)
}

/// The path that begins at `at`, if one does.
pub(super) fn at(data: &[u8], at: usize) -> Option<Path<'_>> {
    let rest = data.get(at..)?;
    let before = at.checked_sub(1).and_then(|before| data.get(before)).copied();
    let pattern = pattern_at(rest, before)?;
    let whole = rest.iter().take(SHOWN).take_while(|byte| is_path(**byte)).count();
    let length = whole.max(pattern.prefix.len());
    let text = rest.get(..whole).and_then(|text| std::str::from_utf8(text).ok())?;
    let text = unglued(text);
    let none = Path { text, length, kind: None, user: None };
    // The prefix alone names no place: programs look into /tmp/ on purpose.
    if text.len() <= pattern.prefix.len() + 1 {
        return Some(none);
    }
    let after = if text.len() == whole { rest.get(whole).copied() } else { None };
    if is_template(text, after) || is_example(pattern, text, before, after) {
        return Some(none);
    }
    let user = if pattern.user { user(text, pattern.prefix.len()) } else { None };
    // Emscripten's home, the same everywhere.
    if text.get(pattern.prefix.len()..).is_some_and(|rest| rest.starts_with("web_user")) {
        return Some(none);
    }
    Some(Path { kind: Some(pattern.kind), user, ..none })
}

fn pattern_at(rest: &[u8], before: Option<u8>) -> Option<&'static Pattern> {
    let (&[first, second], _) = rest.split_first_chunk()?;
    if first != b'/' && second != b':' {
        return None;
    }
    let alone =
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"._-~/".contains(&byte));
    PATTERNS.iter().find(|p| rest.starts_with(p.prefix) && (p.glued || alone))
}

/// Rust's constants follow one another directly: a path ends with its file name.
fn unglued(text: &str) -> &str {
    let ends = text.match_indices(".rs").find(|(at, _)| {
        let next = text.as_bytes().get(at + 3);
        next.is_none_or(|byte| !b"/-.".contains(byte))
    });
    ends.and_then(|(at, _)| text.get(..at + 3)).unwrap_or(text)
}

/// A name that the program makes at run time.
fn is_template(text: &str, after: Option<u8>) -> bool {
    text.contains("XXXXXX") || after.is_some_and(|byte| b"%${<*".contains(&byte))
}

/// A path in a text that is about paths: quoted, and of no source file. Temporary files are what
/// programs and their documentation name most, and count only as sources or deep in a tree.
fn is_example(pattern: &Pattern, text: &str, before: Option<u8>, after: Option<u8>) -> bool {
    const QUOTES: &[u8] = b"\"'`()<>";
    if extension(text).is_some() {
        return false;
    }
    let quoted = |byte: Option<u8>| byte.is_some_and(|byte| QUOTES.contains(&byte));
    let shallow = text.split('/').filter(|part| !part.is_empty()).count() < 3;
    (quoted(before) && quoted(after)) || (pattern.kind == LeakKind::Temporary && shallow)
}

/// The part of a path that names a user.
fn user(text: &str, from: usize) -> Option<(usize, &str)> {
    let name = text.get(from..)?.split(['/', '\\', ':']).next()?;
    let fits = name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-@+".contains(&c));
    let fits = fits && name.len() > 1 && name.bytes().any(|c| c.is_ascii_alphanumeric());
    (fits && !NOBODY.contains(&name)).then_some((from, name))
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`<>|*?,;()[]{}%$".contains(&byte)
}
