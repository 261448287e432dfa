// Sends one prediction with a call below it through OpenTelemetry's exporters, then a span that Quiver refuses; prints
// the ids as JSON and OpenTelemetry's own warnings as they come.
import { DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, diag, trace } from "@opentelemetry/api";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const [, , http, grpc] = process.argv;
const warnings = [];
const note = (...words) => warnings.push(words.map(String).join(" "));
diag.setLogger({ error: note, warn: note, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const gzip = CompressionAlgorithm.GZIP;
const exporters = {
  json: new JsonExporter({ url: `${http}/v1/traces` }),
  "json-gzip": new JsonExporter({ url: `${http}/v1/traces`, compression: gzip }),
  protobuf: new ProtobufExporter({ url: `${http}/v1/traces` }),
  "protobuf-gzip": new ProtobufExporter({ url: `${http}/v1/traces`, compression: gzip }),
  grpc: new GrpcExporter({ url: `http://${grpc}` }),
  "grpc-gzip": new GrpcExporter({ url: `http://${grpc}`, compression: gzip }),
};

const sent = {};
for (const [name, exporter] of Object.entries(exporters)) {
  warnings.length = 0;
  // The resource names the model: what speaks of an event is one.
  const resource = resourceFromAttributes({ "service.name": "node", "quiver.model": "flight-delay" });
  const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 60_000 });
  const tracer = new NodeTracerProvider({ resource, spanProcessors: [processor] }).getTracer("test");

  const start = Date.now() - 5_000;
  const prediction = tracer.startSpan("predict", {
    startTime: start,
    attributes: {
      "quiver.version": "node-1",
      "quiver.request_type": name,
      "quiver.output": JSON.stringify({ score: 0.625 }),
      "quiver.features": JSON.stringify({ distance: 350, night: false, origin: "EWR" }),
      "feature_flag.key": "delay-model",
      "feature_flag.result.variant": "control",
    },
  });
  const call = tracer.startSpan(
    "SELECT",
    { kind: SpanKind.CLIENT, startTime: start, attributes: { "db.system.name": "postgresql" } },
    trace.setSpan(ROOT_CONTEXT, prediction),
  );
  call.end(start + 12);
  prediction.end(start + 40);
  await processor.forceFlush();
  const { traceId, spanId } = prediction.spanContext();
  const before = [...warnings];

  const bad = tracer.startSpan("predict", { attributes: { "quiver.model": "no-such-model", "quiver.score": 1 } });
  bad.setStatus({ code: SpanStatusCode.OK });
  bad.end();
  await processor.forceFlush();
  sent[name] = { id: `${traceId}-${spanId}`, before, after: [...warnings] };
  await processor.shutdown();
}

const processor = new BatchLogRecordProcessor({
  exporter: new OTLPLogExporter({ url: `${http}/v1/logs`, compression: gzip }),
});
const logger = new LoggerProvider({ processors: [processor] }).getLogger("test");
logger.emit({
  timestamp: Date.now(),
  attributes: {
    "quiver.model": "flight-delay",
    "quiver.kind": "feedback",
    "quiver.id": "node-label",
    "quiver.prediction_id": sent.json.id,
    "quiver.label": "late",
    "quiver.label_value": true,
  },
});
await processor.forceFlush();
await processor.shutdown();
console.log(JSON.stringify(sent));
