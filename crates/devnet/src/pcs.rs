//! The vendor's service, SIMULATED: what Intel's Provisioning Certification Service would serve, of a vendor that is a
//! seed. Nodes fetch from it as from any other.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use multee_mock_vendor::{CollateralSpec, PlatformSpec, Publication, Vendor, VendorError};
use multee_protocol::TeeType;

use crate::http::{Answer, Asked, Given, Limits, Server};

/// A SIMULATED vendor's service on 127.0.0.1. It is gone when dropped.
#[derive(Debug)]
pub struct Pcs {
    server: Server,
}

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
pub enum PcsError {
    /// The collateral cannot be made.
    #[error("SIMULATED collateral cannot be made")]
    Vendor(#[from] VendorError),
    /// The server cannot be started.
    #[error("SIMULATED vendor service cannot be started")]
    Server(#[from] io::Error),
}

impl Pcs {
    /// Serves the collateral of the vendor's usual SGX and TDX families, as long-lived as the vendor's certificates, at
    /// `port`, 0 for any that is free.
    ///
    /// # Errors
    /// When collateral or server cannot be made.
    pub fn start(vendor: &Vendor, port: u16) -> Result<Self, PcsError> {
        let config = vendor.config();
        let mut shelf = Shelf::default();
        for tee in [TeeType::Sgx, TeeType::Tdx] {
            let published = vendor.publications(CollateralSpec {
                tee,
                fmspc: PlatformSpec::sound(0, tee).fmspc,
                issued_s: config.not_before_s,
                next_update_s: config.not_after_s,
                tcb_evaluation_number: config.tcb_evaluation_number,
            })?;
            shelf.0.extend(published.into_iter().map(|published| (published.target.clone(), published)));
        }
        let limits = Limits { body_bytes_max: 0, ..Limits::default() };
        Ok(Self { server: Server::start(port, limits, Arc::new(shelf))? })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

#[derive(Default)]
struct Shelf(BTreeMap<String, Publication>);

impl Answer for Shelf {
    fn answer(&self, asked: &Asked) -> Given {
        if asked.method != Method::GET {
            return Given::status(StatusCode::METHOD_NOT_ALLOWED);
        }
        let Some(Publication { headers, body, .. }) = self.0.get(&asked.target) else {
            return Given::status(StatusCode::NOT_FOUND);
        };
        let header = |(name, value): &(&'static str, String)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
        };
        let headers = headers.iter().filter_map(header).collect();
        Given { status: StatusCode::OK, headers, body: body.clone().into() }
    }
}
