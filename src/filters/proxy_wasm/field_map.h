// SPDX-License-Identifier: Apache-2.0
// FieldMap: the fields of a message as a guest sees them: names in lower case, and before them what
// the first line says, as :method, :path, :authority, :scheme or :status. Valid during a call of a
// host function.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filters/proxy_wasm/pairs.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "http/message.h"

namespace sluice::filters::proxy_wasm {

class FieldMap {
 public:
  // Nullopt: the active context has no such map now.
  [[nodiscard]] static std::optional<FieldMap> of(Plugin& plugin, MapType type);

  // The values of one name, joined by ", ".
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  // All, in order. The views are valid as long as this and the message.
  [[nodiscard]] const Pairs& pairs();

  // The functions below change the message. Error `invalid`: a name or value that HTTP forbids, a
  // message that may not be changed now, or what is beyond the bounds of
  // filters/wasm_host/header_text.h; a name, or a part of the first line, of more than 64 KiB.
  [[nodiscard]] Result<void> set(std::string_view name, std::string_view value);
  [[nodiscard]] Result<void> add(std::string_view name, std::string_view value);
  [[nodiscard]] Result<void> remove(std::string_view name);
  [[nodiscard]] Result<void> replace_all(const Pairs& pairs);

 private:
  // The first line, or one part of it.
  [[nodiscard]] std::optional<std::string> get_pseudo(std::string_view name) const;
  [[nodiscard]] Result<void> set_pseudo(std::string_view name, std::string_view value);
  [[nodiscard]] Result<void> set_in_request(std::string_view name, std::string_view value);
  // Lengths come first: a name or value that is too long is neither read nor copied.
  [[nodiscard]] Result<void> check_change(std::string_view name, std::string_view value) const;
  // A field that the guest sets or removes does not come in as a trailer.
  [[nodiscard]] Result<void> claim(std::string_view name);

  http::Request* request_ = nullptr;    // of this head
  http::Response* response_ = nullptr;  // or of this
  http::Headers* fields_ = nullptr;
  ClaimedNames* claimed_ = nullptr;  // by the stream; not null for a head that is editable_
  bool trailers_ = false;
  bool editable_ = false;
  Pairs pairs_;
  std::deque<std::string> texts_;  // that pairs_ refers to
};

// The fields that are not of the first line, nor Host, as http::Headers. Error `invalid` as of
// FieldMap.
[[nodiscard]] Result<http::Headers> fields_of(const Pairs& pairs);

}  // namespace sluice::filters::proxy_wasm
