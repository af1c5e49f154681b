//! Whether a token moves the whole amount, found out without moving any.
//!
//! A few instructions stand in for the code of the account that is to pay, in a call: they ask for the balance of some
//! other account, transfer to it, and ask again. What arrives is the difference.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall as _;
use multee_chain::{Answer, CALL_GAS_MAX, Call, ChainError};

use crate::Site;
use crate::step::Token;

/// What comes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// So much arrives.
    Arrives(U256),
    /// The token refuses it.
    Refused,
    /// The endpoint does not offer to find out.
    Unknown,
}

/// An account that nobody uses, and that has no code.
const SOMEBODY: Address = Address::repeat_byte(0xA5);

/// What would arrive of `amount` that `payer` transfers.
pub(crate) fn arrival(
    site: &dyn Site,
    token: Address,
    payer: Address,
    amount: U256,
) -> Result<Arrival, ChainError> {
    let call = Call { from: payer, to: payer, data: Bytes::new(), gas_limit: CALL_GAS_MAX };
    Ok(match site.call_with_code(&call, &code(token, amount))? {
        Some(Answer::Returned(word)) if word.len() == 32 => Arrival::Arrives(U256::from_be_slice(&word)),
        Some(_) => Arrival::Refused,
        None => Arrival::Unknown,
    })
}

fn code(token: Address, amount: U256) -> Bytes {
    let balance = Token::balanceOfCall { account: SOMEBODY }.abi_encode();
    let transfer = Token::transferCall { to: SOMEBODY, value: amount }.abi_encode();
    let mut code = Vec::new();
    // The balance before stays on the stack.
    call(&mut code, token, &balance);
    code.extend([PUSH1, 0, MLOAD]);
    call(&mut code, token, &transfer);
    call(&mut code, token, &balance);
    code.extend([PUSH1, 0, MLOAD, SUB, PUSH1, 0, MSTORE, PUSH1, 32, PUSH1, 0, RETURN]);
    code.into()
}

/// Calls the token with `data`, its answer's first word in memory at 0; reverts if the token does.
fn call(code: &mut Vec<u8>, token: Address, data: &[u8]) {
    for (place, word) in (0_u8..).step_by(32).zip(data.chunks(32)) {
        let mut padded = [0; 32];
        padded.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
        code.push(PUSH32);
        code.extend(padded);
        code.extend([PUSH1, place, MSTORE]);
    }
    // Output length and place, input length and place, value.
    let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
    code.extend([PUSH1, 32, PUSH1, 0, PUSH1, length, PUSH1, 0, PUSH1, 0, PUSH20]);
    code.extend(token.as_slice());
    // Eight bytes from PC to JUMPDEST: over the revert, if the token did not.
    code.extend([GAS, CALL, PC, PUSH1, 8, ADD, JUMPI, PUSH0, PUSH0, REVERT, JUMPDEST]);
}

const ADD: u8 = 0x01;
const SUB: u8 = 0x03;
const MLOAD: u8 = 0x51;
const MSTORE: u8 = 0x52;
const JUMPI: u8 = 0x57;
const PC: u8 = 0x58;
const GAS: u8 = 0x5A;
const JUMPDEST: u8 = 0x5B;
const PUSH0: u8 = 0x5F;
const PUSH1: u8 = 0x60;
const PUSH20: u8 = 0x73;
const PUSH32: u8 = 0x7F;
const CALL: u8 = 0xF1;
const RETURN: u8 = 0xF3;
const REVERT: u8 = 0xFD;
