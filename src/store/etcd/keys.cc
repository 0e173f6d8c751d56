// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/keys.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace sluice::store {
namespace {

// A name between two slashes.
std::string segment(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '/' || c == '%') {
      append_percent_encoded(out, c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::string> name_of_segment(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto octet = hex_decode(text.substr(i + 1, 2));
    if (!octet || octet->size() != 1) return std::nullopt;
    out += *octet;
    i += 2;
  }
  return segment(out) == text ? std::optional(std::move(out)) : std::nullopt;  // one spelling
}

std::string segments(std::string_view ns) {
  const std::size_t slash = ns.find('/');
  if (slash == std::string_view::npos) return segment(ns);
  return segment(ns.substr(0, slash)) + "/" + segment(ns.substr(slash + 1));
}

}  // namespace

Result<Keys> Keys::make(std::string prefix) {
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty() || prefix.size() > kPrefixBytesMax) {
    return fail(ErrorKind::invalid, "etcd-prefix: the prefix of a cluster in etcd has 1 to " +
                                        std::to_string(kPrefixBytesMax) + " bytes");
  }
  return Keys(std::move(prefix));
}

Result<void> Keys::check(std::string_view ns) {
  const std::size_t slash = ns.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == ns.size()) {
    return fail(ErrorKind::invalid,
                "`" + std::string(ns) + "` is not the name of shared data: pipeline/filter");
  }
  if (segments(ns).size() <= kNamespaceBytesMax) return {};
  return fail(ErrorKind::too_large, "the names of pipeline and filter `" +
                                        std::string(ns.substr(0, 40)) + "…` have more than " +
                                        std::to_string(kNamespaceBytesMax) +
                                        " bytes: choose shorter ones");
}

std::string Keys::member(std::string_view name) const { return members() + segment(name); }

std::optional<std::string> Keys::member_of(std::string_view key) const {
  const std::string all = members();
  if (!key.starts_with(all)) return std::nullopt;
  return name_of_segment(key.substr(all.size()));
}

std::string Keys::note(std::string_view key, std::string_view member) const {
  return notes(key) + "/" + segment(member);
}

std::optional<Keys::NoteName> Keys::note_of(std::string_view key) const {
  const std::string all = notes();
  const std::size_t slash = key.rfind('/');
  if (!key.starts_with(all) || slash < all.size()) return std::nullopt;
  auto member = name_of_segment(key.substr(slash + 1));
  if (!member) return std::nullopt;
  return NoteName{std::string(key.substr(all.size(), slash - all.size())), *std::move(member)};
}

std::string Keys::move(std::string_view ns) const { return moves() + segments(ns); }

bool Keys::is_own_folder(std::string_view name) {
  constexpr std::string_view kFolders[] = {"cluster", "data",  "documents",
                                           "members", "moves", "notes"};
  return std::ranges::find(kFolders, name) != std::end(kFolders);
}

std::string Keys::data(std::string_view ns) const { return all_data() + segments(ns) + "/"; }

std::optional<std::string> Keys::namespace_of(std::string_view key) const {
  const std::string all = all_data();
  if (!key.starts_with(all)) return std::nullopt;
  key.remove_prefix(all.size());
  const auto first = name_of_segment(take_until(key, '/'));
  const std::size_t end = key.find('/');
  if (!first || end == std::string_view::npos) return std::nullopt;
  const auto second = name_of_segment(key.substr(0, end));
  return second ? std::optional(*first + "/" + *second) : std::nullopt;
}

std::string Keys::collection(std::string_view collection) const {
  return documents() + "/" + segment(collection) + "/";
}

std::optional<Keys::DocumentName> Keys::document_of(std::string_view key) const {
  const std::string all = documents() + "/";
  if (!key.starts_with(all)) return std::nullopt;
  key.remove_prefix(all.size());
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto collection = name_of_segment(key.substr(0, slash));
  if (!collection) return std::nullopt;
  return DocumentName{std::move(*collection), std::string(key.substr(slash + 1))};
}

}  // namespace sluice::store
