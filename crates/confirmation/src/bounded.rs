//! Lists that are refused while they are read.
//!
//! A list's element can take one byte in a message and a hundred in memory, so a limit on the message alone
//! does not bound what decoding allocates.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list of at most `MAX` elements.
pub(crate) fn at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(AtMost::<T, MAX>(PhantomData))
}

/// Reads a list of at most `OUTER` lists of at most `INNER` elements each.
pub(crate) fn lists_at_most<'de, D, T, const OUTER: usize, const INNER: usize>(
    deserializer: D,
) -> Result<Vec<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let lists: Vec<List<T, INNER>> = at_most::<D, _, OUTER>(deserializer)?;
    Ok(lists.into_iter().map(|list| list.0).collect())
}

struct List<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        at_most::<D, T, MAX>(deserializer).map(Self)
    }
}

struct AtMost<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for AtMost<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            list.push(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Lists {
        #[serde(deserialize_with = "at_most::<_, _, 2>")]
        flat: Vec<u8>,
        #[serde(deserialize_with = "lists_at_most::<_, _, 1, 2>")]
        nested: Vec<Vec<u8>>,
    }

    #[test]
    fn lists_are_read_up_to_their_limit_and_no_further() {
        let read = |bytes: &[u8]| postcard::from_bytes::<Lists>(bytes).ok();
        assert_eq!(read(&[2, 7, 8, 1, 2, 5, 6]), Some(Lists { flat: vec![7, 8], nested: vec![vec![5, 6]] }));
        assert_eq!(read(&[3, 7, 8, 9, 1, 2, 5, 6]), None);
        assert_eq!(read(&[2, 7, 8, 2, 2, 5, 6, 0]), None);
        assert_eq!(read(&[2, 7, 8, 1, 3, 5, 6, 7]), None);
    }
}
