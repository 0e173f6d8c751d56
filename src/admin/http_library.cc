// SPDX-License-Identifier: Apache-2.0
#include "admin/http_library.h"

namespace sluice::admin {

Result<void> read_pieces(const httplib::ContentReader& reader, const TakePiece& take,
                         std::size_t drain_bytes_max) {
  Result<void> taken;
  std::size_t dropped = 0;
  const bool whole = reader([&](const char* data, std::size_t size) {
    if (taken) {
      taken = take({data, size});
    } else {
      dropped += size;
    }
    return dropped <= drain_bytes_max;
  });
  if (taken && !whole) return fail(ErrorKind::closed, "the body ends in the middle");
  return taken;
}

Result<std::string> read_body(const httplib::ContentReader& reader, std::size_t bytes_max) {
  std::string body;
  SLUICE_CHECK(read_pieces(reader, [&](std::string_view piece) -> Result<void> {
    if (body.size() + piece.size() > bytes_max) {
      body = {};
      return fail(ErrorKind::too_large,
                  "the body is over " + std::to_string(bytes_max >> 20) + " MiB");
    }
    body += piece;
    return {};
  }));
  return body;
}

void drop_body(const httplib::ContentReader& reader, std::size_t bytes_max) {
  (void)read_pieces(
      reader, [](std::string_view) { return fail(ErrorKind::closed, ""); }, bytes_max);
}

namespace {

// Makes `stream` write its whole body in one call of the library.
bool pump(const Stream& stream, httplib::DataSink& sink) try {
  const bool whole = stream([&sink](std::string_view piece) {
    return sink.is_writable() && (piece.empty() || sink.write(piece.data(), piece.size()));
  });
  if (whole) sink.done();
  return whole;
} catch (const std::exception&) {
  return false;
}

}  // namespace

void write(const Response& response, httplib::Response& out) {
  out.status = response.status;
  if (!response.allow.empty()) out.set_header("Allow", response.allow);
  if (response.status == 401) {
    out.set_header("WWW-Authenticate", R"(Basic realm="sluice", charset="UTF-8")");
  }
  if (response.retry_after_seconds > 0)
    out.set_header("Retry-After", std::to_string(response.retry_after_seconds));
  if (!response.stream) {
    if (!response.body.empty()) out.set_content(response.body, response.content_type);
    return;
  }
  out.set_chunked_content_provider(
      response.content_type, [stream = response.stream](std::size_t, httplib::DataSink& sink) {
        return pump(stream, sink);
      });
}

}  // namespace sluice::admin
