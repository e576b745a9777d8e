//! Killed at any moment: what was told to be complete is in the trace.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;

use super::program::{Program, ask, server, tunnel, until};

/// How often; `PULLSCOPE_KILLS` says another number.
const KILLS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn security_24_killed_at_any_moment_it_loses_no_complete_exchange() {
    let kills = std::env::var("PULLSCOPE_KILLS").ok();
    let kills = kills.and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let (port, _server) = server().await;
    let (mut kept, mut open) = (0, 0);
    for kill in 0..kills {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::start(dir.path(), &[], port, &["--keep-blobs"]);
        let mut clients = JoinSet::new();
        for client in 0..4 {
            let address = program.address.clone();
            clients.spawn(async move {
                let mut stream = tunnel(&address).await.expect("a tunnel");
                for n in 0.. {
                    let kind = if n % 3 == 0 { "blob" } else { "json" };
                    if !ask(&mut stream, &format!("/{kind}/{client}/{n}")).await {
                        break;
                    }
                }
            });
        }
        until("the first end", || !program.complete().is_empty()).await;
        // Another moment each time, in the middle of everything.
        let pause = rand() % 300_000;
        tokio::time::sleep(Duration::from_micros(pause)).await;

        program.signal(rustix::process::Signal::KILL);
        clients.join_all().await;
        let told: HashSet<u64> = program.complete().into_iter().collect();
        let trace = program.kill_and_export();

        let entries = trace["log"]["entries"].as_array().unwrap();
        let mut whole = HashSet::new();
        for entry in entries {
            let id = entry["_pullscope"]["exchange"]["id"].as_u64();
            let ending = &entry["_pullscope"]["exchange"]["ended"][1]["result"];
            match id {
                Some(id) if ending == "complete" => drop(whole.insert(id)),
                _ => open += 1,
            }
        }
        let lost: Vec<_> = told.difference(&whole).collect();
        assert!(
            lost.is_empty(),
            "kill {kill} after {pause} µs lost {lost:?}"
        );
        kept += whole.len();
    }
    println!("{kills} kills: {kept} complete exchanges kept, none lost, {open} were open");
}

fn rand() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}
