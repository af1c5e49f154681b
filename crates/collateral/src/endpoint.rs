//! Where collateral is fetched from.

use std::fmt;
use std::str::FromStr;

use ureq::http::Uri;

const INTEL_PCS: &str = "https://api.trustedservices.intel.com";

const AMD_KDS: &str = "https://kdsintf.amd.com";

/// A service that hands collateral on: a vendor's own, or a cache of it (PCCS).
///
/// Plain HTTP is accepted for those that are named by who runs the node, on their own network: whatever is fetched is
/// signed. URLs that come out of certificates must be HTTPS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint(String);

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Longer than any endpoint is.
    #[error("URL is longer than {} bytes", Endpoint::BYTES_MAX)]
    TooLong,
    /// Not a URL, or one without a host.
    #[error("not a URL like https://pccs.example.org:8081")]
    Malformed,
    /// Neither `https` nor `http`.
    #[error("URL is neither https nor http")]
    Scheme,
    /// A user name or password would end up in logs.
    #[error("URL names a user")]
    User,
    /// Paths are appended to it.
    #[error("URL has a query")]
    Query,
}

impl Endpoint {
    const BYTES_MAX: usize = 512;

    /// Intel's Provisioning Certification Service.
    pub fn intel() -> Self {
        Self(INTEL_PCS.to_owned())
    }

    /// AMD's Key Distribution Service.
    pub fn amd() -> Self {
        Self(AMD_KDS.to_owned())
    }

    /// The whole URL of a path below it, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// Takes the URLs that PCCS clients are configured with, too, which end in `/sgx/certification/v4/`.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.len() > Self::BYTES_MAX {
            return Err(EndpointError::TooLong);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Malformed)?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or(EndpointError::Malformed)?;
        if !matches!(scheme, "https" | "http") {
            return Err(EndpointError::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(EndpointError::User);
        }
        if authority.host().is_empty() {
            return Err(EndpointError::Malformed);
        }
        if uri.query().is_some() {
            return Err(EndpointError::Query);
        }
        let path = uri.path().trim_end_matches('/');
        let path = ["/sgx/certification/v4", "/tdx/certification/v4"]
            .iter()
            .find_map(|suffix| path.strip_suffix(suffix))
            .unwrap_or(path);
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether a URL that came out of data may be fetched: HTTPS, or plain HTTP that does not leave the machine.
pub(crate) fn may_be_followed(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let named_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let loopback = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    !named_user && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_taken_as_pccs_clients_have_them() {
        for (text, base) in [
            ("https://api.trustedservices.intel.com", INTEL_PCS),
            ("https://api.trustedservices.intel.com/", INTEL_PCS),
            ("https://localhost:8081/sgx/certification/v4/", "https://localhost:8081"),
            ("http://10.0.0.7/pccs/tdx/certification/v4", "http://10.0.0.7/pccs"),
            ("https://[::1]:8081/pccs//", "https://[::1]:8081/pccs"),
        ] {
            assert_eq!(text.parse::<Endpoint>().expect(text).to_string(), base);
        }
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        for (text, error) in [
            ("", EndpointError::Malformed),
            ("pccs.example.org", EndpointError::Malformed),
            ("/sgx", EndpointError::Malformed),
            ("ftp://example.org", EndpointError::Scheme),
            ("https://user:secret@example.org", EndpointError::User),
            ("https://example.org/?key=1", EndpointError::Query),
            (&format!("https://example.org/{}", "x".repeat(600)), EndpointError::TooLong),
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(error), "{text}");
        }
    }

    #[test]
    fn urls_out_of_data_lead_to_https_or_nowhere() {
        for url in ["https://example.org/root.crl", "http://127.0.0.1:8081/x", "http://[::1]/x"] {
            assert!(may_be_followed(url), "{url}");
        }
        for url in [
            "http://example.org/x",
            "http://127.0.0.1.example.org/x",
            "http://127.0.0.1@example.org/",
            "file:///etc",
            "ldap://x",
            "",
        ] {
            assert!(!may_be_followed(url), "{url}");
        }
    }
}
