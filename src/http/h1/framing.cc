// SPDX-License-Identifier: Apache-2.0
#include "http/h1/framing.h"

#include <charconv>
#include <limits>

#include "http/chars.h"
#include "http/headers.h"

namespace sluice::http::h1 {
namespace {

// Each named option is searched for among all fields. The bound limits the work per request.
constexpr int kNamedOptionsMax = 32;
constexpr auto kLengthMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Returns the fault of a Transfer-Encoding that is not exactly "chunked" (RFC 9112 section 6.1).
Fault transfer_encoding_fault(std::string_view value) {
  bool after_chunked = false;
  bool any = false;
  const bool ends_with_comma = value.ends_with(',');
  while (!value.empty()) {
    const std::string_view coding = trim_ows(take_until(value, ','));
    if (!is_token(coding) || after_chunked) return {400, "invalid Transfer-Encoding"};
    after_chunked = iequals(coding, "chunked");
    any = true;
  }
  if (!any || ends_with_comma) return {400, "invalid Transfer-Encoding"};
  return {501, "transfer coding not implemented"};
}

}  // namespace

void HeadFraming::reset(Version version) {
  version_ = version;
  length_.reset();
  chunked_ = close_ = keep_alive_ = upgrade_named_ = false;
  named_count_ = 0;
  named_.clear();
  upgrade_.clear();
}

Fault HeadFraming::add(FieldKind kind, std::string_view value) {
  switch (kind) {
    case FieldKind::content_length:
      return add_length(value);
    case FieldKind::transfer_encoding:
      return add_transfer_encoding(value);
    case FieldKind::connection:
      return add_connection(value);
    case FieldKind::upgrade:
      if (!upgrade_.empty()) upgrade_ += ", ";
      upgrade_ += value;
      return {};
    default:
      return {};
  }
}

// RFC 9112 section 6.3 allows equal lengths to be merged. They are refused, since other parsers
// differ.
Fault HeadFraming::add_length(std::string_view value) {
  if (chunked_) return {400, "both Content-Length and Transfer-Encoding"};
  if (length_) return {400, "more than one Content-Length"};
  if (value.empty() || !is_digit(value.front())) return {400, "invalid Content-Length"};
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, length);
  if (parsed.ec != std::errc{} || parsed.ptr != end || length > kLengthMax) {
    return {400, "invalid Content-Length"};
  }
  length_ = length;
  return {};
}

Fault HeadFraming::add_transfer_encoding(std::string_view value) {
  if (version_ == Version::http10) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (length_) return {400, "both Content-Length and Transfer-Encoding"};
  if (chunked_) return {400, "more than one Transfer-Encoding"};
  if (!iequals(value, "chunked")) return transfer_encoding_fault(value);
  chunked_ = true;
  return {};
}

Fault HeadFraming::add_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = trim_ows(take_until(value, ','));
    if (option.empty()) continue;
    if (const Fault fault = add_option(option)) return fault;
  }
  return {};
}

Fault HeadFraming::add_option(std::string_view option) {
  if (iequals(option, "keep-alive")) {
    keep_alive_ = true;
  } else if (iequals(option, "close")) {
    close_ = true;
  } else if (iequals(option, "upgrade")) {
    upgrade_named_ = true;
  } else if (!is_token(option)) {
    return {400, "invalid Connection"};
  } else if (++named_count_ > kNamedOptionsMax) {
    return {400, "too many options in Connection"};
  } else if (field_kind(option) == FieldKind::other) {
    named_.append(option).push_back(',');
  }
  return {};
}

void HeadFraming::remove_named(Headers& headers) const {
  for (std::string_view rest = named_; !rest.empty();) headers.remove(take_until(rest, ','));
}

std::unique_ptr<Headers> without_named(const HeadFraming& framing,
                                       std::unique_ptr<Headers> trailers) {
  if (!trailers) return nullptr;
  framing.remove_named(*trailers);
  return trailers->empty() ? nullptr : std::move(trailers);
}

std::string_view HeadFraming::upgrade() const {
  return upgrade_named_ && version_ == Version::http11 ? std::string_view(upgrade_) : "";
}

}  // namespace sluice::http::h1
