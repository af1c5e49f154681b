//! Collateral is the host's to bring: what it withholds or makes up costs others nothing (R9).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Event;
use multee_confirmation::Confirm;
use multee_mock_vendor::{CollateralSpec, Vendor};
use multee_node::{ReadCollateral, duty};
use multee_protocol::{Mark, Marks, TeeType};
use serde_json::Value;

use crate::support::{
    AGENT, SoundReader, TEES, World, app_of, device_id, platform, spec, start_s, tee_of, vendor,
};

/// Why a block is logged whose checking epoch brought no mark (R8).
const UNCHECKED: u8 = 3;

pub(crate) fn no_mark_is_negative(world: &World) {
    for event in world.events() {
        if let Event::BlockPublished(e) = event {
            for place in 0..Marks::PLACES {
                let mark = Marks(e.marks).get(place).expect("a mark");
                assert!(!mark.is_negative(), "seat {} in epoch {}: {mark:?}", e.seat, e.epoch);
            }
        }
    }
}

/// Has nothing while it is down, and never anything for the platforms' state at one time.
struct Withholding {
    sound: Arc<SoundReader>,
    down: AtomicBool,
    never_at_s: u64,
}

impl ReadCollateral for Withholding {
    fn collateral(&self, quote: &[u8], number: u32, at_s: u64) -> Option<Vec<u8>> {
        let withheld = self.down.load(Ordering::Relaxed) || at_s == self.never_at_s;
        if withheld { None } else { self.sound.collateral(quote, number, at_s) }
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        self.sound.roots()
    }
}

#[test]
fn withheld_collateral_leads_to_abstentions_not_to_negative_marks() {
    let mut world = World::new(6);
    let reader = Arc::new(Withholding {
        sound: Arc::clone(&world.reader),
        down: AtomicBool::new(false),
        never_at_s: start_s(7),
    });
    let shared: Arc<dyn ReadCollateral> = Arc::<Withholding>::clone(&reader);
    for device in 0..world.devices.len() {
        world.revive(device, &shared);
    }
    world.play(0);
    let claimed = device_id(&platform(&world.reader.vendor, 20));
    let joined = world.join(20, claimed);
    world.revive(joined, &shared);
    let mut scores = world.scores();
    for epoch in 1..=11 {
        reader.down.store((3..=4).contains(&epoch), Ordering::Relaxed);
        world.play(epoch);
        let now = world.scores();
        assert!(now.iter().zip(&scores).all(|(now, before)| now >= before), "{scores:?} to {now:?}");
        scores = now;
    }
    no_mark_is_negative(&world);
    let events = world.events();
    let unchecked =
        events.iter().any(|event| matches!(event, Event::BlockLogged(e) if e.reason == UNCHECKED));
    assert!(unchecked, "nobody could check");
    let given_up = |event: &Event| matches!(event, Event::BlockDecided(e) if e.epoch == 7);
    assert!(!events.iter().any(given_up), "what nobody can check nobody decides");
    let caught_up = |event: &Event| matches!(event, Event::BlockDecided(e) if e.epoch == 3 && !e.malicious);
    assert!(events.iter().any(caught_up), "what could not be checked then is checked later");
    let view = world.seat(world.devices[joined].seat);
    assert!(view.admitted && view.penalties == 0, "{view:?}");
}

