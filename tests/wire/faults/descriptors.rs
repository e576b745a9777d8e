//! A process that runs out of file descriptors.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::net::TcpStream;

use super::program::{Program, server, tunnel};

#[tokio::test(flavor = "multi_thread")]
async fn security_24_without_file_descriptors_it_rests_and_recovers_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    let program = Program::start(dir.path(), &[], port, &["-vv"]);
    assert!(program.serves().await);
    let before = program.said().lines().count();
    // From now on there are a few more than are open, whatever it was told at its start.
    let open = descriptors(program.pid());
    let limit = Rlimit {
        current: Some(open + 12),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    let old = prlimit(Some(program.pid()), Resource::Nofile, limit).unwrap();
    let mut crowd = Vec::new();
    for n in 0..200 {
        // Half of them only connect, the others want to be served and stay.
        if n % 2 == 0 {
            crowd.push(TcpStream::connect(&program.address).await.unwrap());
        } else if let Ok(Some(stream)) =
            tokio::time::timeout(Duration::from_millis(20), tunnel(&program.address)).await
        {
            crowd.push(stream);
        }
    }

    let (cpu, began) = (cpu_seconds(program.pid()), Instant::now());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let share = (cpu_seconds(program.pid()) - cpu) / began.elapsed().as_secs_f64();
    let lines = program.said().lines().count() - before;
    println!(
        "without descriptors: {:.1} % of a core, {lines} log lines in 3 s",
        share * 100.0
    );
    assert!(share < 0.10, "{share}");
    assert!(lines < 100, "{lines} lines");

    drop(crowd);
    prlimit(Some(program.pid()), Resource::Nofile, old).unwrap();
    let freed = Instant::now();
    assert!(program.serves().await);
    println!("served again after {:?}", freed.elapsed());
    assert!(freed.elapsed() < Duration::from_secs(2) * BUSY_MACHINE);
    program.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn security_24_more_connections_than_places_wait_and_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let (port, _server) = server().await;
    // (256 - 192) / 3 = 21 places at the door.
    let program = Program::start(dir.path(), &["prlimit", "--nofile=256:256"], port, &[]);
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(&program.address).await.unwrap());
    }
    let cpu = cpu_seconds(program.pid());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let used = cpu_seconds(program.pid()) - cpu;
    assert!(used < 0.2, "{used} s of 2 s");
    assert!(descriptors(program.pid()) < 100);
    drop(crowd);
    assert!(program.serves().await);
    program.stop();
}

fn descriptors(pid: Pid) -> u64 {
    let dir = format!("/proc/{}/fd", pid.as_raw_nonzero());
    fs::read_dir(dir).unwrap().count() as u64
}

/// User and system time, from clock ticks of a hundredth of a second.
fn cpu_seconds(pid: Pid) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u32>().unwrap();
    f64::from(ticks(11) + ticks(12)) / 100.0
}

/// The goal is two seconds; other tests run at the same time.
const BUSY_MACHINE: u32 = 3;
