//! A socket that is heard out for a moment before it is closed, once an answer went out before its request was there.
//!
//! A socket that is closed with bytes unread resets the connection, and a reset may take the answer from a client that
//! still sends and has not read it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How long the other side is heard out.
const LINGER_TIME: Duration = Duration::from_secs(1);

/// Bytes that are heard and thrown away meanwhile.
const LINGER_BYTES: usize = 64 << 20;

/// A socket, and whether it has to be heard out.
pub struct Lingering {
    socket: TcpStream,
    answered_early: Arc<AtomicBool>,
    /// Set once this side has said that it is done.
    until: Option<Pin<Box<Sleep>>>,
    heard_bytes: usize,
}

impl Lingering {
    /// The socket is heard out when the flag is set by the time it is shut.
    pub fn new(socket: TcpStream, answered_early: Arc<AtomicBool>) -> Self {
        Self { socket, answered_early, until: None, heard_bytes: 0 }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let until = match &mut this.until {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
                if !this.answered_early.load(Ordering::Relaxed) {
                    return Poll::Ready(Ok(()));
                }
                this.until.insert(Box::pin(tokio::time::sleep(LINGER_TIME)))
            }
        };
        let mut room = [0; 16 << 10];
        while until.as_mut().poll(context).is_pending() && this.heard_bytes < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut room);
            match ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => this.heard_bytes += buffer.filled().len(),
                // The other side is done, or gone.
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