/// A document that a host may hand over in place of the sound one.
type Lie = (&'static str, fn(&Vendor, TeeType, u64) -> Vec<u8>);

fn issued(vendor: &Vendor, tee: TeeType, change: impl FnOnce(&mut CollateralSpec)) -> Vec<u8> {
    let mut spec = spec(tee);
    change(&mut spec);
    vendor.collateral_with(spec).expect("simulated")
}

fn sound(vendor: &Vendor, tee: TeeType) -> Vec<u8> {
    issued(vendor, tee, |_| {})
}

/// What the vendor issues after it has revoked every machine of the network, from the next second on.
fn revoking(vendor: &Vendor, tee: TeeType, at_s: u64) -> Vec<u8> {
    let mut vendor = vendor.clone();
    for index in 0..8 {
        let platform = platform(&vendor, index);
        vendor.revoke(&platform);
    }
    issued(&vendor, tee, |spec| spec.issued_s = at_s + 1)
}

/// `document` with one of its parts changed.
fn altered(document: &[u8], part: &str, change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(document).expect("JSON");
    let text = document[part].as_str().expect("a text").to_owned();
    let changed = change(&text);
    assert_ne!(text, changed, "{part} is changed");
    document[part] = Value::String(changed);
    document.to_string().into_bytes()
}

/// The sound document with parts of another.
fn spliced(vendor: &Vendor, tee: TeeType, other: &[u8], parts: &[&str]) -> Vec<u8> {
    let other: Value = serde_json::from_slice(other).expect("JSON");
    parts.iter().fold(sound(vendor, tee), |document, part| {
        altered(&document, part, |_| other[*part].as_str().expect("a text").to_owned())
    })
}

fn foreign(tee: TeeType) -> Vec<u8> {
    sound(&vendor(2), tee)
}

const TCB_PARTS: [&str; 2] = ["tcb_info", "tcb_info_signature"];

const LIES: &[Lie] = &[
    ("another vendor's", |_, tee, _| foreign(tee)),
    ("another vendor's TCB info", |own, tee, _| {
        spliced(own, tee, &foreign(tee), &["tcb_info_issuer_chain", "tcb_info_signature"])
    }),
    ("another vendor's revocation list", |own, tee, _| spliced(own, tee, &foreign(tee), &["pck_crl"])),
    ("another vendor's root revocation list", |own, tee, _| {
        spliced(own, tee, &foreign(tee), &["root_ca_crl"])
    }),
    ("expired", |own, tee, at_s| issued(own, tee, |spec| spec.next_update_s = at_s - 1)),
    ("of tomorrow", |own, tee, at_s| issued(own, tee, |spec| spec.issued_s = at_s + 1)),
    ("of tomorrow, revoking all", revoking),
    ("with tomorrow's revocations", |own, tee, at_s| {
        spliced(own, tee, &revoking(own, tee, at_s), &["pck_crl"])
    }),
    ("with expired TCB info", |own, tee, at_s| {
        let expired = issued(own, tee, |spec| spec.next_update_s = at_s - 1);
        spliced(own, tee, &expired, &TCB_PARTS)
    }),
    ("of another TCB evaluation", |own, tee, _| issued(own, tee, |spec| spec.tcb_evaluation_number += 1)),
    ("of another platform family", |own, tee, _| issued(own, tee, |spec| spec.fmspc = *b"OTHERS")),
    ("of the other TEE", |own, tee, _| sound(own, TEES[usize::from(tee == TEES[0])])),
    ("with a status changed", |own, tee, _| {
        altered(&sound(own, tee), "tcb_info", |text| text.replacen("UpToDate", "Revoked", 1))
    }),
    ("with higher levels asked", |own, tee, _| {
        altered(&sound(own, tee), "tcb_info", |text| text.replacen("\"svn\":4", "\"svn\":5", 1))
    }),
    ("with a quoting enclave's signer changed", |own, tee, _| {
        altered(&sound(own, tee), "qe_identity", |text| text.replacen("\"isvsvn\":8", "\"isvsvn\":9", 1))
    }),
    ("with a signature changed", |own, tee, _| {
        altered(&sound(own, tee), "tcb_info_signature", |text| text.chars().rev().collect())
    }),
    ("without issuers", |own, tee, _| altered(&sound(own, tee), "tcb_info_issuer_chain", |_| String::new())),
    ("cut off", |own, tee, _| {
        let document = sound(own, tee);
        document[..document.len() / 2].to_vec()
    }),
    ("empty", |_, _, _| Vec::new()),
    ("an empty object", |_, _, _| b"{}".to_vec()),
    ("noise", |_, _, _| vec![0xFF; 4096]),
];

/// Tells one lie, or another at each asking.
struct Lying {
    sound: Arc<SoundReader>,
    lies: &'static [Lie],
    told: AtomicUsize,
}

impl Lying {
    fn new(world: &World, lies: &'static [Lie]) -> Self {
        Self { sound: Arc::clone(&world.reader), lies, told: AtomicUsize::default() }
    }
}

impl ReadCollateral for Lying {
    fn collateral(&self, quote: &[u8], _: u32, at_s: u64) -> Option<Vec<u8>> {
        let told = self.told.fetch_add(1, Ordering::Relaxed);
        let (_, lie) = self.lies[told % self.lies.len()];
        Some(lie(&self.sound.vendor, tee_of(quote), at_s))
    }

    fn roots(&self) -> Vec<Vec<u8>> {
        let mut roots = self.sound.roots();
        roots.push(vendor(2).root_der().to_vec());
        roots
    }
}

#[test]
fn lying_collateral_reader_cannot_slander() {
    let mut world = World::new(6);
    world.play_all(0..=2);
    world.open(3);
    let ledger = world.ledger();
    let mut tees = [0, 0];
    for device in &world.devices {
        let marks = |reader: &dyn ReadCollateral| -> Vec<Mark> {
            let duty = duty(&ledger, device.seat, 3, reader).expect("a duty");
            let signed = app_of(&device.platform, AGENT, 1).confirm(&duty).expect("signs");
            signed.verdicts.iter().map(|verdict| verdict.mark).collect()
        };
        assert_eq!(marks(world.reader.as_ref()), [Mark::Valid; 2]);
        for lie in LIES {
            let reader = Lying::new(&world, std::slice::from_ref(lie));
            assert_eq!(marks(&reader), [Mark::Abstain; 2], "{}", lie.0);
        }
        tees[usize::from(device.platform.spec().tee == TEES[1])] += 1;
    }
    assert_eq!(tees, [3, 3]);
}

#[test]
fn network_with_lying_collateral_readers_keeps_its_scores() {
    let mut world = World::new(7);
    for device in [1, 4] {
        let reader: Arc<dyn ReadCollateral> = Arc::new(Lying::new(&world, LIES));
        world.revive(device, &reader);
    }
    world.play_all(0..=6);
    no_mark_is_negative(&world);
    assert_eq!(world.scores(), [10_000; 7]);
    let liar = world.devices[1].seat;
    let positive = world.events().into_iter().any(|event| match event {
        Event::BlockPublished(e) => e.seat == liar.0 && !e.marks.is_zero(),
        _ => false,
    });
    assert!(!positive, "a liar only abstains");
    world.assert_all_published_once(0..=6);
}
