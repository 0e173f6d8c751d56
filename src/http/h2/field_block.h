// SPDX-License-Identifier: Apache-2.0
// Inside http/h2 only: the fields of a HEADERS frame to be sent.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/deleter.h"
#include "http/chars.h"
#include "http/field_kind.h"
#include "http/headers.h"

namespace sluice::http::h2 {

using OptionPtr = std::unique_ptr<nghttp2_option, Deleter<nghttp2_option_del>>;

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
// nghttp2 copies the bytes and does not change them.
[[nodiscard]] inline std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

class FieldBlock {
 public:
  // `name` is in lower case. Requires: both stay valid until the block is submitted.
  void add(std::string_view name, std::string_view value) {
    fields_.push_back(
        {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  // Adds all fields except those of the connection and those that no field may resemble. Requires:
  // called at most once.
  void add_regular(const Headers& headers) {
    std::size_t size = 0;
    for (const Field& field : headers) size += field.name.size();
    names_.reserve(size);  // prevents reallocation
    for (const Field& field : headers) {
      if (field_kind(field.name) != FieldKind::other) continue;
      if (!is_token(field.name) || !is_field_value(field.value)) continue;
      const std::size_t start = names_.size();
      for (const char c : field.name) names_.push_back(to_lower(c));
      // Surrounding spaces would make the field malformed (RFC 9113 section 8.2.1).
      add(std::string_view(names_).substr(start), trim_ows(field.value));
    }
  }
  [[nodiscard]] const std::vector<nghttp2_nv>& fields() const { return fields_; }

 private:
  std::string names_;
  std::vector<nghttp2_nv> fields_;
};

// Submits the trailers of a message whose content was handed over (section 8.1). Returns true if
// they end the stream. Null or empty: there are none. For a callback that reads content.
[[nodiscard]] inline bool submit_trailers(nghttp2_session* session, std::int32_t stream,
                                          const Headers* trailers) {
  if (trailers == nullptr) return false;
  FieldBlock block;
  block.add_regular(*trailers);
  const auto& fields = block.fields();
  return !fields.empty() &&
         nghttp2_submit_trailer(session, stream, fields.data(), fields.size()) == 0;
}

}  // namespace sluice::http::h2
