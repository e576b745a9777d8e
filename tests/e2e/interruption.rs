//! What is left of a capture that was killed, asked to end, or ran out of disk.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{curl, skopeo};
use crate::components::available;
use crate::image::{Blob, sha256};
use crate::process::Process;
use crate::recorder::Recorder;
use crate::registry;
use crate::site::{NEEDS, REPOSITORY, Site, reference};

/// More than all the socket buffers on the way hold, so that a slow reader holds it up.
const LARGE: usize = 64 << 20;
const RUN: Duration = Duration::from_secs(60);

#[test]
fn a_killed_capture_keeps_what_was_complete_and_marks_what_was_open() {
    if !available(NEEDS) || !available(&["root", "curl", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let large = Large::store(&site);
    let mut recorder = Recorder::start(&site, &[]);
    let slow = large.fetch(&site, &recorder, "1M");
    recorder.until("the slow transfer", |events| large.begun(events));
    let image = format!("docker://{}", reference());
    let copy = format!("dir:{}", site.dir().join("copy").display());
    skopeo(&recorder.route(), site.dir(), &["copy", &image, &copy]).succeeded();
    let blobs: Vec<_> = site.image.blobs().map(|blob| &*blob.digest).collect();
    let complete = recorder.until("the end of the pull", |events| {
        let complete = complete(events);
        let ended = |digest: &&str| complete.iter().any(|(_, url)| url.ends_with(*digest));
        blobs.iter().all(ended).then_some(complete)
    });

    let trace = recorder.kill_and_export();

    slow.finish(RUN).failed();
    let mut unbroken: Vec<_> = trace
        .entries()
        .into_iter()
        .filter(|entry| entry.error().is_none())
        .map(|entry| (entry.method().to_owned(), entry.url().to_owned()))
        .collect();
    for exchange in complete {
        let position = unbroken.iter().position(|entry| *entry == exchange);
        let position = position.unwrap_or_else(|| panic!("{exchange:?} is lost"));
        unbroken.swap_remove(position);
    }
    let open = trace.find("open transfer", |entry| entry.url() == large.url);
    assert_eq!(
        open.error(),
        Some("capture ended before the response completed")
    );
    assert_eq!(open.status(), 200);
}

#[test]
fn a_transfer_that_ends_within_the_drain_time_is_whole() {
    if !available(NEEDS) || !available(&["curl"]) {
        return;
    }
    let site = Site::start();
    let large = Large::store(&site);
    let mut recorder = Recorder::start(&site, &["--drain", "50"]);
    let fetched = site.dir().join("fetched");
    let slow = large.fetch(&site, &recorder, "20M");
    recorder.until("the transfer", |events| large.begun(events));

    recorder.terminate();

    slow.finish(RUN).succeeded();
    assert_eq!(sha256(&std::fs::read(fetched).unwrap()), large.blob.digest);
    let trace = recorder.stopped().trace;
    let entry = trace.find("the transfer", |entry| entry.url() == large.url);
    assert_eq!(entry.error(), None);
    assert!(entry.carried(&large.blob), "{entry:?}");
}

#[test]
fn a_transfer_that_outlasts_the_drain_time_is_cut_and_said_to_be() {
    if !available(NEEDS) || !available(&["curl"]) {
        return;
    }
    let site = Site::start();
    let large = Large::store(&site);
    let mut recorder = Recorder::start(&site, &["--drain", "1"]);
    let slow = large.fetch(&site, &recorder, "1M");
    recorder.until("the slow transfer", |events| large.begun(events));

    let asked = Instant::now();
    recorder.interrupt();

    let trace = recorder.stopped().trace;
    assert!(asked.elapsed() < Duration::from_secs(10));
    // The cut is never passed off as an end.
    slow.finish(RUN).failed();
    let entry = trace.find("the transfer", |entry| entry.url() == large.url);
    assert!(entry.error().is_some(), "{entry:?}");
    assert_eq!(entry.status(), 200);
}

#[test]
fn a_full_disk_costs_records_but_no_pull() {
    if !available(NEEDS) || !available(&["root", "skopeo"]) {
        return;
    }
    let site = Site::start();
    let mut recorder = Recorder::start_on_small_disk(&site, 64 << 10);
    let image = format!("docker://{}", reference());
    for pull in 0..8 {
        let copy = site.dir().join(format!("copy-{pull}"));
        let target = format!("dir:{}", copy.display());
        skopeo(&recorder.route(), site.dir(), &["copy", &image, &target]).succeeded();
        let manifest = std::fs::read(copy.join("manifest.json")).unwrap();
        assert_eq!(sha256(&manifest), site.image.manifest.digest);
    }
    recorder.said("the loss", |text| text.contains("No space left on device"));
    recorder.terminate();
    let stopped = recorder.stopped();
    assert!(
        stopped.finished.err.contains("not recorded"),
        "{}",
        stopped.finished.err
    );
}

/// A blob that takes a while, and where it is.
struct Large {
    blob: Blob,
    url: String,
}

impl Large {
    fn store(site: &Site) -> Self {
        let blob = Blob::new(vec![0; LARGE]);
        site.registry.store_blob(REPOSITORY, &blob);
        Self {
            url: format!(
                "https://{}/v2/{REPOSITORY}/blobs/{}",
                registry::HOST,
                blob.digest
            ),
            blob,
        }
    }

    /// Fetches it into `fetched`, at this many bytes a second (curl's notation).
    fn fetch(&self, site: &Site, recorder: &Recorder, rate: &str) -> Process {
        let scope = format!("repository:{REPOSITORY}:pull");
        let token = site.auth.signer.token("curl", &[scope]);
        let fetched = site.dir().join("fetched");
        let args = [
            "--limit-rate",
            rate,
            "--output",
            fetched
                .to_str()
                .expect("temporary folders have plain names"),
            "--header",
            &format!("Authorization: Bearer {token}"),
            &self.url,
        ];
        curl(&recorder.route(), site.dir(), &args)
    }

    /// Whether its response head has passed.
    fn begun(&self, events: &[Value]) -> Option<()> {
        let request = events
            .iter()
            .find(|event| event["request"]["url"] == *self.url)?;
        events
            .iter()
            .any(|event| event["event"] == "response_head" && event["id"] == request["id"])
            .then_some(())
    }
}

/// Method and URL of every exchange that has ended as it should.
fn complete(events: &[Value]) -> Vec<(String, String)> {
    let whole = |event: &&Value| {
        event["event"] == "ended" && event["end"]["ending"]["result"] == "complete"
    };
    let request = |end: &Value| {
        let request = events
            .iter()
            .find(|event| event["event"] == "request_head" && event["id"] == end["id"])?;
        let url = request["request"]["url"].as_str()?;
        let head = request["request"]["head"].as_str()?;
        let (method, _) = head.split_once(' ')?;
        Some((method.to_owned(), url.to_owned()))
    };
    events.iter().filter(whole).filter_map(request).collect()
}
