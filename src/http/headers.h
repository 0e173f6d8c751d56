// SPDX-License-Identifier: Apache-2.0
// Header fields (RFC 9110 section 5) in the received order. Names compare without case and keep
// their spelling. clear() keeps the memory, so a connection that reuses its messages does not
// allocate per request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http {

struct Field {
  std::string name;
  std::string value;
};

// Compares ASCII text, ignoring case.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
// True for a token of RFC 9110 section 5.6.2: field names, methods.
[[nodiscard]] bool is_token(std::string_view text);
// True if `text` is a valid field value: no CR, LF, NUL or other control character but tab.
[[nodiscard]] bool is_field_value(std::string_view text);
// Canonical spelling: Content-Type, X-Forwarded-For.
[[nodiscard]] std::string canonical_name(std::string_view name);

class Headers {
 public:
  // Returns the first value of that name, or nullopt. Valid until the headers change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return get(name).has_value(); }
  // Replaces all fields of that name by one, at the position of the first.
  void set(std::string_view name, std::string_view value);
  // Appends a field, whatever fields of that name there are.
  void add(std::string_view name, std::string_view value);
  // Removes all fields of that name. Returns their number.
  std::size_t remove(std::string_view name);
  void clear() { size_ = 0; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Field* begin() const { return fields_.data(); }
  [[nodiscard]] const Field* end() const { return fields_.data() + size_; }

  Headers() = default;
  Headers(const Headers& other);
  Headers& operator=(const Headers& other);
  Headers(Headers&& other) noexcept
      : fields_(std::move(other.fields_)), size_(std::exchange(other.size_, 0)) {}
  Headers& operator=(Headers&& other) noexcept {
    fields_ = std::move(other.fields_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

 private:
  std::size_t remove_from(std::size_t first, const std::string& name);

  std::vector<Field> fields_;  // beyond size_: spare slots that keep their capacity
  std::size_t size_ = 0;
};

}  // namespace sluice::http
