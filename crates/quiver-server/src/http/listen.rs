//! Listeners: accept, TLS, HTTP/1 and HTTP/2 on one port, bounds on connections and slow heads, and a graceful end.

use super::linger::Lingering;
use super::rate::Peer;
use crate::metrics::Metrics;
use axum::Router;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Requests of one HTTP/2 connection that may be open at a time.
const STREAMS_OF_CONNECTION: u32 = 250;

/// Why a listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}: {source}; is another server running, or choose another address")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate or its key cannot be read.
    #[error("cannot use {path} for TLS: {reason}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// TLS with one certificate.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tls")
    }
}

impl Tls {
    /// Reads a certificate chain and its key, both PEM.
    ///
    /// # Errors
    /// When a file cannot be read, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, ListenError> {
        let failed = |path: &Path, reason: String| ListenError::Tls { path: path.to_owned(), reason };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)
            .map_err(|error| failed(certificate, error.to_string()))?
            .collect();
        let chain = chain.map_err(|error| failed(certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(failed(certificate, "it holds no certificate in PEM".to_owned()));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, error.to_string()))?;
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(certificate, error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(|error| failed(certificate, error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

/// An open port with what is served on it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    router: Router,
    tls: Option<Tls>,
    header_timeout: Duration,
    connections: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Listener {
    /// Opens a port.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        router: Router,
        tls: Option<Tls>,
        header_timeout: Duration,
        connections: Arc<Semaphore>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, source })?;
        Ok(Self { socket, router, tls, header_timeout, connections, metrics })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stopping` says so; then takes no more connections and waits for the open requests, so long.
    pub async fn run(self, mut stopping: watch::Receiver<bool>, drain: Duration) {
        let graceful = GracefulShutdown::new();
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.header_timeout).max_buf_size(64 << 10);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_OF_CONNECTION)
            .max_header_list_size(64 << 10)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        loop {
            // A place is taken before a connection is: who finds none waits in the system's queue.
            let place = tokio::select! {
                place = Arc::clone(&self.connections).acquire_owned() => place,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            let Ok(place) = place else { break };
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule: others will be closed.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let inner = TowerToHyperService::new(self.router.clone());
            let asked = Arc::new(AtomicBool::new(false));
            let answered_early = Arc::new(AtomicBool::new(false));
            let (head_came, ends_early) = (Arc::clone(&asked), Arc::clone(&answered_early));
            let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                head_came.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(Peer(peer.ip()));
                let (answer, ends_early) = (inner.call(request), Arc::clone(&ends_early));
                async move {
                    let answer = answer.await;
                    let ends = |answer: &axum::response::Response| {
                        answer.headers().get(hyper::header::CONNECTION).is_some_and(|value| value == "close")
                    };
                    ends_early.fetch_or(answer.as_ref().is_ok_and(ends), Ordering::Relaxed);
                    answer
                }
            });
            let (builder, watcher, tls) = (builder.clone(), graceful.watcher(), self.tls.clone());
            let (metrics, timeout) = (Arc::clone(&self.metrics), self.header_timeout);
            tokio::spawn(async move {
                metrics.connections.inc();
                let served = async {
                    // Until the first byte nothing else watches the time.
                    let first = tokio::time::timeout(timeout, stream.peek(&mut [0; 1])).await;
                    if !matches!(first, Ok(Ok(1..))) {
                        return Err("it sent nothing in time".to_owned());
                    }
                    let stream = Lingering::new(stream, answered_early);
                    match tls {
                        None => {
                            let connection = builder.serve_connection(TokioIo::new(stream), service);
                            let served = watcher.watch(connection.into_owned());
                            served_if_asked(served, &asked, timeout).await
                        }
                        Some(Tls(acceptor)) => {
                            let handshake = tokio::time::timeout(timeout, acceptor.accept(stream)).await;
                            let stream = handshake.map_err(|_| "the TLS handshake took too long".to_owned())?;
                            let stream = stream.map_err(|error| error.to_string())?;
                            let connection = builder.serve_connection(TokioIo::new(stream), service);
                            let served = watcher.watch(connection.into_owned());
                            served_if_asked(served, &asked, timeout).await
                        }
                    }
                };
                if let Err(error) = served.await {
                    tracing::debug!(error, "a connection ended early");
                }
                metrics.connections.dec();
                drop(place);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
    }
}

/// Serves a connection, and ends it when no request is there in time. Over HTTP/1 the library sees to that by itself,
/// but neither for the preface of HTTP/2 nor for a connection that says nothing behind it.
async fn served_if_asked<E: std::fmt::Display>(
    served: impl Future<Output = Result<(), E>>,
    asked: &AtomicBool,
    timeout: Duration,
) -> Result<(), String> {
    let mut served = std::pin::pin!(served);
    match tokio::time::timeout(timeout, served.as_mut()).await {
        Ok(served) => served.map_err(|error| error.to_string()),
        Err(_) if !asked.load(Ordering::Relaxed) => Err("it asked for nothing in time".to_owned()),
        Err(_) => served.await.map_err(|error| error.to_string()),
    }
}
