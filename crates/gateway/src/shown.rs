//! How values look in answers, for the document that describes them.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A hash, a device id or a measurement.
#[derive(Debug)]
pub enum Hash {}

/// An account's or a contract's address.
#[derive(Debug)]
pub enum Account {}

/// An amount in the token's smallest unit, or a power: digits in a text, for both go beyond the 53 bits that browsers
/// read.
#[derive(Debug)]
pub enum Amount {}

fn text(description: &str, pattern: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    Object::from(text.pattern(Some(pattern))).into()
}

impl PartialSchema for Hash {
    fn schema() -> RefOr<Schema> {
        text("32 bytes: 0x and 64 lower-case hex digits", "^0x[0-9a-f]{64}$")
    }
}

impl PartialSchema for Account {
    fn schema() -> RefOr<Schema> {
        text("20 bytes: 0x and 40 lower-case hex digits", "^0x[0-9a-f]{40}$")
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        text(
            "An amount in the token's smallest unit, or a power: digits, for it may go beyond 53 bits",
            "^[0-9]{1,78}$",
        )
    }
}

impl ToSchema for Hash {}
impl ToSchema for Account {}
impl ToSchema for Amount {}
