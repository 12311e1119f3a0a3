//! Adding a key to a trust file: what stands there stays as it is, comments and spelling included.

use super::file::parse;
use super::{PublicKey, Role, Trust, malformed};
use crate::attest::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

/// The text of a trust file with one more key; of a new one without `text`.
///
/// # Errors
/// What is wrong with the file as it is, or would be afterwards: a name or a key that is there
/// already, an unfit name, too many keys.
pub fn add_key(
    text: Option<&str>,
    name: &str,
    key: &PublicKey,
    roles: &[Role],
    owner: Option<&str>,
) -> Result<String, Error> {
    let text = text.unwrap_or("version = 1\n");
    let known = parse(text)?;
    if let Some(same) = known.keys.iter().find(|trusted| trusted.key == *key) {
        let why = "has this public key already: a key has one name; edit its entry to change it";
        return Err(malformed(&same.name, why));
    }
    if known.keys.iter().any(|trusted| trusted.name == name) {
        return Err(malformed(name, "is the name of another key already: choose another name"));
    }
    let plain = text.replace("\r\n", "\n");
    let mut document: DocumentMut = plain.parse().map_err(|error: toml_edit::TomlError| {
        Error::TrustSyntax { offset: 0, message: error.message().to_owned() }
    })?;
    let keys = document.entry("key").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    if keys.as_array().is_some_and(Array::is_empty) {
        *keys = Item::ArrayOfTables(ArrayOfTables::new());
    }
    let Some(keys) = keys.as_array_of_tables_mut() else {
        return Err(malformed(name, "cannot be added: the keys stand in one line, not as [[key]]"));
    };
    let mut entry = Table::new();
    entry.decor_mut().set_prefix("\n");
    entry.insert("name", value(name));
    entry.insert("roles", value(roles.iter().map(|role| role.name()).collect::<Array>()));
    if let Some(owner) = owner {
        entry.insert("owner", value(owner));
    }
    entry.insert("public", Item::Value(pem(key)));
    keys.push(entry);
    let edited = spliced(text, &plain, &document.to_string());
    Trust::parse_toml(&edited)?;
    Ok(edited)
}

/// `text` with what `edited` has in another way than `plain`, which is `text` with all line ends
/// alike: what was not changed stays as it was, to the byte.
fn spliced(text: &str, plain: &str, edited: &str) -> String {
    let Some((first, _)) = text.split_once('\n') else { return edited.to_owned() };
    if text == plain {
        return edited.to_owned();
    }
    let alike = |(a, b): &(u8, u8)| a == b;
    let head = plain.bytes().zip(edited.bytes()).take_while(alike).count();
    let (rest, new) = (&plain.as_bytes()[head..], &edited.as_bytes()[head..]);
    let tail = rest.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    // Where a position without carriage returns lies in the text that has them.
    let place = |at: usize| {
        let mut left = at;
        let mut bytes = text.bytes().enumerate().peekable();
        while let Some((here, byte)) = bytes.next() {
            let folded = byte == b'\r' && bytes.peek().is_some_and(|(_, next)| *next == b'\n');
            if left == 0 {
                return here;
            }
            left -= usize::from(!folded);
        }
        text.len()
    };
    let (from, to) = (place(head), place(plain.len() - tail));
    let inserted = edited.get(head..edited.len() - tail);
    match (text.get(..from), inserted, text.get(to..)) {
        (Some(before), Some(inserted), Some(after)) => {
            let ends = if first.ends_with('\r') { "\r\n" } else { "\n" };
            format!("{before}{}{after}", inserted.replace('\n', ends))
        }
        _ => edited.to_owned(),
    }
}

/// The PEM text over several lines, whatever the writer's own taste.
fn pem(key: &PublicKey) -> Value {
    let text = key.to_pem();
    let multiline = format!("\"\"\"\n{text}\"\"\"");
    multiline.parse().unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::PrivateKey;
    use crate::reason::Reason;

    #[test]
    fn line_ends_stay_as_they_are() {
        let [a, b] = [(); 2].map(|()| PrivateKey::generate().unwrap().public());
        let first = add_key(None, "a", &a, &[Role::Author], None).unwrap();
        let own = format!(
            "# mine\n{first}\n# ü\n[[require]]\npredicate-type = \"https://x.test/y\"\nsubject = \"file\"\nrole = \"author\"\n"
        );
        let crlf = own.replace('\n', "\r\n");
        let expected = add_key(Some(&own), "b", &b, &[Role::Operator], None).unwrap();
        let edited = add_key(Some(&crlf), "b", &b, &[Role::Operator], None).unwrap();
        assert_eq!(edited, expected.replace('\n', "\r\n"));
        // One line of another kind stays one.
        let mixed = crlf.replacen("# mine\r\n", "# mine\n", 1);
        let edited = add_key(Some(&mixed), "b", &b, &[Role::Operator], None).unwrap();
        assert!(edited.starts_with("# mine\nversion = 1\r\n"), "{edited:?}");
        assert_eq!(edited.replace("\r\n", "\n"), expected);
    }

    /// covers: trust-31
    #[test]
    fn what_stands_in_the_file_stays() {
        let [a, b] = [(); 2].map(|()| PrivateKey::generate().unwrap().public());
        let first = add_key(None, "a", &a, &[Role::Author, Role::Operator], None).unwrap();
        let expected = format!(
            "version = 1\n\n[[key]]\nname = \"a\"\nroles = [\"author\", \"operator\"]\npublic = \"\"\"\n{}\"\"\"\n",
            a.to_pem()
        );
        assert_eq!(first, expected);
        let own = first.replace("name = \"a\"", "name  = 'a' # my own")
            + "\n# the end\n[[require]]\npredicate-type = 'x'\nsubject = 'file'\nrole = 'author'\n";
        let second = add_key(Some(&own), "b", &b, &[Role::Auditor], None).unwrap();
        for line in own.lines() {
            assert!(second.contains(line), "{line} is gone:\n{second}");
        }
        let trust = Trust::parse_toml(&second).unwrap();
        assert_eq!(trust.keys().len(), 2);
        assert_eq!(trust.requirements().len(), 1);
        assert!(trust.keys()[1].roles().has(Role::Auditor));
        let third = add_key(Some(&own), "b", &b, &[Role::Auditor], Some("Bo & Co")).unwrap();
        assert!(third.contains("roles = [\"auditor\"]\nowner = \"Bo & Co\"\npublic"), "{third}");
        assert_eq!(Trust::parse_toml(&third).unwrap().keys()[1].owner(), Some("Bo & Co"));
        assert!(add_key(Some(&own), "b", &b, &[Role::Auditor], Some("")).is_err());
        for (name, key) in [("a", &b), ("c", &a), ("", &b), ("x\u{1b}", &b)] {
            let error = add_key(Some(&own), name, key, &[Role::Author], None).unwrap_err();
            assert_eq!(error.reason(), Reason::TrustMalformed, "{name}");
        }
        assert!(add_key(Some("version = 1\nkey = []\n"), "a", &a, &[Role::Author], None).is_ok());
        assert!(add_key(Some("version = 2\n"), "a", &a, &[Role::Author], None).is_err());
    }
}
