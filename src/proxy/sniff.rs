//! What a client speaks in a tunnel, told from its first bytes.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

use super::read_ahead::ReadAhead;

/// What the first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// A TLS handshake record.
    Tls,
    /// An HTTP/1.x request.
    Http,
    /// Anything else.
    Opaque,
    /// Nothing came before the end, or before the deadline.
    Silence,
}

/// Reads until the kind of speech is certain; what was read is put back in front.
///
/// # Errors
/// When reading fails.
pub(crate) async fn sniff<S: AsyncRead + Unpin>(
    mut stream: S,
    already: Bytes,
    limit: Duration,
) -> io::Result<(Speech, ReadAhead<S>)> {
    let mut prefix = BytesMut::from(already.as_ref());
    let work = async {
        loop {
            if let Some(speech) = classify(&prefix) {
                return io::Result::Ok(speech);
            }
            if stream.read_buf(&mut prefix).await? == 0 {
                return Ok(if prefix.is_empty() {
                    Speech::Silence
                } else {
                    Speech::Opaque
                });
            }
        }
    };
    let speech = match timeout(limit, work).await {
        Ok(speech) => speech?,
        // A record or a request line that dribbles is not passed on unread for its slowness.
        Err(_) => Speech::Silence,
    };
    Ok((speech, ReadAhead::new(stream, prefix)))
}

/// `None` while more bytes are needed.
pub(super) fn classify(bytes: &[u8]) -> Option<Speech> {
    match bytes {
        [] | [0x16] | [0x16, 3] | [0x16, 3, _] | [0x16, 3, _, _] => None,
        [0x16, 3, ..] => Some(Speech::Tls),
        _ => {
            // A later space tells nothing: what dribbles is told by then.
            let start = bytes.get(..bytes.len().min(LONGEST_METHOD));
            let start = start.unwrap_or_default();
            let space = start.iter().position(|&b| b == b' ');
            let method = start
                .get(..space.unwrap_or(start.len()))
                .unwrap_or_default();
            let letters = !method.is_empty() && method.iter().all(u8::is_ascii_uppercase);
            match space {
                Some(_) if letters => Some(Speech::Http),
                None if letters && bytes.len() < LONGEST_METHOD => None,
                _ => Some(Speech::Opaque),
            }
        }
    }
}

/// Letters after which a first word is no HTTP method any more.
const LONGEST_METHOD: usize = 24;

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn speech_is_told_from_enough_bytes_and_no_fewer() {
        assert_eq!(classify(b"\x16\x03\x01\x02"), None);
        assert_eq!(classify(b"\x16\x03\x01\x02\x00"), Some(Speech::Tls));
        assert_eq!(classify(b"\x16\x04"), Some(Speech::Opaque));
        assert_eq!(classify(b"GE"), None);
        assert_eq!(classify(b"GET "), Some(Speech::Http));
        assert_eq!(classify(b"SSH-2.0"), Some(Speech::Opaque));
        let long = [b'A'; LONGEST_METHOD + 6];
        assert_eq!(classify(&long), Some(Speech::Opaque));
        assert_eq!(
            classify(&[&long[..], b" / "].concat()),
            Some(Speech::Opaque)
        );
        assert_eq!(classify(b"\0"), Some(Speech::Opaque));
    }

    #[tokio::test]
    async fn a_dribbled_record_is_recognised_and_nothing_is_lost() {
        let (ours, mut theirs) = tokio::io::duplex(100);
        let dribble = async {
            for byte in b"\x16\x03\x01\x02\x00rest" {
                theirs.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            theirs.shutdown().await.unwrap();
        };
        let limit = Duration::from_secs(5);
        let ((), sniffed) = tokio::join!(dribble, sniff(ours, Bytes::new(), limit));
        let (speech, mut stream) = sniffed.unwrap();
        assert_eq!(speech, Speech::Tls);
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"\x16\x03\x01\x02\x00rest");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_at_the_deadline() {
        let (ours, _theirs) = tokio::io::duplex(100);
        let (speech, _) = sniff(ours, Bytes::new(), Duration::from_secs(1))
            .await
            .unwrap();
        assert_eq!(speech, Speech::Silence);
    }
}
