//! Content that is fetched in ranges: its digest over the ranges put together.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use pullscope::exchange::{Body, Ending, Side};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::rig::{HOST, Rig, Script, Turn, answer, ending, read_head};

const SIZE: usize = 3_000_000;
const THIRD: usize = SIZE / 3;

fn content() -> Vec<u8> {
    (0..SIZE).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// The answer for bytes up to the end, of which these come.
fn partial(from: usize, to: usize, came: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Type: application/octet-stream\r\n\
         Content-Range: bytes {from}-{}/{SIZE}\r\nContent-Length: {}\r\n\r\n",
        to - 1,
        to - from
    );
    [head.as_bytes(), came].concat()
}

/// A request for a blob, whose signature is another each time, as a registry makes it.
fn request(name: &str, from: usize) -> String {
    format!(
        "GET /data/{name}?sig={from} HTTP/1.1\r\nHost: {HOST}\r\nRange: bytes={from}-\r\n\
         Connection: close\r\n\r\n"
    )
}

async fn fetch(rig: &mut Rig, name: &str, from: usize, bytes: &[u8]) -> Body {
    rig.set_script(answer(&partial(from, from + bytes.len(), bytes)));
    let got = rig.exchange(request(name, from).as_bytes()).await;
    assert!(got.ends_with(bytes));
    let exchange = rig.ended().await;
    assert_eq!(ending(&exchange), &Ending::Complete);
    exchange.response_body.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_in_any_order_are_hashed_as_one() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    for wrong in [None, Some(0), Some(THIRD + 7), Some(SIZE - 1)] {
        let mut sent = content.clone();
        if let Some(wrong) = wrong {
            sent[wrong] ^= 1;
        }
        let order = [2 * THIRD, 0, THIRD];
        let mut told = Vec::new();
        for from in order {
            let body = fetch(&mut rig, &right, from, &sent[from..from + THIRD]).await;
            assert_eq!(body.sha256, Some(sha256(&sent[from..from + THIRD])));
            told.push(body.assembled_sha256);
        }
        assert_eq!(told, [None, None, Some(sha256(&sent))], "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_that_come_at_the_same_time_are_hashed_as_one() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    let mut streams = Vec::new();
    for from in [2 * THIRD, 0, THIRD] {
        let bytes = &content[from..from + THIRD];
        rig.set_script(answer(&partial(from, from + THIRD, bytes)));
        let mut stream = rig.tls().await;
        stream
            .write_all(request(&right, from).as_bytes())
            .await
            .unwrap();
        read_head(&mut stream).await;
        streams.push((stream, bytes));
    }
    for at in (0..THIRD).step_by(THIRD / 10) {
        for (stream, bytes) in &mut streams {
            let mut got = vec![0; THIRD / 10];
            stream.read_exact(&mut got).await.unwrap();
            assert!(got == bytes[at..at + THIRD / 10]);
        }
    }
    drop(streams);
    let recorded = rig.recorded(|recorded| recorded.ended() == 3).await;
    let bodies = recorded
        .exchanges
        .into_iter()
        .filter_map(|exchange| exchange.response_body);
    let told: Vec<_> = bodies.filter_map(|body| body.assembled_sha256).collect();
    assert_eq!(told, [right]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_without_an_end_that_is_cut_off_counts_as_far_as_it_came() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    // More than its share comes before the client closes.
    let more = THIRD + 200_000;
    for from in [0, THIRD] {
        let answer = partial(from, SIZE, &content[from..from + more]);
        rig.set_script(Script::AnswerAndStay(vec![Turn { body: 0, answer }]));
        let mut stream = rig.tls().await;
        let asked = request(&right, from);
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut share = vec![0; THIRD];
        stream.read_exact(&mut share).await.unwrap();
        drop(stream);
        let exchange = rig.ended().await;
        let by_client = matches!(
            ending(&exchange),
            Ending::Aborted {
                by: Side::Client,
                ..
            }
        );
        assert!(by_client, "{:?}", exchange.ended);
        let body = exchange.response_body.unwrap();
        assert_eq!((body.complete, body.assembled_sha256), (false, None));
    }
    let body = fetch(&mut rig, &right, 2 * THIRD, &content[2 * THIRD..]).await;
    assert_eq!(body.assembled_sha256, Some(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_broke_off_is_verified_with_its_rest() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
    rig.set_script(answer(&[whole.as_bytes(), &content[..THIRD]].concat()));
    rig.exchange(request(&right, 0).as_bytes()).await;
    let body = rig.ended().await.response_body.unwrap();
    assert_eq!((body.size, body.assembled_sha256), (THIRD as u64, None));
    let body = fetch(&mut rig, &right, THIRD, &content[THIRD..]).await;
    assert_eq!(body.assembled_sha256, Some(right));
}

/// Several ranges in one answer, as servers write it.
fn several(content: &[u8], ranges: &[(usize, usize)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (from, to) in ranges {
        let last = to - 1;
        let head = format!(
            "\r\n--of a kind\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {from}-{last}/{SIZE}\r\n\r\n"
        );
        body.extend([head.as_bytes(), &content[*from..*to]].concat());
    }
    body.extend(b"\r\n--of a kind--\r\n");
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\n\
         Content-Type: multipart/byteranges; boundary=\"of a kind\"\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_ranges_in_one_answer_are_hashed_where_they_belong() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    for wrong in [None, Some(3), Some(SIZE - 1)] {
        let mut sent = content.clone();
        if let Some(wrong) = wrong {
            sent[wrong] ^= 1;
        }
        let first = [(2 * THIRD, SIZE), (0, 10)];
        rig.set_script(answer(&several(&sent, &first)));
        rig.exchange(request(&right, 0).as_bytes()).await;
        let body = rig.ended().await.response_body.unwrap();
        assert_eq!((body.complete, body.assembled_sha256), (true, None));
        let came = |ranges: &[(usize, usize)]| -> Vec<(u64, u64)> {
            let ranges = ranges.iter();
            ranges
                .map(|(from, to)| (*from as u64, *to as u64))
                .collect()
        };
        assert_eq!(body.parts, came(&first));
        let body = fetch(&mut rig, &right, THIRD, &sent[THIRD..2 * THIRD]).await;
        assert_eq!((body.assembled_sha256, body.parts), (None, Vec::new()));
        let rest = [(10, 11), (11, THIRD)];
        rig.set_script(answer(&several(&sent, &rest)));
        rig.exchange(request(&right, 10).as_bytes()).await;
        let body = rig.ended().await.response_body.unwrap();
        assert_eq!(body.parts, came(&rest));
        assert_eq!(body.assembled_sha256, Some(sha256(&sent)), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_ranges_that_are_cut_off_count_as_far_as_they_came() {
    let content = content();
    let right = sha256(&content);
    let mut rig = Rig::start(answer(b"")).await;
    let whole = several(&content, &[(0, THIRD), (THIRD, SIZE)]);
    let cut = whole.len() - THIRD;
    rig.set_script(answer(&whole[..cut]));
    rig.exchange(request(&right, 0).as_bytes()).await;
    let body = rig.ended().await.response_body.unwrap();
    let [(0, first), (second, end)] = body.parts[..] else {
        panic!("{:?}", body.parts);
    };
    assert_eq!((first, second), (THIRD as u64, THIRD as u64));
    assert!(end < SIZE as u64 && end > 2 * THIRD as u64 - 200, "{end}");
    let from = usize::try_from(end).unwrap();
    let body = fetch(&mut rig, &right, from, &content[from..]).await;
    assert_eq!(body.assembled_sha256, Some(right));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_digests_are_not_wanted_none_is_put_together() {
    let content = content();
    let mut rig = Rig::with(answer(b""), |settings| settings.hash = false).await;
    for from in [0, THIRD, 2 * THIRD] {
        let body = fetch(&mut rig, "x", from, &content[from..from + THIRD]).await;
        assert_eq!((body.sha256, body.assembled_sha256), (None, None));
    }
}
