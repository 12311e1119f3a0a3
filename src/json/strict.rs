//! Any reader of serde's, made strict: whatever type is read, no object has a member twice and
//! nothing nests too deep, in the parts that the type leaves out as well.

use crate::limits::{JSON_CONTAINERS, JSON_ELEMENTS};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// What is watched while one text is read.
pub(super) struct Watch {
    /// How deep arrays and objects may nest.
    most: usize,
    /// Whether a number came that a double may not keep.
    is_wide: Cell<bool>,
    /// How many arrays and objects have begun.
    begun: Cell<usize>,
    /// How many elements arrays had.
    elements: Cell<usize>,
}

impl Watch {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, is_wide: Cell::new(false), begun: Cell::new(0), elements: Cell::new(0) }
    }

    /// Whether an integer came that may be rounded, so that its digits have to be looked at.
    pub(super) fn is_wide(&self) -> bool {
        self.is_wide.get()
    }
}

/// A deserializer, seed, visitor or access of serde's, and how many arrays and objects are open
/// around it.
pub(super) struct Strict<'w, T> {
    inner: T,
    depth: usize,
    watch: &'w Watch,
}

impl<'w, T> Strict<'w, T> {
    pub(super) const fn new(inner: T, watch: &'w Watch) -> Self {
        Self { inner, depth: 0, watch }
    }

    const fn beside<U>(&self, inner: U) -> Strict<'w, U> {
        Strict { inner, depth: self.depth, watch: self.watch }
    }

    fn below<U, E: Error>(&self, inner: U) -> Result<Strict<'w, U>, E> {
        let Watch { most, begun, .. } = self.watch;
        begun.set(begun.get() + 1);
        if begun.get() > JSON_CONTAINERS {
            return Err(E::custom(format_args!("more than {JSON_CONTAINERS} arrays and objects")));
        }
        if self.depth >= *most {
            return Err(E::custom(format_args!("nested deeper than {most} levels")));
        }
        Ok(Strict { inner, depth: self.depth + 1, watch: self.watch })
    }

    /// Integers of up to 2^53 are kept by doubles; longer than 64 bits they come as doubles.
    fn number(&self, is_small: bool) {
        self.watch.is_wide.set(self.watch.is_wide.get() || !is_small);
    }
}

const KEPT: u64 = 1 << 53;
/// Integers that 64 bits do not have, the sign included.
const LONG: f64 = (1_u64 << 63) as f64;

/// With what the names begin that types and readers of `serde_json` know each other by.
const PRIVATE: &str = "$serde_json::private::";

/// JSON says itself what a value is, so only the types that are no kinds of JSON values are asked
/// for by name.
impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.beside(visitor);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.beside(visitor);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // By such a name the reader hands out a text that nobody looks into (`RawValue`).
        if name.starts_with(PRIVATE) {
            return Err(D::Error::custom(format_args!("{name} would be read without strictness")));
        }
        let visitor = self.beside(visitor);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.beside(visitor);
        self.inner.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.beside(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.number(value.unsigned_abs() <= KEPT);
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.number(value <= KEPT);
        self.inner.visit_u64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.number(value.abs() < LONG);
        self.inner.visit_f64(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.inner.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.inner.visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.inner.visit_string(value)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.beside(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        let deserializer = self.beside(deserializer);
        self.inner.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let seq = self.below(seq)?;
        self.inner.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let map = Members { access: self.below(map)?, seen: Seen::default() };
        self.inner.visit_map(map)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        let data = self.below(data)?;
        self.inner.visit_enum(data)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let seed = self.beside(seed);
        let element = self.inner.next_element_seed(seed)?;
        let elements = &self.watch.elements;
        elements.set(elements.get() + usize::from(element.is_some()));
        if elements.get() > JSON_ELEMENTS {
            return Err(A::Error::custom(format_args!("more than {JSON_ELEMENTS} array elements")));
        }
        Ok(element)
    }
}

/// An enum with contents is an object of one member, which the reader demands itself.
impl<'de, 'w, A: EnumAccess<'de>> EnumAccess<'de> for Strict<'w, A> {
    type Error = A::Error;
    type Variant = Strict<'w, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        let Self { inner, depth, watch } = self;
        let (value, variant) = inner.variant_seed(seed)?;
        Ok((value, Strict { inner: variant, depth, watch }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        let seed = self.beside(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.beside(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.beside(visitor);
        self.inner.struct_variant(fields, visitor)
    }
}

/// The members of an object, and the names that came already.
struct Members<'de, 'w, A> {
    access: Strict<'w, A>,
    seen: Seen<'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, '_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.access.inner.next_key_seed(Name { inner: seed, seen: &mut self.seen })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.access.beside(seed);
        self.access.inner.next_value_seed(seed)
    }
}

/// Names of members: few are looked through, many are sorted, since an adversary chooses how many.
#[derive(Default)]
struct Seen<'de> {
    few: [&'de str; 8],
    count: usize,
    /// The others, and those that are not spelt as they are read.
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Seen<'de> {
    fn note<E: Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let is_seen = self.few.iter().take(self.count).any(|seen| *seen == name)
            || (!self.many.is_empty() && self.many.contains(&name));
        if is_seen {
            return Err(E::custom(format_args!("duplicate member {name:?}")));
        }
        match (name, self.few.get_mut(self.count)) {
            (Cow::Borrowed(name), Some(free)) => {
                *free = name;
                self.count += 1;
            }
            (name, _) => {
                self.many.insert(name);
            }
        }
        Ok(())
    }
}

/// The name of a member: noted, and handed on.
struct Name<'s, 'de, T> {
    inner: T,
    seen: &'s mut Seen<'de>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Name<'_, 'de, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let Self { inner, seen } = self;
        inner.deserialize(Name { inner: deserializer, seen })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Name<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self { inner, seen } = self;
        inner.deserialize_str(Name { inner: visitor, seen })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.seen.note(Cow::Owned(value.to_owned()))?;
        self.inner.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.seen.note(Cow::Borrowed(value))?;
        self.inner.visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.seen.note(Cow::Owned(value.clone()))?;
        self.inner.visit_string(value)
    }
}
