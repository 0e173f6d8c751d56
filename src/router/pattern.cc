// SPDX-License-Identifier: Apache-2.0
#include "router/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"
#include "http/message.h"

namespace sluice::router {
namespace {

constexpr std::size_t kGroupsAtHand = 10;  // without memory of their own
constexpr std::size_t kReservedBytes = 64;
constexpr std::size_t kReservedPieces = 8;
constexpr char32_t kNoCharacter = 0xfffd;  // stands for an octet that is not UTF-8

bool is_name_char(char c) { return is_alphanumeric(c) || c == '_'; }

// Takes `name` or `{name}` off the text that follows a dollar; returns "" if there is none.
std::string_view take_group_name(std::string_view& text) {
  const bool braces = text.starts_with('{');
  const std::string_view rest = text.substr(braces ? 1 : 0);
  const auto end = std::ranges::find_if_not(rest, is_name_char);
  const auto size = static_cast<std::size_t>(end - rest.begin());
  if (size == 0 || (braces && (size == rest.size() || rest[size] != '}'))) return "";
  text.remove_prefix(size + (braces ? 2 : 0));
  return rest.substr(0, size);
}

std::optional<int> find_group(const re2::RE2& re2, std::string_view name) {
  if (const auto number = to_number<int>(name))
    return *number <= re2.NumberOfCapturingGroups() ? number : std::nullopt;
  const auto& names = re2.NamedCapturingGroups();
  const auto found = names.find(std::string(name));
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

// Returns the size in bytes of the first character. Requires: `text` is not empty.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) ++size;
  return size;
}

// Returns where each octet of the decoded path begins in `escaped`, and the end. Returns an empty
// vector if nothing is escaped.
std::vector<std::size_t> escape_offsets(std::size_t path_size, std::string_view escaped) {
  std::vector<std::size_t> offsets;
  if (path_size == escaped.size()) return offsets;
  offsets.reserve(path_size + 1);
  std::size_t at = 0;
  for (std::size_t i = 0; i < path_size; ++i) {
    offsets.push_back(at);
    at += at < escaped.size() && escaped[at] == '%' ? 3 : 1;
  }
  offsets.push_back(escaped.size());
  return offsets;
}

std::string_view view_of(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

}  // namespace

Subject::Subject(std::string_view text) : text_(text) {
  if (is_utf8(text)) return;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char next = first_utf8_char(text.substr(at));
    append_utf8(repaired_, next.valid ? next.value : kNoCharacter);
    origins_.resize(repaired_.size(), at);
    at += next.size;
  }
  origins_.push_back(text.size());
}

std::string_view Subject::part(std::size_t begin, std::size_t end) const {
  if (origins_.empty()) return text_.substr(begin, end - begin);
  return text_.substr(origins_[begin], origins_[end] - origins_[begin]);
}

std::string_view Subject::part(std::string_view seen_part) const {
  const auto begin = static_cast<std::size_t>(seen_part.data() - seen().data());
  return part(begin, begin + seen_part.size());
}

std::optional<Pattern> Pattern::compile(const std::string& text, const std::string& path,
                                        config::Faults& faults, Case letter_case) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(letter_case == Case::sensitive);
  auto re2 = std::make_shared<const re2::RE2>(text, options);
  if (!re2->ok()) {
    faults.add(path, config::quote(text) + " is not a regular expression: " + re2->error());
    return std::nullopt;
  }
  return Pattern(std::move(re2));
}

bool Pattern::found_in(std::string_view text) const {
  const Subject subject(text);
  const std::string_view seen = subject.seen();
  return re2_->Match(seen, 0, seen.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::optional<std::string_view> Pattern::first_group_in(std::string_view text) const {
  const Subject subject(text);
  const std::string_view seen = subject.seen();
  std::array<re2::StringPiece, 2> groups;
  if (!has_groups() ||
      !re2_->Match(seen, 0, seen.size(), re2::RE2::UNANCHORED, groups.data(), groups.size()))
    return std::nullopt;
  if (groups[1].data() == nullptr) return std::nullopt;
  return subject.part(view_of(groups[1]));
}

void Pattern::for_each_named_group(
    std::string_view text,
    const std::function<void(const std::string& name, std::string_view text)>& use) const {
  const Subject subject(text);
  const std::string_view seen = subject.seen();
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(re2_->NumberOfCapturingGroups()) +
                                       1);
  if (!re2_->Match(seen, 0, seen.size(), re2::RE2::UNANCHORED, groups.data(),
                   static_cast<int>(groups.size())))
    return;
  for (const auto& [name, number] : re2_->NamedCapturingGroups()) {
    const re2::StringPiece& group = groups[static_cast<std::size_t>(number)];
    if (group.data() != nullptr) use(name, subject.part(view_of(group)));
  }
}

bool Pattern::has_groups() const { return re2_->NumberOfCapturingGroups() > 0; }

std::optional<Replacement> Replacement::parse(std::string_view text, const Pattern& pattern,
                                              const std::string& path, config::Faults& faults) {
  Replacement out;
  std::string literal;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '$' && text.starts_with('$')) {
      text.remove_prefix(1);
    } else if (c == '$') {
      if (const std::string_view name = take_group_name(text); !name.empty()) {
        const auto group = find_group(pattern.re2(), name);
        if (!group) {
          faults.add(path, "the pattern has no group " + config::quote(name));
          return std::nullopt;
        }
        out.parts_.push_back({std::exchange(literal, {}), *group});
        out.groups_ = std::max(out.groups_, *group + 1);
        continue;
      }
    }
    literal += c;
  }
  out.parts_.push_back({std::move(literal), -1});
  return out;
}

