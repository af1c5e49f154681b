//! The file as `multee network init` writes it.

use core::fmt::Write as _;

use alloy_primitives::Address;

use super::{Genesis, NetworkConfig};
use crate::FoundingSeat;
use crate::parameter::Parameter;

/// Writing to a string cannot fail: results are dropped.
pub(super) fn render(config: &NetworkConfig) -> String {
    let mut text = String::from(HEAD);
    let _ = writeln!(text, "{CHAIN}chain_id = {}", config.chain_id);
    let _ = write!(text, "{}", address(TOKEN, "token", config.token));
    let _ = write!(text, "{}", address(OWNER, "owner", config.owner));
    let _ = match config.genesis {
        Genesis::At(_) => writeln!(text, "{GENESIS}genesis = \"{}\"", config.genesis),
        Genesis::AfterS(after_s) => writeln!(text, "{GENESIS}genesis_after_s = {after_s}"),
    };
    let _ = writeln!(text, "{EPOCH}epoch_seconds = {}", config.fixed.epoch_seconds);
    let _ = writeln!(text, "{RETENTION}retention_epochs = {}", config.fixed.retention_epochs);
    let _ = writeln!(text, "{SEATS}max_seats = {}", config.fixed.max_seats);
    let _ = writeln!(text, "{POLICY}policy = {}", quoted(&config.policy.to_string_lossy()));
    parameters(&mut text, config);
    references(&mut text, config);
    seats(&mut text, &config.seats);
    text
}

fn address(comment: &str, name: &str, address: Option<Address>) -> String {
    match address {
        Some(address) => format!("{comment}{name} = \"{address}\"\n"),
        None => format!("{comment}# {name} = \"0x…\"\n"),
    }
}

fn parameters(text: &mut String, config: &NetworkConfig) {
    text.push_str(PARAMETERS);
    let defaults = multee_protocol::Parameters::default();
    for parameter in Parameter::ALL {
        let Parameter { name, rule, unit, range, what, .. } = parameter;
        let (value, default) = (parameter.get(&config.parameters), parameter.get(&defaults));
        let _ = writeln!(text, "\n# {what}\n# {rule}; in {unit}; {range}; default {}", number(default));
        let _ = writeln!(text, "{name} = {}", number(value));
    }
}

/// Amounts beyond TOML's integers are text, with the digits in threes.
fn number(value: u128) -> String {
    if i64::try_from(value).is_ok() {
        return value.to_string();
    }
    let digits = value.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    format!("\"{grouped}\"")
}

fn references(text: &mut String, config: &NetworkConfig) {
    text.push_str(REFERENCES);
    for reference in &config.references {
        let _ = writeln!(text, "\n[[reference]]\nmeasurement = \"{}\"", reference.measurement);
        let _ =
            writeln!(text, "from_epoch = {}\nuntil_epoch = {}", reference.from_epoch, reference.until_epoch);
    }
    if config.references.is_empty() {
        text.push_str(REFERENCE_EXAMPLE);
    }
}

fn seats(text: &mut String, seats: &[FoundingSeat]) {
    text.push_str(FOUNDERS);
    for seat in seats {
        let _ =
            writeln!(text, "\n[[seat]]\nprovider = \"{}\"\noperator = \"{}\"", seat.provider, seat.operator);
        let _ =
            writeln!(text, "device_id = \"{}\"\nincarnation = \"{}\"", seat.device_id.0, seat.incarnation);
        let _ = writeln!(text, "measurement = \"{}\"", seat.measurement);
        let _ = writeln!(text, "verified_power = {}", seat.verified_power);
    }
    if seats.is_empty() {
        text.push_str(SEAT_EXAMPLE);
    }
}

/// As a basic string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

const HEAD: &str = "\
# A network to be founded: multee network deploy --config network.toml --rpc URL --keystore FILE
# Rules (R1 to R17) are those of docs/protocol.md. Try it first with --dry-run: that sends nothing.
";

const CHAIN: &str = "
# The chain's id (EIP-155). docs/chains.md tells which chains can carry a network.
";

