//! What a page watches: graphs, weights, what happened, and finding all of it.

use std::collections::{BTreeMap, BTreeSet};

use multee_gateway::serve::Config;
use serde_json::Value;

use crate::served::{Served, config, lived, served};
use crate::story::{self, played};
use crate::town::{OPERATOR, device, key};

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

#[test]
fn the_graph_of_an_epoch_has_all_its_marks() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    let mut negative = 0;
    for epoch in (0..story::EPOCHS).filter(|epoch| served.get(&format!("/v1/epochs/{epoch}")).0 == 200) {
        let graph = served.get(&format!("/v1/epochs/{epoch}/graph")).1;
        let mut expected: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
        let mut seats = BTreeSet::new();
        for block in array(&served.get(&format!("/v1/epochs/{epoch}/marks?limit=200")).1["items"]) {
            seats.insert(block["seat"].as_u64());
            for mark in array(&block["marks"]) {
                seats.insert(mark["seat"].as_u64());
                let ends = (format!("seat-{}", block["seat"]), format!("seat-{}", mark["seat"]));
                let edge = expected.entry(ends).or_default();
                if mark["mark"] == "valid" { edge.0 += 1 } else { edge.1 += 1 }
            }
        }
        let edges = array(&graph["edges"]).iter().map(|edge| {
            let count = |name: &str| edge[name].as_u64().expect("a count");
            let end = |name: &str| edge[name].as_str().expect("a node").to_owned();
            ((end("source"), end("target")), (count("positive"), count("negative")))
        });
        assert_eq!(edges.collect::<BTreeMap<_, _>>(), expected, "epoch {epoch}");
        let nodes = array(&graph["nodes"]).iter().map(|node| node["seat"].as_u64());
        assert_eq!((nodes.collect::<BTreeSet<_>>(), &graph["aggregated"]), (seats, &false.into()));
        negative += expected.values().map(|(_, negative)| negative).sum::<u64>();
    }
    assert!(negative > 20, "{negative}");
    assert_eq!(served.get("/v1/epochs/4000000000/graph").0, 404);
    assert_eq!(served.get("/v1/epochs/4000000000").0, 404);
}

#[test]
fn weights_are_those_of_the_blocks_and_of_labelled_devices_among_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let labels = [(device(3), "liars"), (device(5), "liars"), (device(1), "honest")];
    let labels = labels.map(|(id, label)| (id, label.to_owned())).into();
    let served = served(dir.path(), played(), Config { labels, ..config() });
    let weights = served.get("/v1/weights").1;
    assert_eq!(weights["labels"][device(3).to_string()], "liars");
    let epochs = array(&weights["epochs"]);
    assert!(epochs.len() > 30 && epochs.iter().map(|it| it["epoch"].as_u64()).is_sorted());
    for it in epochs {
        let epoch = &it["epoch"];
        let marks = served.get(&format!("/v1/epochs/{epoch}/marks?limit=200")).1;
        let sum = |seats: &[u64]| -> u64 {
            let of = array(&marks["items"])
                .iter()
                .filter(|block| seats.is_empty() || seats.contains(&block["seat"].as_u64().expect("a seat")));
            of.map(|block| block["weight"].as_u64().expect("a weight")).sum()
        };
        assert_eq!(it["weight"], sum(&[]), "epoch {epoch}");
        assert_eq!(it["by_label"]["liars"]["weight"].as_u64().unwrap_or(0), sum(&[3, 5]), "epoch {epoch}");
        assert_eq!(it["by_label"]["honest"]["weight"].as_u64().unwrap_or(0), sum(&[1]), "epoch {epoch}");
    }
    let share = |it: &Value| it["by_label"]["liars"]["weight"].as_u64().unwrap_or(0);
    assert!(share(&epochs[1]) > share(epochs.last().expect("some")), "who lies comes to weigh less");
}

fn found(served: &Served, q: &str) -> Vec<(String, String)> {
    let (status, hits) = served.get(&format!("/v1/search?q={q}"));
    assert_eq!(status, 200, "{q}: {hits}");
    let items = array(&hits["items"]);
    assert!(items.len() <= 20, "{q}");
    let text = |hit: &Value, name: &str| hit[name].as_str().expect("text").to_owned();
    items.iter().map(|hit| (text(hit, "kind"), text(hit, "path"))).collect()
}

