use std::io::{ErrorKind, Read, Result};

use crc::{CRC_32_ISCSI, Crc};

const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const LENGTH_BYTES: usize = 8;
const CRC_BYTES: usize = 4;

/// The CRC-32C as TFRecord masks it, since the CRC of data that holds its own CRC says little.
fn masked_crc(data: &[u8]) -> u32 {
    let crc = CASTAGNOLI.checksum(data);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Data as a TFRecord: length, its CRC, data, its CRC.
pub(super) fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + LENGTH_BYTES + 2 * CRC_BYTES);
    record.extend(length);
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked_crc(data).to_le_bytes());
    record
}

/// Bytes of the record of so many bytes of data.
pub(super) fn len_framed(data_len: usize) -> u64 {
    (data_len + LENGTH_BYTES + 2 * CRC_BYTES) as u64
}

/// The data of the next record; `None` at the end, and where a record is cut off or damaged.
/// `bytes_left` bounds what a damaged length may ask for.
pub(super) fn read(reader: &mut impl Read, bytes_left: u64) -> Result<Option<Vec<u8>>> {
    let Some(length) = read_checked(reader, LENGTH_BYTES)? else {
        return Ok(None);
    };
    let length = length
        .try_into()
        .map_or(u64::MAX, |bytes: [u8; LENGTH_BYTES]| {
            u64::from_le_bytes(bytes)
        });
    match usize::try_from(length) {
        Ok(length) if length as u64 <= bytes_left => read_checked(reader, length),
        _ => Ok(None),
    }
}

/// So many bytes that their CRC follows; `None` where it does not.
fn read_checked(reader: &mut impl Read, len: usize) -> Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; len + CRC_BYTES];
    match reader.read_exact(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let crc = bytes.split_off(len);
    Ok((crc == masked_crc(&bytes).to_le_bytes()).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_equal_published_values() {
        // RFC 3720, appendix B.4: 32 bytes of zeros.
        assert_eq!(CASTAGNOLI.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CASTAGNOLI.checksum(b"123456789"), 0xe306_9283);
    }
}
