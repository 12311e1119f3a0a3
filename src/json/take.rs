//! One kind of value where any may stand: what is of another kind is read as strictly, and is none.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A `T`, if the value is of the kind that `T` takes.
///
/// It never refuses a value itself; what is in the parts that `T` leaves out is up to the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lenient<T>(pub Option<T>);

impl Lenient<String> {
    /// The text.
    #[must_use]
    pub fn get(self) -> Option<String> {
        self.0
    }
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// What is made of one kind of value; of the kinds that are not overridden, nothing.
pub trait Take<'de>: Sized {
    /// Of a text.
    #[must_use]
    fn text(_: Cow<'de, str>) -> Option<Self> {
        None
    }

    /// Of an integer of at least 0.
    #[must_use]
    fn number(_: u64) -> Option<Self> {
        None
    }

    /// Of an array, which is read to its end.
    ///
    /// # Errors
    /// Those of the reader.
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Of an object, which is read to its end.
    ///
    /// # Errors
    /// Those of the reader.
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        members(object, |_, _| Ok(false))?;
        Ok(None)
    }
}

/// Offers each member of an object to `take` by its name; what it does not take is read over. It
/// returns whether it took the value.
///
/// # Errors
/// Those of the reader.
pub fn members<'de, A: MapAccess<'de>>(
    mut object: A,
    mut take: impl FnMut(&str, &mut A) -> Result<bool, A::Error>,
) -> Result<(), A::Error> {
    while let Some(Name(name)) = object.next_key()? {
        if !take(&name, &mut object)? {
            object.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

/// Hands each element of an array to `take`, none of which is kept here: who wrote the text chose how
/// many there are.
///
/// # Errors
/// Those of the reader.
pub fn each<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut list: A,
    mut take: impl FnMut(T),
) -> Result<(), A::Error> {
    while let Some(one) = list.next_element()? {
        take(one);
    }
    Ok(())
}

impl<'de> Take<'de> for Cow<'de, str> {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(text)
    }
}

impl<'de> Take<'de> for String {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(text.into_owned())
    }
}

impl<'de> Take<'de> for u64 {
    fn number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl<'de, T: Take<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Take<'de>> Visitor<'de> for Any<T> {
    type Value = Lenient<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Lenient<T>, E> {
        Ok(Lenient(T::number(number)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Lenient<T>, E> {
        Ok(Lenient(T::text(Cow::Owned(text.to_owned()))))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Lenient<T>, E> {
        Ok(Lenient(T::text(Cow::Borrowed(text))))
    }

    fn visit_unit<E: Error>(self) -> Result<Lenient<T>, E> {
        Ok(Lenient(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Lenient<T>, A::Error> {
        T::list(list).map(Lenient)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Lenient<T>, A::Error> {
        T::object(object).map(Lenient)
    }
}

/// The name of a member, borrowed where it is spelt as it is read.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spelt;
        impl<'de> Visitor<'de> for Spelt {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
        }
        deserializer.deserialize_str(Spelt)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{from_ref, from_slice, parse};
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Part(Option<u64>);

    impl<'de> Take<'de> for Part {
        fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
            let mut part = Self(None);
            members(object, |name, object| {
                let is_x = name == "x";
                if is_x {
                    part.0 = object.next_value::<Lenient<u64>>()?.0;
                }
                Ok(is_x)
            })?;
            Ok(Some(part))
        }
    }

    #[derive(Debug, PartialEq)]
    struct Sum(u64);

    impl<'de> Take<'de> for Sum {
        fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
            let mut sum = 0;
            each(list, |Lenient(number): Lenient<u64>| sum += number.unwrap_or(0))?;
            Ok(Some(Self(sum)))
        }
    }

    const KINDS: [&str; 9] =
        ["null", "true", "-1", "1", "1.0", "\"a\\u0062\"", "\"ab\"", "[1,[],{}]", "{\"y\":{}}"];

    #[test]
    fn each_kind_is_taken_by_its_taker_alone() {
        for text in KINDS {
            let value = parse(text.as_bytes()).unwrap();
            let (bytes, tree) = (text.as_bytes(), &value);
            let number = from_slice::<Lenient<u64>>(bytes).unwrap();
            assert_eq!(number.0, value.as_u64(), "{text}");
            assert_eq!(from_ref::<Lenient<u64>>(tree).unwrap(), number);
            let said = from_slice::<Lenient<String>>(bytes).unwrap();
            assert_eq!(said.0.as_deref(), value.as_str(), "{text}");
            assert_eq!(from_ref::<Lenient<String>>(tree).unwrap(), said);
            let part = from_slice::<Lenient<Part>>(bytes).unwrap();
            assert_eq!(part.0, value.is_object().then_some(Part(None)), "{text}");
            assert_eq!(from_ref::<Lenient<Part>>(tree).unwrap(), part);
            let sum = from_slice::<Lenient<Sum>>(bytes).unwrap();
            assert_eq!(sum.0, value.is_array().then_some(Sum(1)), "{text}");
            assert_eq!(from_ref::<Lenient<Sum>>(tree).unwrap(), sum);
        }
        let read = from_slice::<Lenient<Part>>(br#"{"\u0078":7,"rest":[{}]}"#).unwrap();
        assert_eq!(read.0, Some(Part(Some(7))));
    }

    #[test]
    fn what_is_not_taken_is_read_as_strictly() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        for bad in [r#"{"a":1,"a":1}"#, r#"{"x":{"a":1,"\u0061":1}}"#, "9007199254740993", &deep] {
            for text in [bad.to_owned(), format!("[{bad}]"), format!("{{\"y\":{bad}}}")] {
                let bytes = text.as_bytes();
                assert!(from_slice::<Lenient<u64>>(bytes).is_err(), "{text}");
                assert!(from_slice::<Lenient<String>>(bytes).is_err(), "{text}");
                assert!(from_slice::<Lenient<Part>>(bytes).is_err(), "{text}");
                assert!(from_slice::<Lenient<Sum>>(bytes).is_err(), "{text}");
            }
        }
    }
}