#[test]
fn whatever_has_a_number_or_a_hash_is_found_by_its_beginning() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), lived(), config());
    let block = served.get("/v1/blocks/2/1").1;
    let text = |name: &str| block[name].as_str().expect("a hash").to_owned();
    let operator = format!("{:#x}", key(OPERATOR, 2).address());
    let digest = text("digest");
    for (q, kind, path) in [
        ("3", "seat", format!("/v1/devices/{}", device(3))),
        ("3", "epoch", "/v1/epochs/3".to_owned()),
        (&device(4).to_string(), "device", format!("/v1/devices/{}", device(4))),
        (&digest, "block", "/v1/blocks/2/1".to_owned()),
        (&digest[..10], "block", "/v1/blocks/2/1".to_owned()),
        (&digest[2..13].to_uppercase(), "block", "/v1/blocks/2/1".to_owned()),
        (&text("evidence_hash")[..12], "content", format!("/v1/content/{}", text("evidence_hash"))),
        (&operator, "account", format!("/v1/devices?q={operator}")),
        (&operator[..10].to_uppercase(), "account", format!("/v1/devices?q={operator}")),
    ] {
        let hits = found(&served, q);
        assert!(hits.contains(&(kind.to_owned(), path.clone())), "{q}: {kind} {path} is not in {hits:?}");
        let (status, kind, _) = served.raw("GET", &path, "");
        assert_eq!(status, 200, "{path} ({kind})");
    }
    for nothing in ["%3Cscript%3E", "hello", "0x", "%20", "99", "abc", "'%20OR%201=1", "0xfffffffffffffff1"] {
        assert_eq!(found(&served, nothing), [], "{nothing}");
    }
    for wrong in ["", "?q=", &format!("?q={}", "a".repeat(101)), "?q=1&x=2"] {
        assert_eq!(served.get(&format!("/v1/search{wrong}")).0, 400, "{wrong}");
    }
}

#[test]
fn history_is_listed_newest_first_and_filtered() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = served(dir.path(), played(), config());
    for list in ["changes", "decisions", "rewards"] {
        let all = every(&served, list, "");
        assert!(all.len() > 30, "{list}");
        let places =
            all.iter().map(|it| it["told_block"].as_u64().or(it["block"].as_u64()).expect("a block"));
        assert!(places.rev().is_sorted(), "{list}");
        for (filter, seat, epoch) in
            [("seat=3", Some(3), None), ("epoch=8", None, Some(8)), ("seat=3&epoch=4", Some(3), Some(4))]
        {
            let is_of = |it: &&Value| {
                seat.is_none_or(|seat| it["seat"] == seat) && epoch.is_none_or(|epoch| it["epoch"] == epoch)
            };
            let expected: Vec<_> = all.iter().filter(is_of).cloned().collect();
            assert!(!expected.is_empty(), "{list} {filter}");
            assert_eq!(every(&served, list, filter), expected, "{list} {filter}");
        }
        for wrong in ["seat=x", "epoch=-1", "seat=4294967296", "limit=201", "kind=x"] {
            assert_eq!(served.get(&format!("/v1/{list}?{wrong}")).0, 400, "{list} {wrong}");
        }
    }
    let decided = every(&served, "decisions", "seat=3");
    let device_3 = served.get(&format!("/v1/devices/{}?limit=200", device(3))).1;
    let steps = array(&device_3["steps"]["items"]).iter().filter(|step| !step["positive"].is_null());
    let steps = steps.map(|step| (&step["epoch"], &step["positive"], &step["negative"], &step["score"]));
    let found = decided.iter().map(|it| (&it["epoch"], &it["positive"], &it["negative"], &it["score"]));
    assert_eq!(found.collect::<Vec<_>>(), steps.collect::<Vec<_>>());
}

/// All of a list, in small parts.
fn every(served: &Served, list: &str, filter: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let (_, page) = served.get(&format!("/v1/{list}?limit=150&offset={}&{filter}", all.len()));
        all.extend(array(&page["items"]).iter().cloned());
        if page["next_offset"].is_null() {
            assert_eq!(page["total"], all.len(), "{list} {filter}");
            return all;
        }
    }
}
