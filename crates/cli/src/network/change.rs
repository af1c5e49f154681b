//! Changes by the owner (R16): shown with what they do and from when, confirmed, and sent or told as calldata.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;

use alloy_primitives::B256;
use multee_confirmation::ReferenceValue;
use multee_founding::{
    Change, ConfigError, POLICY_BYTES_MAX, Parameter, Proposal, amount, apply, propose, utc,
};

use super::args::{ChangeArgs, MeasurementArgs, ParamsSetArgs, PolicySetArgs, RemoveArgs};
use super::confirm::confirm;
use super::place::Place;
use super::show::head;
use super::{NetworkError, print};
use crate::exit::Exit;

const SEE_LIST: &str = "`multee network measurements list` shows those that are";

/// Allows one measurement more.
pub(super) fn add_measurement(args: &MeasurementArgs) -> Result<Exit, NetworkError> {
    let place = Place::find(&args.change.place)?;
    let mut references = place.network.references.clone();
    match find(&references, args.measurement) {
        Ok(_) => {
            return Err(NetworkError::Value(
                format!("{} is allowed already", args.measurement),
                "`set` changes its epochs",
            ));
        }
        Err(at) => references.insert(at, reference(args)),
    }
    make(&place, &args.change, &Change::References(references))
}

/// Allows a measurement in other epochs.
pub(super) fn set_measurement(args: &MeasurementArgs) -> Result<Exit, NetworkError> {
    let place = Place::find(&args.change.place)?;
    let mut references = place.network.references.clone();
    let at = find(&references, args.measurement).map_err(|_| unknown(args.measurement))?;
    if let Some(place) = references.get_mut(at) {
        *place = reference(args);
    }
    make(&place, &args.change, &Change::References(references))
}

/// Allows a measurement no longer.
pub(super) fn remove_measurement(args: &RemoveArgs) -> Result<Exit, NetworkError> {
    let place = Place::find(&args.change.place)?;
    let mut references = place.network.references.clone();
    references.remove(find(&references, args.measurement).map_err(|_| unknown(args.measurement))?);
    make(&place, &args.change, &Change::References(references))
}

/// Publishes another policy document.
pub(super) fn policy(args: &PolicySetArgs) -> Result<Exit, NetworkError> {
    let unreadable = |source| ConfigError::Unreadable { path: args.file.clone(), source };
    let mut document = Vec::new();
    let file = File::open(&args.file).map_err(unreadable)?;
    file.take(POLICY_BYTES_MAX + 1).read_to_end(&mut document).map_err(unreadable)?;
    let place = Place::find(&args.change.place)?;
    make(&place, &args.change, &Change::Policy(document))
}

/// Announces parameters.
pub(super) fn params(args: &ParamsSetArgs) -> Result<Exit, NetworkError> {
    let place = Place::find(&args.change.place)?;
    let mut parameters = place.network.parameters;
    for value in &args.values {
        let wrong = || NetworkError::Value(format!("{value:?} is no parameter and its value"), SEE_PARAMS);
        let (name, number) = value.split_once('=').ok_or_else(wrong)?;
        let parameter = Parameter::named(name).ok_or_else(wrong)?;
        let number = amount(number).ok_or_else(wrong)?;
        if !parameter.set(&mut parameters, number) {
            return Err(NetworkError::Value(
                format!("{name} is {number}, outside {}", parameter.range),
                SEE_PARAMS,
            ));
        }
    }
    make(&place, &args.change, &Change::Parameters(parameters))
}

const SEE_PARAMS: &str = "`multee network params show` has them all, with their ranges: max_penalties=9";

fn find(references: &[ReferenceValue], measurement: B256) -> Result<usize, usize> {
    references.binary_search_by_key(&measurement, |value| value.measurement)
}

fn unknown(measurement: B256) -> NetworkError {
    NetworkError::Value(format!("{measurement} is not allowed"), SEE_LIST)
}

fn reference(args: &MeasurementArgs) -> ReferenceValue {
    ReferenceValue {
        measurement: args.measurement,
        from_epoch: args.from_epoch,
        until_epoch: args.until_epoch,
    }
}

fn make(place: &Place, args: &ChangeArgs, change: &Change) -> Result<Exit, NetworkError> {
    let proposal = propose(&place.network, change)?;
    print(&(head(&place.network) + &shown(&proposal)))?;
    if args.calldata {
        print(&format!(
            "\nto send, from {}:\nto     {}\nvalue  0\ndata   {}\n",
            proposal.owner, proposal.contract, proposal.calldata
        ))?;
        return Ok(Exit::Ok);
    }
    confirm("Make this change?", args.yes)?;
    let receipt = apply(&place.chain, &args.account.open()?, &proposal)?;
    print(&format!("\ndone in block {} by {}\n", receipt.block_number, receipt.transaction_hash))?;
    Ok(Exit::Ok)
}

fn shown(proposal: &Proposal) -> String {
    let mut text = String::new();
    for difference in &proposal.differences {
        let or =
            |value: &str, instead: &str| if value.is_empty() { instead.to_owned() } else { value.to_owned() };
        let (old, new) = (or(&difference.old, "not allowed"), or(&difference.new, "not allowed"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {old} → {new}", difference.what);
    }
    let (epoch, starts) = (proposal.from_epoch, utc(proposal.from_s));
    let _ =
        writeln!(text, "\nholds with the first epoch opened from epoch {epoch} on, which starts {starts}");
    if proposal.replaces_announced {
        text.push_str("in place of the parameters that are announced\n");
    }
    text
}
