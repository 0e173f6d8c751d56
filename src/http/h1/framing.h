// SPDX-License-Identifier: Apache-2.0
// Derives the length of the body and the persistence of the connection from the fields of a head
// (RFC 9112 sections 6 and 9). Requests and responses share these strict rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/field_kind.h"
#include "http/h1/line.h"
#include "http/message.h"

namespace sluice::http::h1 {

class HeadFraming {
 public:
  // Begins the next head; keeps capacity.
  void reset(Version version);
  // Takes a field; only Content-Length, Transfer-Encoding, Connection and Upgrade matter.
  [[nodiscard]] Fault add(FieldKind kind, std::string_view value);
  // Removes the fields that Connection names: they concern this hop (RFC 9110 section 7.6.1). Those
  // that no codec sends on, such as Content-Length, stay for readers: a client must not hide them.
  void remove_named(Headers& headers) const;

  [[nodiscard]] bool chunked() const { return chunked_; }
  [[nodiscard]] const std::optional<std::uint64_t>& content_length() const { return length_; }
  [[nodiscard]] bool keep_alive() const {
    return !close_ && (version_ != Version::http10 || keep_alive_);
  }
  // Returns the Upgrade field if Connection names it and the version supports it, else "".
  [[nodiscard]] std::string_view upgrade() const;

 private:
  Fault add_length(std::string_view value);
  Fault add_transfer_encoding(std::string_view value);
  Fault add_connection(std::string_view value);
  Fault add_option(std::string_view option);

  Version version_ = Version::http11;
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  bool upgrade_named_ = false;
  int named_count_ = 0;
  std::string named_;  // other options of Connection, each followed by ','
  std::string upgrade_;
};

// Removes the trailers that Connection names; returns null if none is left.
[[nodiscard]] std::unique_ptr<Headers> without_named(const HeadFraming& framing,
                                                     std::unique_ptr<Headers> trailers);

}  // namespace sluice::http::h1
