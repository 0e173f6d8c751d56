// SPDX-License-Identifier: Apache-2.0
#include "router/path_matcher.h"

#include <algorithm>

namespace sluice::router {
namespace {

constexpr std::size_t kPathBytesMax = 64 << 10;

// The part of `escaped` that follows the first `size` bytes of what it decodes to.
std::string_view escaped_rest(std::string_view escaped, std::size_t size) {
  while (size > 0 && !escaped.empty()) {
    const std::size_t one = escaped.front() == '%' ? 3 : 1;
    escaped.remove_prefix(std::min(one, escaped.size()));
    --size;
  }
  return escaped;
}

}  // namespace

PathMatcher::PathMatcher(const PathSpec& spec, const std::string& path, config::Faults& faults)
    : exact_(spec.path), prefix_(spec.path_prefix), target_(spec.rewrite_target) {
  if (spec.path_regexp.empty()) return;
  pattern_ = Pattern::compile(spec.path_regexp, config::join_path(path, "pathRegexp"), faults);
  if (!pattern_ || target_.empty()) return;
  replacement_ =
      Replacement::parse(target_, *pattern_, config::join_path(path, "rewriteTarget"), faults);
}

bool PathMatcher::matches(std::string_view path) const {
  if (exact_.empty() && prefix_.empty() && !pattern_) return true;
  return (!exact_.empty() && path == exact_) || has_prefix(path) ||
         (pattern_ && pattern_->found_in(path));
}

bool PathMatcher::rewrite(http::Request& request) const {
  if (target_.empty()) return true;
  if (!exact_.empty() && request.path == exact_) {
    request.set_path(target_);
    return true;
  }
  if (has_prefix(request.path)) return replace_prefix(request);
  if (!replacement_) return true;
  const auto replaced = replacement_->apply(*pattern_, request.path, kPathBytesMax);
  if (replaced) request.set_path(*replaced);
  return replaced.has_value();
}

// The rest stays as the client escaped it: %2F does not become a slash.
bool PathMatcher::replace_prefix(http::Request& request) const {
  std::string escaped = http::percent_encode_path(target_);
  escaped += escaped_rest(request.escaped_path, prefix_.size());
  if (escaped.size() > kPathBytesMax) return false;
  request.escaped_path = std::move(escaped);
  request.path.replace(0, prefix_.size(), target_);
  return true;
}

}  // namespace sluice::router
