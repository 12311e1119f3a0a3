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
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
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
    let edited = document.to_string();
    Trust::parse_toml(&edited)?;
    Ok(edited)
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