const TOKEN: &str = "
# The ERC-20 token of deposits and rewards. It must move the whole amount: none that takes a fee on transfer.
# Left out, a worthless test token is deployed, from which anybody can mint: for devnets only.
";

const OWNER: &str = "
# Who governs in the end (R16), in production a timelock or a multisignature. It is offered the ownership after
# founding and has to accept it. Left out, who founds goes on to govern.
";

const GENESIS: &str = "
# When epoch 0 starts (R2), as a time (genesis = \"2027-01-15T08:00:00Z\") or in seconds after founding begins
# (genesis_after_s). All founding seats must be named before; a founding that is late must be begun anew.
";

const EPOCH: &str = "
# An epoch's length (R2); in seconds; 12..=31536000; default 86400. Never changes.
";

const RETENTION: &str = "
# How long a block lives (R9, R14); in epochs; 16..=40; default 32. Never changes.
";

const SEATS: &str = "
# Seats that there can ever be (R14); 1..=1048576; default 1048576. Never changes.
";

const POLICY: &str = "
# The evidence policy (R16): a file with the document's exact bytes, at most 24576, seen from this file's directory.
";

const PARAMETERS: &str = "
# What the owner may change later, by announcing it 7 epochs before (R16): multee network params set.
[parameters]
";

const REFERENCES: &str = "
# The measurements that are allowed, at most 32, strictly ascending (R16): multee network measurements changes them.
# from_epoch and until_epoch are the first and last epoch in which one is allowed; 0..=4294967295, the default.
";

const REFERENCE_EXAMPLE: &str = "
# [[reference]]
# measurement = \"0x…\"   # 32 bytes: what `multee measure` prints for an image
# from_epoch = 0
# until_epoch = 4294967295
";

const FOUNDERS: &str = "
# Founding seats, named before genesis (R1): admitted from the start, with full score. Who founds pays their deposits.
# They check each other first: whoever names them vouches for them. Without any, nobody can ever be admitted.
";

const SEAT_EXAMPLE: &str = "
# [[seat]]
# provider = \"0x…\"      # account that gets the deposit back
# operator = \"0x…\"      # account that publishes
# device_id = \"0x…\"     # 32 bytes, by docs/protocol.md 4.2
# incarnation = \"0x…\"   # address of the key that its Confirmation Application made
# measurement = \"0x…\"   # 32 bytes; one of the above
# verified_power = 1000  # as the founders measured it (R10)
";

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use multee_confirmation::ReferenceValue;
    use multee_protocol::{DeviceId, Parameters};

    fn full() -> NetworkConfig {
        let seat = |number: u8| FoundingSeat {
            provider: Address::repeat_byte(number),
            operator: Address::repeat_byte(number + 10),
            device_id: DeviceId(B256::repeat_byte(number)),
            incarnation: Address::repeat_byte(number + 20),
            measurement: B256::repeat_byte(7),
            verified_power: 1000 + u64::from(number),
        };
        NetworkConfig {
            token: Some(Address::repeat_byte(9)),
            owner: Some(Address::repeat_byte(8)),
            genesis: Genesis::At(1_800_000_000),
            parameters: Parameters { latest_checks: 3, min_deposit: 7, ..Parameters::default() },
            policy: "a \"policy\".json".into(),
            references: vec![ReferenceValue {
                measurement: B256::repeat_byte(7),
                from_epoch: 1,
                until_epoch: 9,
            }],
            seats: vec![seat(1), seat(2)],
            ..NetworkConfig::example(false)
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for config in [NetworkConfig::example(true), NetworkConfig::example(false), full()] {
            let text = config.to_text();
            assert_eq!(NetworkConfig::parse(&text).expect("read"), config, "{text}");
        }
    }

    #[test]
    fn every_parameter_has_its_rule_unit_range_and_default_above_it() {
        let text = NetworkConfig::example(false).to_text();
        for parameter in Parameter::ALL {
            let comment = text.split(&format!("\n{} = ", parameter.name)).next().expect("there");
            let comment = comment.lines().last().expect("a line");
            for part in [parameter.rule, parameter.unit, parameter.range, "default"] {
                assert!(comment.contains(part), "{comment}");
            }
        }
    }
}
