//! Reading more at once than TLS asks for, and giving more at once than TLS gives.
//!
//! rustls takes 4 KiB at a time from what it reads, which is five system calls for one full
//! record. While much is coming in, [`ReadAhead`] reads up to [`AHEAD`] bytes in one. A
//! connection that rests, or on which little passes, has no buffer at all.
//!
//! What is read from TLS ends with each record; [`GatheringReader`] goes on while there is more, so that
//! what is behind it handles a few large pieces instead of many small ones.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// A stream of which bytes may have been read already.
pub(crate) struct ReadAhead<S> {
    stream: S,
    /// What has been read and not been asked for yet.
    buffer: BytesMut,
    /// Whether much is coming in.
    busy: bool,
}

impl<S> ReadAhead<S> {
    /// Reads `already` first, then the stream.
    pub(crate) fn new(stream: S, already: BytesMut) -> Self {
        Self {
            stream,
            buffer: already,
            busy: false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.buffer.is_empty() && this.busy {
            this.buffer.reserve(AHEAD);
            let read = poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.buffer);
            // What a few bytes wait for, or an end, is not worth a buffer.
            this.busy = matches!(read, Poll::Ready(Ok(count)) if count >= MUCH);
            if this.buffer.is_empty() {
                this.buffer = BytesMut::new();
            }
            ready!(read)?;
        } else if this.buffer.is_empty() {
            let room = buf.remaining();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            this.busy = room >= MUCH && buf.remaining() == 0;
            return Poll::Ready(Ok(()));
        }
        let count = this.buffer.len().min(buf.remaining());
        buf.put_slice(this.buffer.get(..count).unwrap_or_default());
        this.buffer.advance(count);
        if this.buffer.is_empty() && !this.busy {
            this.buffer = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

/// A stream that fills the buffer it is given, up to [`AHEAD`] bytes, as far as it can at once.
pub(crate) struct GatheringReader<S> {
    stream: S,
    /// An error that was met behind bytes, which come first.
    failed: Option<io::Error>,
}

impl<S> GatheringReader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            failed: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GatheringReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Err(error));
        }
        let mut before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let enough = before + AHEAD;
        while buf.filled().len() > before && buf.filled().len() < enough && buf.remaining() > 0 {
            before = buf.filled().len();
            match Pin::new(&mut this.stream).poll_read(cx, buf) {
                Poll::Ready(Err(error)) => this.failed = Some(error),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Writing goes to the stream as it is.
macro_rules! write_through {
    ($wrapper:ident) => {
        impl<S: AsyncWrite + Unpin> AsyncWrite for $wrapper<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream).poll_write(cx, buf)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                self.stream.is_write_vectored()
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_flush(cx)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_shutdown(cx)
            }
        }
    };
}

write_through!(ReadAhead);
write_through!(GatheringReader);

/// Bytes read at once while much is coming in: four full TLS records.
const AHEAD: usize = 64 * 1024;
/// A read of so many bytes says that more is coming.
const MUCH: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Counts how often it is read from.
    struct Counted<S>(S, usize);

    impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.1 += 1;
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    #[tokio::test]
    async fn bytes_keep_their_order_and_much_is_read_in_few_reads() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let (near, mut far) = tokio::io::duplex(1 << 20);
        far.write_all(&content).await.unwrap();
        drop(far);
        let mut stream = ReadAhead::new(Counted(near, 0), BytesMut::from(&b"first"[..]));
        let mut read = Vec::new();
        let mut piece = vec![0; MUCH];
        loop {
            match stream.read(&mut piece).await.unwrap() {
                0 => break,
                count => read.extend_from_slice(&piece[..count]),
            }
        }
        assert_eq!(read.strip_prefix(b"first"), Some(&*content));
        let needed = content.len() / AHEAD;
        assert!(stream.stream.1 <= needed + 4, "{} reads", stream.stream.1);
    }

    #[tokio::test]
    async fn a_resting_stream_has_no_buffer() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let mut stream = ReadAhead::new(near, BytesMut::new());
        far.write_all(&vec![7; 3 * AHEAD]).await.unwrap();
        let mut read = vec![0; 3 * AHEAD];
        for piece in read.chunks_mut(MUCH) {
            stream.read_exact(piece).await.unwrap();
        }
        let mut more = [0];
        tokio::select! {
            biased;
            _ = stream.read(&mut more) => panic!("there is nothing to read"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(stream.buffer.capacity(), 0);
        far.write_all(b"x").await.unwrap();
        stream.read_exact(&mut more).await.unwrap();
        assert_eq!((more[0], stream.buffer.capacity()), (b'x', 0));
    }
    /// Gives one byte at a time, then fails.
    struct Dribble(Vec<u8>);

    impl AsyncRead for Dribble {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.0.pop() {
                Some(byte) => buf.put_slice(&[byte]),
                None => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            }
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn pieces_are_gathered_and_an_error_comes_after_them() {
        let mut stream = GatheringReader::new(Dribble(vec![7; AHEAD + 10]));
        let mut read = vec![0; 2 * AHEAD];
        assert_eq!(stream.read(&mut read).await.unwrap(), AHEAD);
        assert_eq!(stream.read(&mut read).await.unwrap(), 10);
        let error = stream.read(&mut read).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn what_there_is_does_not_wait_for_more() {
        let (near, mut far) = tokio::io::duplex(100);
        let mut stream = GatheringReader::new(near);
        far.write_all(b"some").await.unwrap();
        let mut read = [0; 100];
        assert_eq!(stream.read(&mut read).await.unwrap(), 4);
        drop(far);
        assert_eq!(stream.read(&mut read).await.unwrap(), 0);
    }
}
