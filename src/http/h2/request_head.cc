// SPDX-License-Identifier: Apache-2.0
#include "http/h2/request_head.h"

#include <charconv>

#include "http/field_kind.h"
#include "http/trailers.h"

namespace sluice::http::h2 {
namespace {

constexpr std::size_t kMethodBytesMax = 32;

}  // namespace

void RequestHead::start(Request& request) {
  request_ = &request;
  request.clear();
  request.version = Version::http2;
  authority_.clear();
  path_.clear();
  cookie_.clear();
  list_bytes_ = 0;
  field_count_ = 0;
  length_.reset();
  refusal_ = 0;
  reason_ = "";
  has_authority_ = has_host_ = expects_continue_ = has_priority_ = false;
}

void RequestHead::refuse(int status, const char* reason) {
  if (refusal_ != 0) return;
  refusal_ = status;
  reason_ = reason;
}

bool RequestHead::add(std::string_view name, std::string_view value) {
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (list_bytes_ > limits_.header_list_bytes_max) {
    refuse(431, "head too large");
    return list_bytes_ <= limits_.header_list_bytes_fatal;
  }
  if (name.starts_with(':')) {
    add_pseudo(name, value);
  } else if (++field_count_ > limits_.fields_max) {
    refuse(431, "too many fields");
  } else {
    add_regular(name, value);
  }
  return true;
}

void RequestHead::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    request_->method = value;
  } else if (name == ":path") {
    path_ = value;
  } else if (name == ":authority") {
    has_authority_ = true;
    authority_ = value;
  }
  // Ignores :scheme: the connection knows it better.
}

void RequestHead::add_regular(std::string_view name, std::string_view value) {
  switch (field_kind(name)) {
    case FieldKind::host:
      if (has_host_) return refuse(400, "more than one Host");
      has_host_ = true;
      request_->host = value;
      return;
    case FieldKind::expect:
      if (!iequals(value, "100-continue")) return refuse(417, "unknown expectation");
      expects_continue_ = true;
      break;
    case FieldKind::content_length: {
      std::uint64_t length = 0;
      const char* const end = value.data() + value.size();
      const auto parsed = std::from_chars(value.data(), end, length);
      if (parsed.ec != std::errc{} || parsed.ptr != end || value.empty())
        return refuse(400, "invalid Content-Length");
      length_ = length;
      break;
    }
    case FieldKind::transfer_encoding:
    case FieldKind::connection:
    case FieldKind::upgrade:
      return refuse(400, "connection-specific field");
    case FieldKind::te:
      request_->wants_trailers = wants_trailers(value);
      break;
    case FieldKind::hop_by_hop:
    case FieldKind::other:
      break;
  }
  if (name == "cookie") return add_cookie(value);
  has_priority_ = has_priority_ || name == "priority";
  request_->headers.add(name, value);
}

// RFC 9113 section 8.2.3: joins cookie crumbs into one field, as other readers expect.
void RequestHead::add_cookie(std::string_view crumb) {
  if (!cookie_.empty()) cookie_ += "; ";
  cookie_ += crumb;
}

void RequestHead::finish() {
  if (!cookie_.empty()) request_->headers.add("cookie", cookie_);
  if (refusal_ == 431) {  // incomplete: only the parts for the log are set
    (void)request_->set_target(path_);
    return;
  }
  if (request_->method.size() > kMethodBytesMax) refuse(400, "method too long");
  if (request_->method == "CONNECT") return refuse(501, "CONNECT not implemented");
  finish_host();
  finish_target();
}

// RFC 9113 section 8.3.1: a Host that differs from :authority makes the request malformed.
void RequestHead::finish_host() {
  if (has_authority_ && has_host_ && !iequals(authority_, request_->host))
    refuse(400, "Host and :authority differ");
  if (has_authority_) request_->host = authority_;
  if (!is_host(request_->host)) refuse(400, "invalid :authority");
}

void RequestHead::finish_target() {
  if (path_.size() > limits_.target_bytes_max) return refuse(414, "target too long");
  const bool asterisk = path_ == "*" && request_->method == "OPTIONS";
  if (!asterisk && !path_.starts_with('/')) return refuse(400, "invalid :path");
  if (!request_->set_target(path_)) refuse(400, "invalid :path");
}

}  // namespace sluice::http::h2
