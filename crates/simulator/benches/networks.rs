//! How fast networks of many sizes are played, and how much they need: `cargo bench -p multee-simulator --bench
//! networks` plays 1,000 to 100,000 devices for 30 epochs, a third of them in collusion, on one core. With the argument
//! `-- million` a million devices follow: some minutes, and some 4 GB.

use std::time::Instant;

use multee_simulator::{Rules, Runs, Scenario, simulate};

/// The most memory that this process ever had, in bytes; `None` where the system does not tell.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

fn main() {
    let million = std::env::args().any(|argument| argument == "million");
    let sizes = [1000, 10_000, 100_000, 1_000_000];
    println!("{:>9}  {:>8}  {:>13}  {:>12}", "devices", "seconds", "device-days/s", "bytes/device");
    for devices in sizes.into_iter().take(if million { 4 } else { 3 }) {
        let scenario = Scenario { epochs_max: 30, ..Scenario::new(Rules::Multee, devices, devices / 3) };
        let start = Instant::now();
        let runs = simulate(&scenario, Runs { runs: 1, threads: 1 }, &|| ()).expect("played");
        let seconds = start.elapsed().as_secs_f64();
        let speed = runs.first().map_or(0.0, |run| run.device_days_per_s);
        // Sizes grow, so the peak is that of the last network.
        let each =
            peak_bytes().map_or("unknown".to_owned(), |bytes| (bytes / u64::from(devices)).to_string());
        println!("{devices:>9}  {seconds:>8.2}  {speed:>13.0}  {each:>12}");
    }
}