// Calls `literal` with each text that the template adds, and `piece` with each part of `text` that
// is kept, in order. They append to `out`. Returns false if `out` becomes longer than `size_max`.
template <typename Literal, typename Piece>
bool Replacement::replace(const Pattern& pattern, std::string_view text, const std::string& out,
                          std::size_t size_max, const Literal& literal, const Piece& piece) const {
  std::array<re2::StringPiece, kGroupsAtHand> few;
  std::vector<re2::StringPiece> many;
  const auto count = static_cast<std::size_t>(groups_);
  if (count > few.size()) many.resize(count);
  re2::StringPiece* const groups = many.empty() ? few.data() : many.data();
  const Subject subject(text);
  const std::string_view seen = subject.seen();
  std::size_t at = 0;
  std::size_t last_end = std::string_view::npos;
  while (at <= seen.size() && out.size() <= size_max &&
         pattern.re2().Match(seen, at, seen.size(), re2::RE2::UNANCHORED, groups, groups_)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - seen.data());
    piece(subject.part(at, begin));
    at = begin;
    if (groups[0].empty() && begin == last_end) {  // an empty match right after the last match
      if (at == seen.size()) break;
      const std::size_t size = character_size(seen.substr(at));
      piece(subject.part(at, at + size));
      at += size;
      continue;
    }
    for (const Part& part : parts_) {
      literal(part.literal);
      if (part.group < 0) continue;
      const re2::StringPiece& group = groups[part.group];
      if (group.data() != nullptr) piece(subject.part(view_of(group)));
    }
    last_end = at = begin + groups[0].size();
  }
  if (at < seen.size()) piece(subject.part(at, seen.size()));
  return out.size() <= size_max;
}

std::optional<std::string> Replacement::apply(const Pattern& pattern, std::string_view text,
                                              std::size_t size_max) const {
  std::string out;
  const auto add = [&](std::string_view part) { out += part; };
  if (!replace(pattern, text, out, size_max, add, add)) return std::nullopt;
  return out;
}

std::optional<std::string> Replacement::apply_traced(const Pattern& pattern, std::string_view text,
                                                     std::size_t size_max,
                                                     std::vector<Traced>& pieces) const {
  std::string out;
  out.reserve(std::min(text.size() + kReservedBytes, size_max));
  pieces.reserve(kReservedPieces);
  const auto literal = [&](std::string_view part) {
    if (!part.empty()) pieces.push_back({out.size(), std::nullopt});
    out += part;
  };
  const auto piece = [&](std::string_view part) {
    const auto source = static_cast<std::size_t>(part.data() - text.data());
    if (!part.empty()) pieces.push_back({out.size(), source});
    out += part;
  };
  if (!replace(pattern, text, out, size_max, literal, piece)) return std::nullopt;
  return out;
}

std::optional<std::string> Replacement::apply_escaped(const Pattern& pattern, std::string_view path,
                                                      std::string_view escaped,
                                                      std::size_t size_max) const {
  std::string out;
  const std::vector<std::size_t> offsets = escape_offsets(path.size(), escaped);
  const auto literal = [&](std::string_view part) { out += http::percent_encode_path(part); };
  const auto piece = [&](std::string_view part) {
    const auto begin = static_cast<std::size_t>(part.data() - path.data());
    const std::size_t end = begin + part.size();
    out += offsets.empty() ? escaped.substr(begin, part.size())
                           : escaped.substr(offsets[begin], offsets[end] - offsets[begin]);
  };
  if (!replace(pattern, path, out, size_max, literal, piece)) return std::nullopt;
  return out;
}

}  // namespace sluice::router
