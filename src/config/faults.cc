// SPDX-License-Identifier: Apache-2.0
#include "config/faults.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "base/utf8.h"
#include "config/url_credentials.h"

namespace sluice::config {
namespace {

constexpr std::size_t kFaultsMax = 100;     // that are kept, and as many warnings
constexpr std::size_t kQuotedMax = 80;      // bytes
constexpr std::size_t kSuggestionMax = 64;  // bytes; longer names are no typing errors
constexpr std::size_t kDistanceMax = 2;
constexpr std::size_t kPrefixMin = 4;  // bytes; fewer stand for too many names

bool is_word(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (to_lower(a[i]) == to_lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The shortest, because it has the least that was not said. "" if there is none.
std::string_view shortest_that_begins_with(std::string_view word,
                                           const std::vector<std::string_view>& known) {
  std::string_view found;
  if (word.size() < kPrefixMin) return found;
  for (const std::string_view name : known) {
    if (!lower_case(name).starts_with(lower_case(word))) continue;
    if (found.empty() || name.size() < found.size()) found = name;
  }
  return found;
}

// Only control characters are escaped: faults appear in JSON and on terminals, in any language.
void append_quoted(std::string& out, char c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    append_hex_escape(out, c);
  } else {
    out += c;
  }
}

std::string line_of(const std::string& path, std::string_view text) {
  return path.empty() ? std::string(text) : path + ": " + std::string(text);
}

}  // namespace

void Faults::add(const std::string& path, std::string_view reason) {
  ++count_;
  if (lines_.size() < kFaultsMax) lines_.push_back(line_of(path, reason));
}

void Faults::warn(const std::string& path, std::string_view text) {
  if (warnings_.size() < kFaultsMax) warnings_.push_back(line_of(path, text));
}

Error Faults::to_error() const {
  if (empty()) return {ErrorKind::internal, "no fault was found", {}};
  Error error{ErrorKind::invalid, lines_.front(), lines_};
  if (count_ > 1) error.message += " (and " + std::to_string(count_ - 1) + " more)";
  if (count_ > lines_.size()) {
    error.details.push_back("and " + std::to_string(count_ - lines_.size()) + " more");
  }
  return error;
}

std::string suggestion(std::string_view unknown, const std::vector<std::string_view>& known) {
  if (unknown.size() > kSuggestionMax) return "";
  std::string_view best;
  std::size_t best_distance = kDistanceMax + 1;
  for (const std::string_view name : known) {
    const std::size_t distance = edit_distance(unknown, name);
    // A short name differs from too many others by two letters.
    if (distance >= best_distance || distance * 2 > name.size()) continue;
    best = name;
    best_distance = distance;
  }
  if (best.empty()) best = shortest_that_begins_with(unknown, known);
  return best.empty() ? "" : ", did you mean " + quote(best) + "?";
}

std::string join_path(const std::string& path, std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= kQuotedMax && std::all_of(name.begin(), name.end(), is_word);
  if (!plain) return path + "[" + quote(name) + "]";
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string quote(std::string_view text) {
  const std::string open = without_credentials(text);
  const std::string_view shown = utf8_prefix(open, kQuotedMax);
  std::string out = "\"";
  for (const char c : shown) append_quoted(out, c);
  out += shown.size() < open.size() ? "…\"" : "\"";
  return out;
}

}  // namespace sluice::config
