//! Several calls in one transaction: a contract that is all constructor.

use alloy_primitives::{Address, U256};
use multee_chain::{Once, TRANSACTION_GAS_MAX, Transaction};

/// Bytes of code for one call.
const CALL: usize = 56;
/// Bytes of code that end well.
const END: usize = 5;
/// Bytes of code that revert.
const REVERT: usize = 6;

/// A transaction in which the contract that it creates makes these calls, one after the other, and reverts if one does.
pub(crate) fn batch(calls: &[(Address, Vec<u8>)]) -> Transaction {
    let long = |number: usize| u32::try_from(number).expect("short").to_be_bytes();
    let code_bytes = CALL * calls.len() + END + REVERT;
    let (mut code, mut data): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for (to, calldata) in calls {
        let (length, offset) = (long(calldata.len()), long(code_bytes + data.len()));
        // CODECOPY(0, offset, length)
        code.extend([&[0x63], &length[..], &[0x63], &offset[..], &[0x60, 0, 0x39]].concat());
        // CALL(gas, to, 0, 0, length, 0, 0)
        code.extend([&[0x60, 0, 0x60, 0, 0x63], &length[..], &[0x60, 0, 0x60, 0, 0x73]].concat());
        code.extend([to.as_slice(), &[0x5A, 0xF1]].concat());
        // JUMPI to the revert if it returned zero
        code.extend([&[0x15, 0x63], &long(CALL * calls.len() + END)[..], &[0x57]].concat());
        data.extend(calldata);
    }
    code.extend([0x60, 0, 0x60, 0, 0xF3, 0x5B, 0x60, 0, 0x60, 0, 0xFD]);
    assert_eq!(code.len(), code_bytes);
    code.extend(data);
    Transaction {
        to: None,
        data: code.into(),
        value: U256::ZERO,
        gas_limit: TRANSACTION_GAS_MAX,
        once: Once::Nonce,
    }
}
