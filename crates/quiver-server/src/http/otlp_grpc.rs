//! OTLP over gRPC: the same as over HTTP, with the refusals that its senders take for a reason to try again.

use super::access::admit;
use super::at_work::Permit;
use super::problem::Problem;
use super::rate::Peer;
use super::{Guard, otlp};
use crate::api_key::Scope;
use crate::ingest::body::{BodyError, Taken};
use crate::ingest::budget::Held;
use axum::Router;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message;
use std::time::Duration;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The two services.
pub fn routes(guard: &Guard) -> Router {
    let limit = guard.app.limits.decoded_bytes;
    let service = Service(guard.clone());
    let traces = TraceServiceServer::new(service.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit);
    let logs = LogsServiceServer::new(service)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit);
    tonic::service::Routes::new(traces).add_service(logs).prepare().into_axum_router()
}

#[derive(Debug, Clone)]
struct Service(Guard);

impl Service {
    async fn admit(
        &self,
        metadata: &tonic::metadata::MetadataMap,
        peer: Option<Peer>,
        bytes: usize,
    ) -> Result<(Permit, Held), Problem> {
        admit(&self.0, metadata.as_ref(), peer, Scope::Ingest).await?;
        let app = &self.0.app;
        if let Some(problem) = app.closed() {
            return Err(problem);
        }
        let permit = app.at_work.begin(bytes).await?;
        let mut held = app.budget.hold();
        match held.grow(bytes) {
            true => Ok((permit, held)),
            false => Err(Problem::overloaded("other requests hold all the memory that requests may")),
        }
    }

    async fn export<M: Message>(
        &self,
        request: Request<M>,
        take: impl FnOnce(&super::App, &M) -> Result<Taken, BodyError>,
    ) -> Result<otlp::Refused, Status> {
        let (metadata, extensions, message) = request.into_parts();
        let peer = extensions.get::<Peer>().copied();
        let admitted = self.admit(&metadata, peer, message.encoded_len()).await;
        let (permit, held) = admitted.map_err(|problem| status_of(&problem))?;
        let taken = take(&self.0.app, &message).map(|taken| (taken, held, permit)).map_err(Problem::from);
        otlp::keep(&self.0.app, taken).await.map_err(|problem| status_of(&problem))
    }
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let refused = self.export(request, otlp::take_traces).await?;
        Ok(Response::new(otlp::traces_answer(refused)))
    }
}

#[tonic::async_trait]
impl LogsService for Service {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let refused = self.export(request, otlp::take_logs).await?;
        Ok(Response::new(otlp::logs_answer(refused)))
    }
}

/// The status of a refusal. Senders drop what RESOURCE_EXHAUSTED without RetryInfo refuses, so overload is UNAVAILABLE.
fn status_of(problem: &Problem) -> Status {
    let message = format!("{}: {}", problem.title, problem.detail);
    if let Some(seconds) = problem.retry_after_seconds {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(u64::from(seconds))));
        return Status::with_error_details(Code::Unavailable, message, details);
    }
    let code = match problem.status {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        413 => Code::OutOfRange,
        500.. => Code::Internal,
        _ => Code::InvalidArgument,
    };
    Status::new(code, message)
}
