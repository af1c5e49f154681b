//! Who vouches for servers on TLS.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Certificates that can be given.
pub const TLS_ROOTS_MAX: usize = 64;

/// The certificate authorities that a server on TLS is checked by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsRoots {
    /// Those that the Mozilla project accepts.
    #[default]
    Public,
    /// These and no others, DER: for a server with a private authority.
    These(Vec<Vec<u8>>),
}

/// The text is no list of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoots {
    /// It has none, or something in it cannot be read.
    #[error("not certificates in PEM")]
    NotPem,
    /// It has more than [`TLS_ROOTS_MAX`].
    #[error("more than {TLS_ROOTS_MAX} certificates")]
    TooMany,
}

impl TlsRoots {
    /// The authorities in a PEM file's text, and no others.
    ///
    /// # Errors
    /// When there are none, too many, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidRoots> {
        let found = CertificateDer::pem_slice_iter(pem).take(TLS_ROOTS_MAX + 1);
        let roots: Vec<CertificateDer<'_>> =
            found.collect::<Result<_, _>>().map_err(|_| InvalidRoots::NotPem)?;
        if roots.len() > TLS_ROOTS_MAX {
            return Err(InvalidRoots::TooMany);
        }
        let mut store = RootCertStore::empty();
        if roots.is_empty() || roots.iter().any(|root| store.add(root.clone()).is_err()) {
            return Err(InvalidRoots::NotPem);
        }
        Ok(Self::These(roots.iter().map(|root| root.to_vec()).collect()))
    }

    pub(super) fn for_http(&self) -> TlsConfig {
        let roots = match self {
            Self::Public => RootCerts::WebPki,
            Self::These(roots) => {
                let certificates = roots.iter().map(|der| Certificate::from_der(der).to_owned());
                RootCerts::Specific(Arc::new(certificates.collect()))
            }
        };
        TlsConfig::builder().root_certs(roots).build()
    }

    /// The library is told which cryptography to use: it would panic rather than to choose.
    pub(super) fn for_websocket(&self) -> io::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::Public => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Self::These(given) => {
                roots.add_parsable_certificates(given.iter().map(|der| CertificateDer::from(der.as_slice())));
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let settings =
            versions.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificates_is_refused() {
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in ["", "text", key, broken, cut] {
            assert_eq!(TlsRoots::from_pem(text.as_bytes()), Err(InvalidRoots::NotPem), "{text}");
        }
        let many = broken.repeat(TLS_ROOTS_MAX + 1);
        assert_eq!(TlsRoots::from_pem(many.as_bytes()), Err(InvalidRoots::TooMany));
    }
}
