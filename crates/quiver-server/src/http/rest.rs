//! Hears the rest of a body that a refusal left unread, so far as it is short, so that the connection stays usable;
//! where it is not, the answer says that the connection ends.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// So much of a rest is read; opening a connection anew costs about as much.
const REST_BYTES: usize = 256 << 10;

/// A rest is waited for so long.
const REST_TIME: Duration = Duration::from_millis(500);

/// Reads a short rest of the body after the answer is known, or ends the connection with the answer. Over HTTP/2 a
/// request has a stream of its own, which ends alone.
pub async fn hear_out(request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Who waits for `100 Continue` has sent nothing yet, and would be asked to by reading.
    let waits = request.headers().contains_key(header::EXPECT);
    let given_back = Arc::new(Mutex::new(None));
    let lent = Arc::clone(&given_back);
    let request = request.map(|body| Body::new(Lent { body, ended: false, given_back: lent }));
    let mut response = next.run(request).await;
    let rest = given_back.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest
        && (waits || !read_out(rest).await)
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads to the end, within bounds; says whether it was reached.
async fn read_out(mut rest: Body) -> bool {
    let reading = async {
        let mut bytes = 0;
        while let Some(frame) = rest.frame().await {
            let Ok(frame) = frame else { return false };
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > REST_BYTES {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(REST_TIME, reading).await.unwrap_or(false)
}

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Body,
    ended: bool,
    given_back: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.ended |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.ended && !self.body.is_end_stream() {
            let body = std::mem::take(&mut self.body);
            *self.given_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
