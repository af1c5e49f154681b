//! What became of calls and transactions, told from answers and errors.

use alloy_primitives::{B256, Bytes, U64};
use serde_json::{Value, json};

use super::client::Client;
use super::fault::Fault;
use super::wire;
use crate::{Answer, Halt, Outcome, Receipt};

/// An execution that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Reverted(Bytes),
    Halted(Halt),
}

/// An answer to `eth_call`: an execution that failed is an answer, too.
pub(super) fn answer(result: Result<Bytes, Fault>) -> Result<Answer, Fault> {
    match result {
        Ok(data) => Ok(Answer::Returned(data)),
        Err(fault) => match failure(&fault) {
            Some(Failure::Reverted(data)) => Ok(Answer::Reverted(data)),
            Some(Failure::Halted(halt)) => Ok(Answer::Halted(halt)),
            None => Err(fault),
        },
    }
}

/// The failed execution that an endpoint's error tells of, if it is one. Code 3 is geth's for a revert; halts have no
/// code, only texts, which differ between nodes.
pub(super) fn failure(fault: &Fault) -> Option<Failure> {
    let Fault::Error { code, message, data } = fault else { return None };
    let message = message.to_ascii_lowercase();
    if *code == 3 || message.contains("revert") {
        return Some(Failure::Reverted(data.clone().unwrap_or_default()));
    }
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&["out of gas", "outofgas", "gas required exceeds"]) {
        return Some(Failure::Halted(Halt::OutOfGas));
    }
    if says(&["code size", "contractsizelimit", "startingwithef", "must not begin with 0xef"]) {
        return Some(Failure::Halted(Halt::CodeNotStorable));
    }
    let invalid = [
        "invalid opcode",
        "opcodenotfound",
        "invalidfeopcode",
        "notactivated",
        "invalid jump",
        "invalidjump",
        "stack underflow",
        "stackunderflow",
        "stack limit reached",
        "stackoverflow",
    ];
    says(&invalid).then_some(Failure::Halted(Halt::InvalidExecution))
}

/// The receipt of the transaction with this hash. One in a block that is no longer the chain's is none.
pub(super) fn receipt(client: &Client, hash: B256) -> Result<Option<Receipt>, Fault> {
    let Some(found) = client.ask::<Option<wire::Receipt>>("eth_getTransactionReceipt", &json!([hash]))?
    else {
        return Ok(None);
    };
    if found.transaction_hash != hash {
        return Err(Fault::Malformed("the receipt is another transaction's".to_owned()));
    }
    let block = client.block(found.block_number.to())?;
    if block.is_none_or(|block| block.hash != found.block_hash) {
        return Ok(None);
    }
    let outcome = match found.status.to::<u64>() {
        1 => Outcome::Success,
        _ => explain(client, &found)?,
    };
    translate(found, outcome).map(Some)
}

fn translate(found: wire::Receipt, outcome: Outcome) -> Result<Receipt, Fault> {
    let (number, hash) = (found.block_number, found.transaction_hash);
    if found.logs.iter().any(|log| log.block_number != number || log.transaction_hash != hash) {
        return Err(Fault::Malformed("a receipt has another transaction's logs".to_owned()));
    }
    let created = found.contract_address.filter(|_| outcome == Outcome::Success);
    Ok(Receipt {
        transaction_hash: hash,
        block_number: number.to(),
        block_hash: found.block_hash,
        from: found.from,
        to: found.to,
        created,
        gas_used: found.gas_used.to(),
        gas_price_wei: found.effective_gas_price.to(),
        outcome,
        logs: found.logs.into_iter().map(wire::Log::into_entry).collect::<Result<_, _>>()?,
    })
}

/// Why a transaction failed: a receipt does not say. It is executed again on the state before its block and, if it
/// succeeds there, on the state after: what an earlier transaction of the block did stands in its way there, too. If the
/// endpoint has forgotten these states there is no reason.
fn explain(client: &Client, receipt: &wire::Receipt) -> Result<Outcome, Fault> {
    let sent: Option<wire::Sent> =
        client.ask("eth_getTransactionByHash", &json!([receipt.transaction_hash]))?;
    let Some(sent) = sent.filter(|sent| sent.hash == receipt.transaction_hash) else {
        return Ok(Outcome::Reverted(Bytes::new()));
    };
    let (call, block) = (replay(receipt, &sent), receipt.block_number.to::<u64>());
    if let Some(outcome) = replayed(client, &call, block.saturating_sub(1))? {
        return Ok(outcome);
    }
    if receipt.gas_used == sent.gas {
        return Ok(Outcome::Halted(Halt::OutOfGas));
    }
    match replayed(client, &call, block)? {
        Some(Outcome::Reverted(data)) => Ok(Outcome::Reverted(data)),
        _ => Ok(Outcome::Reverted(Bytes::new())),
    }
}

/// How it fails on the state after this block; `None` if it does not fail, or the endpoint does not know.
fn replayed(client: &Client, call: &Value, block: u64) -> Result<Option<Outcome>, Fault> {
    match answer(client.ask("eth_call", &json!([call, U64::from(block)]))) {
        Ok(Answer::Reverted(data)) => Ok(Some(Outcome::Reverted(data))),
        Ok(Answer::Halted(halt)) => Ok(Some(Outcome::Halted(halt))),
        Ok(Answer::Returned(_)) | Err(Fault::Error { .. } | Fault::Pruned { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn replay(receipt: &wire::Receipt, sent: &wire::Sent) -> Value {
    let mut call = json!({"from": receipt.from, "data": sent.input, "value": sent.value, "gas": sent.gas});
    if let (Some(to), Some(fields)) = (receipt.to, call.as_object_mut()) {
        fields.insert("to".to_owned(), json!(to));
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_executions_are_told_from_failing_endpoints() {
        let data = Some(Bytes::from_static(&[1]));
        let told = |code, message: &str| failure(&Fault::error(code, message, data.clone()));
        let reverted = Some(Failure::Reverted(Bytes::from_static(&[1])));
        assert_eq!(told(3, "execution reverted"), reverted);
        assert_eq!(told(-32000, "VM execution error: reverted"), reverted);
        assert_eq!(told(-32000, "out of gas"), Some(Failure::Halted(Halt::OutOfGas)));
        assert_eq!(told(-32003, "EVM error OutOfGas"), Some(Failure::Halted(Halt::OutOfGas)));
        assert_eq!(told(-32000, "invalid opcode: INVALID"), Some(Failure::Halted(Halt::InvalidExecution)));
        assert_eq!(told(-32603, "EVM error NotActivated"), Some(Failure::Halted(Halt::InvalidExecution)));
        assert_eq!(told(-32000, "max code size exceeded"), Some(Failure::Halted(Halt::CodeNotStorable)));
        for other in
            ["header not found", "missing trie node", "internal error", "method not found", "rate limit"]
        {
            assert_eq!(told(-32000, other), None, "{other}");
        }
        assert_eq!(failure(&Fault::Timeout { limit_ms: 1 }), None);
    }
}
