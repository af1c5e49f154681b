//! Who a device is, before it has a seat: device id and measurement by its TEE's quote (R1).

use alloy_primitives::{Address, B256, Bytes};
use multee_confirmation::Introduction;
use multee_evidence::{AppraisalError, Policy, Verifier, VerifierConfig, VerifierError};
use multee_protocol::Power;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A device as its TEE shows it. Quote and certificate chain were verified up to a root that the policy accepts;
/// what collateral decides, the platform's status and whether its certificate is revoked, was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// The kind of TEE.
    pub tee: &'static str,
    /// The device.
    pub device_id: B256,
    /// The key of the application that runs.
    pub incarnation: Address,
    /// What it was booted from, by the policy's registers.
    pub measurement: B256,
    /// The power that it will publish.
    pub power: Power,
    /// Whether that was measured; else somebody declared it.
    pub power_measured: bool,
    /// The properties record that it will publish.
    pub properties: Bytes,
    /// The quote, for others to verify; its report data is that of an introduction (R1).
    pub quote: Bytes,
}

/// Why an introduction shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum IntroductionError {
    /// None of the roots is one that the policy accepts.
    #[error("no root certificate is one that the policy accepts")]
    Verifier(#[from] VerifierError),
    /// The quote does not hold.
    #[error("quote does not hold")]
    Quote(#[from] AppraisalError),
    /// The quote was made for something else.
    #[error("quote is not of the application with key {0}")]
    OtherKey(Address),
}

/// What the introduction shows as of `now_s` (Unix time in seconds), by the policy and those of `roots` (DER) that it
/// accepts.
///
/// # Errors
/// When the quote does not hold, or is not of this application.
pub fn describe(
    introduction: &Introduction,
    policy: &Policy,
    roots: Vec<Vec<u8>>,
    now_s: u64,
) -> Result<Description, IntroductionError> {
    let verifier = Verifier::new(policy, accepted(policy, roots), VerifierConfig::default())?;
    let status = &introduction.status;
    let examined = verifier.examine(&introduction.quote, None, now_s)?;
    if examined.report_data != Introduction::report_data(status.incarnation) {
        return Err(IntroductionError::OtherKey(status.incarnation));
    }
    Ok(Description {
        tee: examined.collateral.tee.name(),
        device_id: examined.device_id.0,
        incarnation: status.incarnation,
        measurement: examined.measurement,
        power: status.power,
        power_measured: status.power_measured,
        properties: status.properties.clone(),
        quote: introduction.quote.clone(),
    })
}

/// Those of the roots (DER) that the policy names.
pub(crate) fn accepted(policy: &Policy, roots: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let digest = |root: &Vec<u8>| B256::from(<[u8; 32]>::from(Sha256::digest(root)));
    roots.into_iter().filter(|root| policy.roots().contains(&digest(root))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use multee_confirmation::{AppConfig, ConfirmationApp, PowerSource};
    use multee_evidence::{AttestError, ObtainQuote, Properties};
    use multee_mock_vendor::{Platform, PlatformSpec, QuoteSpec, Vendor, VendorConfig};
    use multee_protocol::{DeviceId, TeeType};
    use rand_chacha::rand_core::SeedableRng;

    const NOW_S: u64 = 1_800_000_000;

    /// SIMULATED.
    struct Tee(Platform);

    impl ObtainQuote for Tee {
        fn tee(&self) -> TeeType {
            self.0.spec().tee
        }

        fn quote(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, AttestError> {
            Ok(self.0.quote(&QuoteSpec::of_program(self.tee(), "agent", *report_data)).expect("quotes"))
        }
    }

    fn vendor() -> Vendor {
        let config = VendorConfig {
            not_before_s: NOW_S - 100_000_000,
            not_after_s: NOW_S + 1_000_000_000,
            tcb_evaluation_number: 1,
        };
        Vendor::from_seed([7; 32], config).expect("a vendor")
    }

    fn introduced() -> (Introduction, Policy, Vec<u8>, DeviceId) {
        let (app, policy, root, device_id) = simulated();
        (app.introduce().expect("an introduction"), policy, root, device_id)
    }

    /// An application on a SIMULATED machine, with a policy that accepts it, and the vendor's root.
    pub(crate) fn simulated() -> (ConfirmationApp, Policy, Vec<u8>, DeviceId) {
        let vendor = vendor();
        let platform = vendor.platform(PlatformSpec::sound(1, TeeType::Tdx)).expect("a platform");
        let device_id = DeviceId::from_hardware(TeeType::Tdx, platform.hardware_id());
        let root = vendor.root_der().to_vec();
        let policy = serde_json::json!({
            "version": 1,
            "roots": [hex::encode(Sha256::digest(&root))],
            "platform_statuses": ["UpToDate"],
            "tcb_evaluation_number": 1,
            "measurement": { "tdx": ["mrtd", "rtmr1", "rtmr2", "mrconfigid"] },
        });
        let policy = Policy::from_json(policy.to_string().as_bytes()).expect("a policy");
        let properties = Properties::new("SIMULATED CPU", 2, 4096, ["tdx".to_owned()]).expect("properties");
        let config = AppConfig { power: PowerSource::Declared(5), properties };
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let app = ConfirmationApp::new(config, Box::new(Tee(platform)), &mut rng);
        (app, policy, root, device_id)
    }

    #[test]
    fn a_device_is_described_by_its_quote() {
        let (introduction, policy, root, device_id) = introduced();
        let description = describe(&introduction, &policy, vec![vec![1], root], NOW_S).expect("describes");
        assert_eq!((description.tee, description.device_id), ("tdx", device_id.0));
        assert_eq!(description.incarnation, introduction.status.incarnation);
        assert_ne!(description.measurement, B256::ZERO);
    }

    #[test]
    fn a_quote_of_another_application_or_under_another_root_describes_nothing() {
        let (introduction, policy, root, _) = introduced();
        let mut other = introduction.clone();
        other.status.incarnation = Address::repeat_byte(9);
        let error = describe(&other, &policy, vec![root.clone()], NOW_S).expect_err("another key");
        assert!(matches!(error, IntroductionError::OtherKey(_)), "{error}");
        let error = describe(&introduction, &policy, vec![vec![1]], NOW_S).expect_err("no root");
        assert!(matches!(error, IntroductionError::Verifier(_)), "{error}");
        let mut broken = introduction.clone();
        let mut quote = broken.quote.to_vec();
        quote[100] ^= 1;
        broken.quote = quote.into();
        let error = describe(&broken, &policy, vec![root], NOW_S).expect_err("broken");
        assert!(matches!(error, IntroductionError::Quote(_)), "{error}");
    }
}
