use super::runtime::Memory;
use crate::{Error, Result};

/// 8-byte words that every kernel takes.
pub(super) const WORDS: usize = 20;

/// A kernel's arguments as one struct of C, and what they point to.
///
/// Members follow each other without gaps: those of 8 bytes first, then those of 4.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    bytes: Vec<u8>,
    memory: Vec<Memory>,
}

impl Arguments {
    /// A pointer.
    pub(super) fn memory(mut self, memory: &Memory) -> Self {
        self.bytes.extend(memory.address().to_le_bytes());
        self.memory.push(memory.clone());
        self
    }

    /// A pointer, or none.
    pub(super) fn optional(self, memory: Option<&Memory>) -> Self {
        match memory {
            Some(memory) => self.memory(memory),
            None => self.nowhere(),
        }
    }

    /// No pointer.
    pub(super) fn nowhere(mut self) -> Self {
        self.bytes.extend(0u64.to_le_bytes());
        self
    }

    /// A number of double precision.
    pub(super) fn double(mut self, value: f64) -> Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// Integers.
    pub(super) fn counts<const N: usize>(mut self, values: [usize; N]) -> Result<Self> {
        for value in values {
            let value = i32::try_from(value).map_err(|_| Error::OutOfRange {
                what: "rows of a pass on a CUDA device",
                expected: "below 2^31: use fewer images at once".into(),
                got: value.to_string(),
            })?;
            self = self.int(value);
        }
        Ok(self)
    }

    /// An integer.
    pub(super) fn int(mut self, value: i32) -> Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A number.
    pub(super) fn float(mut self, value: f32) -> Self {
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// All of it, filled up.
    pub(super) fn words(&self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(self.bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(whole);
        }
        words
    }

    /// Bytes before filling up.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}
