//! Collateral from a service on this machine that has what the SIMULATED vendor signed, and goes out of order.

use std::sync::Arc;

use multee_chain::bindings::IProofOfAttestation::IProofOfAttestationEvents as Event;
use multee_collateral::{HttpConfig, Source, SourceConfig, TlsRoots};
use multee_node::{FetchedCollateral, ReadCollateral};
use multee_protocol::{Mark, Marks};

use crate::collateral::no_mark_is_negative;
use crate::pcs::{Mood, Pcs};
use crate::support::{GENESIS_S, TEES, World, spec};

/// A reader with nothing cached yet, whose host's clock stands still.
fn reader(world: &World, service: &Pcs) -> Arc<FetchedCollateral> {
    let config = SourceConfig {
        intel: vec![service.url().parse().expect("URL")],
        amd: vec![],
        cache: None,
        refresh_margin_s: 0,
        age_s_max: u64::MAX,
        http: HttpConfig { time_ms_max: 30_000, tls_roots: TlsRoots::These(vec![]) },
    };
    let source = Source::open(config).expect("opens");
    Arc::new(FetchedCollateral::new(source, world.reader.roots(), || GENESIS_S))
}

fn valid_marks(world: &World) -> usize {
    let published = world.events().into_iter().filter_map(|event| match event {
        Event::BlockPublished(e) => Some(Marks(e.marks)),
        _ => None,
    });
    let places = published.flat_map(|marks| (0..Marks::PLACES).map(move |place| marks.get(place)));
    places.filter(|mark| *mark == Ok(Mark::Valid)).count()
}

#[test]
fn network_lives_on_fetched_collateral_and_an_outage_leads_to_abstentions() {
    let mut world = World::new(6);
    let service = Pcs::start();
    for tee in TEES {
        service.serve(&world.reader.vendor, spec(tee));
    }
    let use_readers = |world: &mut World, service: &Pcs| {
        let readers: Vec<_> = world.devices.iter().map(|_| reader(world, service)).collect();
        for (device, reader) in readers.iter().enumerate() {
            let shared: Arc<dyn ReadCollateral> = Arc::<FetchedCollateral>::clone(reader);
            world.revive(device, &shared);
        }
        readers
    };
    let readers = use_readers(&mut world, &service);
    world.play_all(0..=3);
    let valid = valid_marks(&world);
    assert!(valid > 0);
    assert!(readers.iter().all(|reader| reader.alarms().is_empty()));
    service.is(Mood::Status(500));
    world.play_all(4..=4);
    let bridged = valid_marks(&world);
    assert!(bridged > valid, "the cache bridges an outage");
    let readers = use_readers(&mut world, &service);
    world.play_all(5..=6);
    assert_eq!(valid_marks(&world), bridged, "without anything cached they abstain");
    no_mark_is_negative(&world);
    assert!(readers.iter().any(|reader| !reader.alarms().is_empty()), "and say why");
}
