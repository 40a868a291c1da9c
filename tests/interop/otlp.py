"""Reads TracesData of OTLP in JSON, one a line on stdin, with OpenTelemetry's own messages: every field has to be one of theirs, of its type."""
import base64
import json
import sys

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

spans = []
for line in sys.stdin:
    told = json.loads(line)
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                # ids are hexadecimal in OTLP's JSON, where protobuf's own has base64
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    read = ParseDict(told, TracesData(), ignore_unknown_fields=False)
    for resource in read.resource_spans:
        service = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                spans.append(
                    {
                        "service": service,
                        "name": span.name,
                        "trace": len(span.trace_id),
                        "id": len(span.span_id),
                        "parent": len(span.parent_span_id),
                        "ms": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
                        "status": span.status.code,
                        "attributes": {a.key: a.value.WhichOneof("value") for a in span.attributes},
                    }
                )
print(json.dumps(spans))
