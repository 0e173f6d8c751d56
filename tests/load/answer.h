// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 answer of known length, as the servers under load give it.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace load {

struct Answer {
  int status = 0;
  std::string_view body;
  std::size_t size = 0;  // of all of it
  bool closes = false;   // "Connection: close"
  bool retry_after = false;
};

inline bool same_letters(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i]) return false;
  }
  return true;
}

// Nothing until all of it is there. Views into `input`.
inline std::optional<Answer> parse_answer(std::string_view input) {
  const std::size_t end_of_head = input.find("\r\n\r\n");
  if (end_of_head == input.npos) return std::nullopt;
  const std::string_view head = input.substr(0, end_of_head + 2);
  Answer answer;
  std::size_t length = 0;
  for (std::size_t at = head.find("\r\n"); at != head.npos && at + 2 < head.size();
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (same_letters(line, "content-length:")) {
      std::from_chars(value.data(), value.data() + value.size(), length);
    } else if (same_letters(line, "connection:")) {
      answer.closes = same_letters(value, "close");
    } else if (same_letters(line, "retry-after:")) {
      answer.retry_after = true;
    }
  }
  answer.size = end_of_head + 4 + length;
  if (input.size() < answer.size) return std::nullopt;
  if (head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  answer.body = input.substr(end_of_head + 4, length);
  return answer;
}

}  // namespace load
