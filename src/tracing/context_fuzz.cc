// SPDX-License-Identifier: Apache-2.0
// The context of a trace in the fields of a request: any fields, then the one that is sent on.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "base/utf8.h"
#include "http/headers.h"
#include "tracing/context.h"
#include "tracing/span.h"

namespace {

using namespace sluice::tracing;

void require(bool holds) {
  if (!holds) std::abort();
}

// Requires that the next one reads the context that is written.
void require_passed_on(sluice::http::Headers headers, const Incoming& in, HeaderFormat format) {
  const Outgoing out{in.given.trace ? in.given.trace : TraceId{1, 2}, 3,
                     in.given.sampled.value_or(false), in.b3, in.b3_fields};
  write_context(headers, out);
  const Incoming again = read_context(headers, format);
  require(again.given == Given{out.trace, out.span, out.sampled});
  remove_context(headers);
  require(read_context(headers, format).given == Given());
}

}  // namespace

// A line is a field: name:value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string bounded = bounded_text(text, 64);
  require(bounded.size() <= 64 && sluice::is_utf8(bounded));
  sluice::http::Headers headers;
  while (!text.empty()) {
    std::string_view line = sluice::take_until(text, '\n');
    const std::string_view name = sluice::take_until(line, ':');
    headers.add(name, line);
  }
  for (const HeaderFormat format : {HeaderFormat::trace_context, HeaderFormat::b3}) {
    const Incoming in = read_context(headers, format);
    require(static_cast<bool>(in.given.trace) == (in.given.span != 0));
    require(in.tracestate.empty() || (in.by_traceparent && is_tracestate(in.tracestate)));
    require(in.tracestate.size() <= kTracestateBytesMax);
    require_passed_on(headers, in, format);
  }
  return 0;
}
