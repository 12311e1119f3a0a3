//! Values of which exactly one shape is taken: what is missing or too much is named.

use super::Value;

/// Why a value has not the shape that was wanted; a fragment to follow the name of its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// Something else than an object.
    #[error("is not an object")]
    NotObject,
    /// Something else than an array.
    #[error("is not an array")]
    NotArray,
    /// Something else than text.
    #[error("is not text")]
    NotText,
    /// A member is not there.
    #[error("has no member {0:?}")]
    Missing(&'static str),
    /// A member is there that nobody asked for; its name, cut to 80 characters.
    #[error("has a member {0:?}, which does not belong there")]
    Unknown(String),
}

/// The members of an object that has exactly those that are named, in the order of the names.
///
/// # Errors
/// Another kind of value, a member too few or too many.
pub fn exactly<'v, const N: usize>(
    value: &'v Value,
    names: [&'static str; N],
) -> Result<[&'v Value; N], Misfit> {
    static NULL: Value = Value::Null;
    let object = value.as_object().ok_or(Misfit::NotObject)?;
    let mut found = [&NULL; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = object.get(name).ok_or(Misfit::Missing(name))?;
    }
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(unknown) => Err(Misfit::Unknown(unknown.chars().take(80).collect())),
        None => Ok(found),
    }
}

/// The elements of an array.
///
/// # Errors
/// Another kind of value.
pub fn array(value: &Value) -> Result<&[Value], Misfit> {
    value.as_array().map(Vec::as_slice).ok_or(Misfit::NotArray)
}

/// A text.
///
/// # Errors
/// Another kind of value.
pub fn text(value: &Value) -> Result<&str, Misfit> {
    value.as_str().ok_or(Misfit::NotText)
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    #[test]
    fn an_object_has_exactly_the_members_that_are_named() {
        let value = json!({ "b": 1, "a": null });
        assert_eq!(exactly(&value, ["a", "b"]), Ok([&json!(null), &json!(1)]));
        assert_eq!(exactly(&value, ["a"]), Err(Misfit::Unknown("b".into())));
        assert_eq!(exactly(&value, ["a", "b", "c"]), Err(Misfit::Missing("c")));
        // What a derived reader would take for an object, member by member.
        assert_eq!(exactly(&json!([null, 1]), ["a", "b"]), Err(Misfit::NotObject));
        assert_eq!(text(&json!(["x"])), Err(Misfit::NotText));
        assert_eq!(array(&json!({})), Err(Misfit::NotArray));
    }
}
