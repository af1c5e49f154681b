//! Logs in pieces as large as the endpoint allows, each checked.

use alloy_primitives::{B256, U64};
use serde_json::{Value, json};

use super::fault::Fault;
use super::pool::Visit;
use super::wire;
use crate::{
    BlockNumHash, ChainError, LOG_BYTES_MAX, LOG_RANGE_BLOCKS_MAX, LOGS_MAX, Limit, LogEntry, LogFilter,
};

/// Questions put to an endpoint for one filter at most; a caller then asks for less.
const PIECES_MAX: u64 = 1000;

/// All that `filter` asks for, up to the endpoint's newest block. The inner error is an answer: another endpoint would
/// say the same.
pub(super) fn read(
    visit: &Visit<'_>,
    filter: &LogFilter,
) -> Result<Result<Vec<LogEntry>, ChainError>, Fault> {
    let known = filter.upon.iter().map(|block| block.number).max().unwrap_or(0);
    let last = filter.to_block.min(visit.head.number.max(known));
    let mut collected = Collected::default();
    let (mut from, mut width) = (filter.from_block, LOG_RANGE_BLOCKS_MAX);
    for _ in 0..PIECES_MAX {
        if from > last {
            check_fork(visit, filter)?;
            return Ok(Ok(collected.entries));
        }
        width = width.min(visit.log_blocks_max());
        let to = last.min(from.saturating_add(width - 1));
        match visit.client.ask::<Vec<wire::Log>>("eth_getLogs", &params(filter, from, to)) {
            Ok(logs) => {
                if let Err(limit) = collected.add(logs, filter, (from, to), visit)? {
                    return Ok(Err(limit));
                }
                (from, width) = (to.saturating_add(1), width.saturating_mul(2));
            }
            Err(fault) => width = narrower(visit, fault, to - from + 1)?,
        }
    }
    let (value, limit) =
        (last.saturating_sub(filter.from_block) + 1, from.saturating_sub(filter.from_block).max(1));
    Ok(Err(ChainError::Limit { what: Limit::LogRangeBlocks, value, limit }))
}

/// Refuses an endpoint that is on another fork, or went over to one while its logs were read.
fn check_fork(visit: &Visit<'_>, filter: &LogFilter) -> Result<(), Fault> {
    for &BlockNumHash { number, hash } in &filter.upon {
        if visit.client.block(number)?.is_none_or(|block| block.hash != hash) {
            return Err(Fault::OtherFork { number, hash });
        }
    }
    Ok(())
}

/// Half the blocks, if that may help. What an endpoint says of ranges it will say again; what it says of an answer's
/// size concerns these blocks only.
fn narrower(visit: &Visit<'_>, fault: Fault, blocks: u64) -> Result<u64, Fault> {
    let complaint = complaint(&fault).filter(|_| blocks > 1).ok_or(fault)?;
    let half = blocks / 2;
    if complaint == Complaint::Range {
        visit.limit_log_blocks(half);
    }
    Ok(half)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Complaint {
    Range,
    Size,
}

/// What public endpoints say, by their texts, when a filter asks for too much; there is no code for it.
fn complaint(fault: &Fault) -> Option<Complaint> {
    let (code, message) = match fault {
        Fault::TooLarge { .. } => return Some(Complaint::Size),
        Fault::Error { code, message, .. } => (*code, message.to_ascii_lowercase()),
        _ => return None,
    };
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&[
        "block range",
        "blocks range",
        "range is too",
        "range too",
        "range limit",
        "max range",
        "blocks distance",
    ]) {
        return Some(Complaint::Range);
    }
    let size =
        ["response size", "more than", "too many results", "too many logs", "too large", "query timeout"];
    (says(&size) || (code == -32005 && !fault.needs_rest())).then_some(Complaint::Size)
}

fn params(filter: &LogFilter, from: u64, to: u64) -> Value {
    let mut asked = json!({"fromBlock": U64::from(from), "toBlock": U64::from(to), "topics": topics(filter)});
    if let (false, Some(fields)) = (filter.addresses.is_empty(), asked.as_object_mut()) {
        fields.insert("address".to_owned(), json!(filter.addresses));
    }
    json!([asked])
}

/// Without those at the end that may be anything: asking for them asks that they be there.
fn topics(filter: &LogFilter) -> Vec<Value> {
    let named = filter.topics.iter().rposition(|values| !values.is_empty()).map_or(0, |last| last + 1);
    let value = |values: &Vec<B256>| if values.is_empty() { Value::Null } else { json!(values) };
    filter.topics.iter().take(named).map(value).collect()
}

#[derive(Default)]
struct Collected {
    entries: Vec<LogEntry>,
    bytes: usize,
    /// The block of the last entry.
    block: Option<(u64, B256)>,
}

