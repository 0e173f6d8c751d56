// SPDX-License-Identifier: Apache-2.0
#include "filters/request_adaptor/path_change.h"

#include "base/text.h"
#include "http/path.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kPathBytesMax = 16 * 1024;

// An expression that matches the text at the begin of a path.
std::string at_begin(std::string_view text) {
  std::string out = "^";
  for (const char c : text) {
    if (!is_alphanumeric(c) && static_cast<unsigned char>(c) < 0x80) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

PathChange::PathChange(const PathChangeSpec& spec, const std::string& path, config::Faults& faults)
    : replace_(spec.replace), add_prefix_(replace_.empty() ? spec.add_prefix : "") {
  if (!empty()) return;
  const std::string where = config::join_path(path, "regexpReplace");
  const bool trims = !spec.trim_prefix.empty();
  if (!trims && !spec.regexp_replace) return;
  const std::string regexp = trims ? at_begin(spec.trim_prefix) : spec.regexp_replace->regexp;
  pattern_ = router::Pattern::compile(regexp, config::join_path(where, "regexp"), faults);
  if (!pattern_) return;
  replacement_ = router::Replacement::parse(trims ? "" : spec.regexp_replace->replace, *pattern_,
                                            config::join_path(where, "replace"), faults);
}

bool PathChange::empty() const {
  return replace_.empty() && add_prefix_.empty() && !replacement_.has_value();
}

int PathChange::apply(http::Request& request) const {
  if (empty() || request.path == "*") return 0;
  std::string escaped;
  if (!replace_.empty()) {
    escaped = http::percent_encode_path(replace_);
  } else if (!add_prefix_.empty()) {
    escaped = http::percent_encode_path(add_prefix_) + request.escaped_path;
  } else {
    auto changed =
        replacement_->apply_escaped(*pattern_, request.path, request.escaped_path, kPathBytesMax);
    if (!changed) return 414;
    escaped = *std::move(changed);
  }
  if (escaped.size() > kPathBytesMax) return 414;
  if (!escaped.starts_with('/')) escaped.insert(0, 1, '/');
  if (http::normalize_path(escaped).had_dots) return 400;
  std::string decoded;
  if (!http::percent_decode(escaped, decoded)) return 400;
  request.escaped_path = std::move(escaped);
  request.path = std::move(decoded);
  return 0;
}

}  // namespace sluice::filters
