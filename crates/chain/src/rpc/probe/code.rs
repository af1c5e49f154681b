//! A few instructions that look at the chain from within.

use alloy_primitives::{B256, Bytes};

/// Block hashes that `BLOCKHASH` gives (Yellow Paper, 9.4.3), and all of which the contract may ask for.
pub const HASHES: u64 = 256;

const WORD: usize = 32;

/// Creation code that returns `NUMBER` and `BLOCKHASH(NUMBER - k)` for k from 1 to 256, a word each. It uses PUSH0 and
/// MCOPY, for the contract does.
pub(super) fn creation() -> Bytes {
    // NUMBER, PUSH0, MSTORE; and MCOPY of nothing: PUSH0, PUSH0, PUSH0, MCOPY.
    let mut code = vec![0x43, 0x5F, 0x52, 0x5F, 0x5F, 0x5F, 0x5E];
    let mut place: u16 = 0;
    for back in 1..=HASHES {
        place = place.saturating_add(32);
        // PUSH2 back, NUMBER, SUB, BLOCKHASH, PUSH2 place, MSTORE.
        let [_, _, _, _, _, _, high, low] = back.to_be_bytes();
        code.extend([0x61, high, low, 0x43, 0x03, 0x40, 0x61]);
        code.extend(place.to_be_bytes());
        code.push(0x52);
    }
    // PUSH2 length, PUSH0, RETURN.
    code.push(0x61);
    code.extend(place.saturating_add(32).to_be_bytes());
    code.extend([0x5F, 0xF3]);
    code.into()
}

/// What that code returned; `None` if it is something else.
pub(super) fn read(data: &[u8]) -> Option<(u64, Vec<B256>)> {
    let (words, rest) = data.as_chunks::<WORD>();
    let (number, hashes) = words.split_first()?;
    if !rest.is_empty() || hashes.len() as u64 != HASHES {
        return None;
    }
    let number = B256::from(*number);
    let (zeros, number) = number.split_at(24);
    let number = u64::from_be_bytes(number.try_into().ok()?);
    zeros
        .iter()
        .all(|byte| *byte == 0)
        .then(|| (number, hashes.iter().map(|hash| B256::from(*hash)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_returned_is_read_and_nothing_else_is() {
        let mut data = vec![0; WORD * 257];
        data[31] = 9;
        data[WORD] = 1;
        let (number, hashes) = read(&data).expect("complete");
        assert_eq!((number, hashes.len(), hashes[0][0]), (9, 256, 1));
        assert_eq!(read(&data[1..]), None);
        assert_eq!(read(&[]), None);
        data[0] = 1;
        assert_eq!(read(&data), None);
    }
}
