//! What these tests share.

use core::time::Duration;
use std::sync::Arc;

use alloy_consensus::transaction::RlpEcdsaEncodableTx;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::sol;
use multee_chain::embedded::{Config, Embedded};
use multee_chain::rpc::{self, Endpoint, InMemory, Rests, Rpc};
use multee_chain::{Chain, Outcome, Receipt, Sender, Transaction, read};
use multee_devnet::http::Limits;
use multee_devnet::rpc::{Clock, JsonRpc, Serving};
use serde_json::{Value, json};

sol!(
    #[allow(missing_docs)]
    #[derive(Debug, PartialEq, Eq)]
    Probe,
    "../chain/tests/fixtures/Probe.json"
);

pub(crate) const CHAIN_ID: u64 = 31_337;
pub(crate) const GENESIS_S: u64 = 1_700_000_000;
pub(crate) const GAS_PRICE_WEI: u64 = 1_000_000_000;

pub(crate) fn rich() -> Sender {
    Sender::from_key(&[1; 32]).expect("a key")
}

/// A chain, and JSON-RPC in front of it.
pub(crate) struct Face {
    pub(crate) chain: Arc<Embedded>,
    serving: Serving,
}

impl Face {
    pub(crate) fn start() -> Self {
        Self::with(Clock::Virtual, Limits::default())
    }

    pub(crate) fn with(clock: Clock, limits: Limits) -> Self {
        let mut config = Config::devnet(CHAIN_ID, GENESIS_S);
        config.gas_price_wei = GAS_PRICE_WEI;
        config.genesis_balances.insert(rich().address(), U256::from(10_u128.pow(21)));
        let chain = Arc::new(Embedded::in_memory(config).expect("opens"));
        let face = JsonRpc::new(Arc::clone(&chain), GAS_PRICE_WEI, clock).expect("answers");
        Self { chain, serving: face.serve(0, limits).expect("serves") }
    }

    pub(crate) fn url(&self) -> String {
        self.serving.url()
    }

    /// The HTTP status and the body of the answer to these bytes.
    pub(crate) fn post(&self, body: &[u8]) -> (u16, String) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let mut response = agent.post(self.url()).send(body).expect("answers");
        let text = response.body_mut().read_to_string().expect("text");
        (response.status().as_u16(), text)
    }

    /// The whole answer to one request.
    pub(crate) fn whole(&self, method: &str, params: &Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (status, text) = self.post(request.to_string().as_bytes());
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The result of a method, which must have one.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Value {
        let answer = self.whole(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code and message of the error of a method, which must have one.
    pub(crate) fn refusal(&self, method: &str, params: &Value) -> (i64, String) {
        let answer = self.whole(method, params);
        let error = &answer["error"];
        let code = error["code"].as_i64().unwrap_or_else(|| panic!("{method}: {answer}"));
        (code, error["message"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) fn rpc(&self) -> Rpc {
        let endpoint = Endpoint::parse(&self.url()).expect("a URL");
        let config = rpc::Config {
            timeout: Duration::from_secs(20),
            rests: Rests { first: Duration::from_millis(10), longest: Duration::from_millis(40) },
            survey_every: Duration::ZERO,
            head_age_max: Duration::ZERO,
            confirmations: 1,
            send_within: Duration::from_mins(1),
            poll_every: Duration::from_millis(10),
            ..rpc::Config::new(CHAIN_ID, vec![endpoint])
        };
        Rpc::connect(&config, Box::new(InMemory::default())).expect("connects")
    }
}

pub(crate) fn succeed(chain: &dyn Chain, by: &Sender, transaction: &Transaction) -> Receipt {
    let receipt = chain.send(by, transaction).expect("executes");
    assert_eq!(receipt.outcome, Outcome::Success);
    receipt
}

pub(crate) fn deploy(chain: &dyn Chain) -> Address {
    let code = Transaction::deploy(&Probe::BYTECODE, &Probe::constructorCall { start: U256::from(5) });
    succeed(chain, &rich(), &code).created.expect("creates")
}

pub(crate) fn count(probe: Address, note: &'static [u8]) -> Transaction {
    Transaction::invoke(probe, &Probe::countCall { note: Bytes::from_static(note) })
}

pub(crate) fn total(chain: &dyn Chain, probe: Address) -> U256 {
    read(chain, probe, &Probe::totalCall {}).expect("answers")
}

/// A transfer of one wei with the rich one's first nonce, that is as it should be.
pub(crate) fn transfer() -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce: 0,
        gas_limit: 21_000,
        max_fee_per_gas: 2 * u128::from(GAS_PRICE_WEI),
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::repeat_byte(9)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

/// As wallets sign it.
pub(crate) fn signed(transaction: &TxEip1559, by: &Sender) -> Bytes {
    let signature = by.sign(transaction.signature_hash()).expect("signs");
    let mut raw = Vec::new();
    transaction.eip2718_encode_with_type(&signature, 2, &mut raw);
    raw.into()
}
