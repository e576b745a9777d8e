//! A client fetches a layer of the lab in ranges, through the program: what the trace says of it.

use std::time::Duration;

use pullscope::pulls::BlobState;
use serde_json::Value;

use crate::client::{Route, curl};
use crate::components::available;
use crate::lab::{Lab, MIRROR};
use crate::recorder::Recorder;

const RUN: Duration = Duration::from_secs(60);

/// What the mirror answers, whose certificate curl verifies.
fn fetch(route: &Route, lab: &Lab, path: &str, args: &[&str]) -> String {
    let url = format!("https://{MIRROR}/v2/library/alpine/{path}");
    let output = lab.dir().join("fetched");
    let fixed = [
        "--fail",
        "--location",
        "--output",
        output.to_str().unwrap(),
        "-w",
        "%{http_code}",
    ];
    let args = [&fixed, args, &[url.as_str()]].concat();
    let done = curl(route, lab.dir(), &args).finish(RUN).succeeded();
    done.out
}

#[test]
fn a_layer_in_ranges_is_verified_as_one() {
    if !available(&["curl", "setpriv"]) {
        return;
    }
    for order in [[0, 1, 2], [2, 0, 1]] {
        let lab = Lab::start(&[]);
        let recorder = Recorder::start(&lab, &[]);
        let route = recorder.route();
        let accept = [
            "-H",
            "Accept: application/vnd.docker.distribution.manifest.v2+json",
        ];
        fetch(&route, &lab, "manifests/latest", &accept);
        let read = || -> Value {
            let text = std::fs::read(lab.dir().join("fetched")).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        let mut manifest = read();
        if let Some(index) = manifest["manifests"].as_array() {
            let digest = index[0]["digest"].as_str().unwrap();
            fetch(&route, &lab, &format!("manifests/{digest}"), &accept);
            manifest = read();
        }
        let layer = &manifest["layers"][0];
        let digest = layer["digest"].as_str().unwrap();
        let size = layer["size"].as_u64().unwrap();
        let ranges = [
            format!("0-{}", size / 3 - 1),
            format!("{}-{}", size / 3, size / 2),
            format!("{}-", size / 2 + 1),
        ];
        for at in order {
            let status = fetch(
                &route,
                &lab,
                &format!("blobs/{digest}"),
                &["-r", &ranges[at]],
            );
            assert_eq!(status, "206");
        }
        let trace = recorder.stop();
        let store = trace.store();
        let blobs = store.pulls().iter().flat_map(|pull| &pull.blobs);
        let mut fetched = blobs.filter(|blob| !blob.pieces.is_empty());
        let layer = fetched.find(|blob| blob.pieces.len() == 3).unwrap();
        assert_eq!(layer.digest.as_ref().unwrap().to_string(), digest);
        assert_eq!(
            (layer.state, layer.received, layer.again),
            (BlobState::Verified, size, 0)
        );
    }
}
