//! The article's four pulls, asked again of the lab through pullscope, and printed as the article
//! prints them.

use std::fs;

use crate::components::available;
use crate::image::sha256;
use crate::lab::Lab;
use crate::lines::{self, Comparison};
use crate::raw_client::Client;
use crate::recorder::{Recorder, pullscope};

#[test]
fn a_live_run_is_printed_as_the_article_prints_it() {
    if !available(&["setpriv"]) {
        return;
    }
    let lab = Lab::start(&[]);
    // The article prints tokens whole.
    let recorder = Recorder::start(&lab, &["--keep-secrets"]);
    let route = recorder.route();
    let client = Client::new(&route.proxy, route.trust.as_ref().unwrap());
    let mut comparison = Comparison::default();
    let mut on_the_wire = Vec::new();
    for (name, count) in [("dockerhub", 6), ("mirror", 5), ("gcr", 10), ("quay", 7)] {
        let captured = lines::captured(name);
        assert_eq!(captured.len(), count);
        comparison.another_pull();
        for (exchange, number) in captured.iter().zip(1..) {
            let what = format!("{name}, exchange {number}");
            let request = &exchange["request"];
            let url = comparison.translate(request["url"].as_str().unwrap());
            let (host, path) = url
                .strip_prefix("https://")
                .unwrap()
                .split_once('/')
                .unwrap();
            let head = lines::request(request, &format!("/{path}"), &comparison, "\r\n");
            let answer = printed(&client.send(host, format!("{head}\r\n").as_bytes()));
            on_the_wire.push(lines::request(request, &url, &comparison, "\n"));
            on_the_wire.push(answer.clone());
            let answer: Vec<_> = answer.lines().collect();
            comparison.answer(&exchange["response"], &answer, &what);
        }
    }
    comparison.assert_all_needed();

    let folder = recorder.dir().to_owned();
    recorder.stop();
    let args = "export trace.har --format http --keep-secrets -o article.txt";
    let args: Vec<_> = args.split(' ').collect();
    pullscope(&folder, &args).succeeded();
    let exported = fs::read_to_string(folder.join("article.txt")).unwrap();
    let expected = on_the_wire.join("\n");
    for (number, (is, was)) in exported.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, was, "line {}", number + 1);
    }
    assert_eq!(exported, expected);
}

/// An answer in the article's way: content that is no text is one line.
fn printed(answer: &[u8]) -> String {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let mut printed = std::str::from_utf8(head).unwrap().replace("\r\n", "\n");
    printed.push('\n');
    let field = |name: &str| {
        let field = printed.lines().filter_map(|line| line.split_once(": "));
        field
            .clone()
            .find(|(is, _)| *is == name)
            .map(|(_, value)| value.to_owned())
    };
    assert_eq!(field("Content-Length"), Some(body.len().to_string()));
    if let Some(digest) = field("Docker-Content-Digest") {
        // A redirect to a blob has the blob's digest.
        let is_content = printed.starts_with("HTTP/1.1 200");
        assert_eq!(digest == sha256(body), is_content, "{printed}");
    }
    let content = match std::str::from_utf8(body) {
        Ok("") => return printed,
        Ok(text) => text.strip_suffix('\n').unwrap_or(text).to_owned(),
        Err(_) => format!("[{} bytes, {}]", body.len(), sha256(body)),
    };
    format!("{printed}\n{content}\n")
}
