//! What can be set, by name: the one list that file, environment, flags and help are made of.

/// Something that an operator can set.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Section and name, such as `rpc.endpoints`.
    pub key: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// What it is if nobody sets it, in TOML; `None`: nothing.
    pub default: Option<&'static str>,
    /// What it is for, with unit and range.
    pub about: &'static str,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// An integer that is not negative.
    Integer,
    /// `true` or `false`.
    Switch,
    /// An array of strings; in the environment and on the command line separated by commas.
    List,
}

impl Setting {
    /// The setting with this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// The variable that sets it: `MULTEE_RPC_ENDPOINTS` for `rpc.endpoints`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether what it is set to may hold a secret, such as the key to an endpoint in its path.
    pub fn is_secret(&self) -> bool {
        matches!(
            self.key,
            "rpc.endpoints" | "operator.signer" | "collateral.pcs" | "collateral.amd" | "rpc.peers"
        )
    }
}

/// What every variable's name begins with.
pub(super) const VARIABLE_PREFIX: &str = "MULTEE_";

const fn text(key: &'static str, default: Option<&'static str>, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Text, default, about }
}

const fn integer(key: &'static str, default: Option<&'static str>, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Integer, default, about }
}

const fn list(key: &'static str, default: Option<&'static str>, about: &'static str) -> Setting {
    Setting { key, kind: Kind::List, default, about }
}

const fn switch(key: &'static str, default: Option<&'static str>, about: &'static str) -> Setting {
    Setting { key, kind: Kind::Switch, default, about }
}

/// All of them, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    text("network.contract", None, "address of the network's contract"),
    integer("network.chain_id", None, "id of the chain (EIP-155) that it is on"),
    text("network.code_hash", None, "keccak256 of the contract's code; every endpoint must have it"),
    integer(
        "network.from_block",
        Some("0"),
        "block of the chain that the contract was deployed in, or any before",
    ),
    list("rpc.endpoints", None, "JSON-RPC servers, http(s):// or ws(s)://, in order of preference; 1 to 16"),
    list(
        "rpc.peers",
        Some("[]"),
        "gateways of the network to ask for evidence that the endpoints no longer have",
    ),
    integer("rpc.confirmations", Some("2"), "blocks a transaction is deep before it counts; 1 to 64"),
    integer(
        "rpc.seed_depth_blocks",
        Some("2"),
        "blocks an epoch's seed is deep before anything is signed; 1 to 64",
    ),
    integer(
        "rpc.reorg_blocks_max",
        Some("64"),
        "blocks that a reorganisation may take back without help; 1 to 4096",
    ),
    integer("rpc.poll_ms", Some("2000"), "milliseconds between looks at the chain; 50 to 60000"),
    integer("rpc.timeout_ms", Some("10000"), "milliseconds that one answer may take; 100 to 600000"),
    integer(
        "rpc.send_within_s",
        Some("600"),
        "seconds to wait for a transaction before its outcome is left open; 1 to 3600",
    ),
    integer(
        "rpc.bump_after_s",
        Some("60"),
        "seconds that a transaction may wait before it is replaced by one that pays more; 1 to 3600",
    ),
    integer("rpc.fee_cap_wei", Some("200000000000"), "the most that is paid for a unit of gas, in wei"),
    integer(
        "rpc.tip_wei_min",
        Some("1"),
        "the least that is offered to block producers for a unit of gas, in wei",
    ),
    text("operator.keystore", None, "the operator's key, a web3 v3 keystore of mode 0600"),
    text(
        "operator.password_file",
        None,
        "the keystore's password, a file of mode 0600 or 0400; without it the terminal is asked",
    ),
    text("operator.signer", None, "URL of a signer (eth_signTransaction) in place of a keystore"),
    text("operator.address", None, "the operator's address, with a signer"),
    integer("seat.id", None, "number of the seat that this node works for"),
    switch(
        "seat.restart",
        Some("true"),
        "whether to boot anew when the seat is suspended or its key is lost",
    ),
    text(
        "confirm.program",
        None,
        "the Confirmation Application, multee-confirm, to start as a child of this process",
    ),
    list("confirm.args", Some("[]"), "what it is told besides its socket, such as --attester=tdx"),
    text(
        "confirm.directory",
        Some("\"/run/multee\""),
        "where its sockets are made; nobody else may write there",
    ),
    text(
        "confirm.socket",
        None,
        "application that something else starts, in place of confirm.program: PATH, vsock:CID:PORT or tcp:IP:PORT",
    ),
    list("confirm.restart_command", Some("[]"), "program and arguments that boot that application anew"),
    text("confirm.measurement", None, "measurement that it boots from, as `multee measure` prints it"),
    integer("confirm.start_ms_max", Some("30000"), "milliseconds it may take to start; 1000 to 600000"),
    integer(
        "confirm.answer_ms_max",
        Some("120000"),
        "milliseconds an epoch's work may take; 1000 to 3600000",
    ),
    switch(
        "confirm.keep_running",
        Some("true"),
        "leave the application running when the node ends: its key is only there",
    ),
    list(
        "collateral.pcs",
        Some("[\"https://api.trustedservices.intel.com/\"]"),
        "Intel's service and caches of it, in order of preference",
    ),
    list(
        "collateral.amd",
        Some("[\"https://kdsintf.amd.com/\"]"),
        "AMD's service and caches of it, in order of preference",
    ),
    text("collateral.cache", Some("\"/var/lib/multee/collateral\""), "directory that collateral is kept in"),
    list(
        "collateral.roots",
        Some("[]"),
        "files of root certificates, DER, besides Intel's and AMD's; the policy says which count",
    ),
    list(
        "collateral.tls_roots",
        Some("[]"),
        "files of certificates, DER, that vouch for those services in place of public authorities",
    ),
    text(
        "state.path",
        Some("\"/var/lib/multee/state.sqlite\""),
        "what the node must not forget, one SQLite file",
    ),
    text(
        "metrics.listen",
        None,
        "address for /metrics and /health, such as 127.0.0.1:9464; without it there are none",
    ),
    text("log.format", Some("\"human\""), "human or json"),
    text("log.level", Some("\"info\""), "error, warn, info, debug or trace"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_of_section_and_name() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            assert_eq!(setting.key.split('.').count(), 2, "{}", setting.key);
            assert!(SETTINGS[..index].iter().all(|other| other.key != setting.key), "{}", setting.key);
            assert!(SETTINGS.iter().filter(|other| other.variable() == setting.variable()).count() == 1);
        }
    }
}