impl Collected {
    fn add(
        &mut self,
        logs: Vec<wire::Log>,
        filter: &LogFilter,
        range: (u64, u64),
        visit: &Visit<'_>,
    ) -> Result<Result<(), ChainError>, Fault> {
        for log in logs {
            if log.removed {
                return Err(wrong("removed"));
            }
            let block = (log.block_number.to(), log.block_hash);
            if block.0 < range.0 || block.0 > range.1 {
                return Err(wrong("of another range"));
            }
            if self.block.is_some_and(|last| last.0 == block.0 && last.1 != block.1)
                || (block.0 == visit.head.number && block.1 != visit.head.hash)
            {
                return Err(wrong("of another block"));
            }
            let entry = log.into_entry()?;
            self.check(&entry, filter)?;
            self.block = Some(block);
            if let Err(limit) = self.push(entry) {
                return Ok(Err(limit));
            }
        }
        Ok(Ok(()))
    }

    fn check(&self, entry: &LogEntry, filter: &LogFilter) -> Result<(), Fault> {
        let place = |entry: &LogEntry| (entry.block_number, entry.index);
        if self.entries.last().is_some_and(|last| place(last) >= place(entry)) {
            return Err(wrong("out of order"));
        }
        if matches(entry, filter) { Ok(()) } else { Err(wrong("not asked for")) }
    }

    fn push(&mut self, entry: LogEntry) -> Result<(), ChainError> {
        self.bytes += entry.log.data.data.len() + 32 * entry.log.topics().len();
        self.entries.push(entry);
        Limit::Logs.check(self.entries.len() as u64, LOGS_MAX as u64)?;
        Limit::LogBytes.check(self.bytes as u64, LOG_BYTES_MAX as u64)
    }
}

fn matches(entry: &LogEntry, filter: &LogFilter) -> bool {
    let address = filter.addresses.is_empty() || filter.addresses.contains(&entry.log.address);
    let topics = filter.topics.iter().enumerate().all(|(at, values)| {
        values.is_empty() || entry.log.topics().get(at).is_some_and(|topic| values.contains(topic))
    });
    address && topics
}

fn wrong(how: &str) -> Fault {
    Fault::Malformed(format!("a log is {how}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    #[test]
    fn what_endpoints_say_of_ranges_and_of_sizes_is_told_apart() {
        let told = |code, message: &str| complaint(&Fault::error(code, message, None));
        for message in [
            "block range is too wide",
            "exceed maximum block range: 5000",
            "query exceeds max block range 1000",
            "eth_getLogs is limited to a 10,000 blocks range",
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range",
        ] {
            assert_eq!(told(-32600, message), Some(Complaint::Range), "{message}");
        }
        for message in ["query returned more than 10000 results", "Log response size exceeded"] {
            assert_eq!(told(-32005, message), Some(Complaint::Size), "{message}");
        }
        assert_eq!(told(-32005, "limit exceeded"), Some(Complaint::Size));
        assert_eq!(complaint(&Fault::TooLarge { limit: 1 }), Some(Complaint::Size));
        for message in ["header not found", "rate limit", "internal error"] {
            assert_eq!(told(-32000, message), None, "{message}");
        }
        assert_eq!(told(-32005, "rate limit exceeded"), None);
    }

    #[test]
    fn topics_that_may_be_anything_are_asked_for_only_in_between() {
        let (a, b) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let filter = |topics| LogFilter { topics, ..LogFilter::default() };
        assert_eq!(topics(&filter([vec![], vec![], vec![], vec![]])), Vec::<Value>::new());
        assert_eq!(topics(&filter([vec![a], vec![], vec![], vec![]])), vec![json!([a])]);
        assert_eq!(topics(&filter([vec![], vec![a, b], vec![], vec![]])), vec![Value::Null, json!([a, b])]);
    }

    #[test]
    fn logs_that_were_not_asked_for_are_noticed() {
        let log = alloy_primitives::Log::new_unchecked(
            Address::repeat_byte(1),
            vec![B256::repeat_byte(2)],
            alloy_primitives::Bytes::new(),
        );
        let entry =
            LogEntry { log, block_number: 5, block_hash: B256::ZERO, index: 0, transaction_hash: B256::ZERO };
        assert!(matches(&entry, &LogFilter::default()));
        assert!(matches(&entry, &LogFilter::of(Address::repeat_byte(1), 0, 9).event(B256::repeat_byte(2))));
        assert!(!matches(&entry, &LogFilter::of(Address::repeat_byte(2), 0, 9)));
        assert!(!matches(&entry, &LogFilter::of(Address::repeat_byte(1), 0, 9).event(B256::repeat_byte(3))));
        let second = [vec![], vec![B256::repeat_byte(2)], vec![], vec![]];
        assert!(!matches(&entry, &LogFilter { topics: second, ..LogFilter::default() }));
    }
}
