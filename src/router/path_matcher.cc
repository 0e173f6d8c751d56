// SPDX-License-Identifier: Apache-2.0
#include "router/path_matcher.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::router {
namespace {

constexpr std::size_t kPathBytesMax = 64 << 10;

// Returns the part of `escaped` that follows the first `size` bytes of its decoded form.
std::string_view escaped_rest(std::string_view escaped, std::size_t size) {
  while (size > 0 && !escaped.empty()) {
    const std::size_t one = escaped.front() == '%' ? 3 : 1;
    escaped.remove_prefix(std::min(one, escaped.size()));
    --size;
  }
  return escaped;
}

bool has_capitals(std::string_view text) { return std::ranges::any_of(text, is_upper); }

}  // namespace

PathMatcher::PathMatcher(const PathSpec& spec, const std::string& path, config::Faults& faults)
    : exact_(spec.path), prefix_(spec.path_prefix), target_(spec.rewrite_target) {
  if (spec.path_regexp.empty()) return;
  pattern_ = Pattern::compile(spec.path_regexp, config::join_path(path, "pathRegexp"), faults);
  if (pattern_)
    any_case_ = Pattern::compile(spec.path_regexp, path, faults, Pattern::Case::insensitive);
  pattern_has_capitals_ = has_capitals(spec.path_regexp);
  if (!pattern_ || target_.empty()) return;
  replacement_ =
      Replacement::parse(target_, *pattern_, config::join_path(path, "rewriteTarget"), faults);
}

bool PathMatcher::matches(std::string_view path) const {
  if (exact_.empty() && prefix_.empty() && !pattern_) return true;
  return (!exact_.empty() && path == exact_) || has_prefix(path) ||
         (pattern_ && pattern_->found_in(path));
}

bool PathMatcher::nearly_matches(std::string_view path) const {
  return is_near_exact(path) || has_near_prefix(path) || (pattern_ && nearly_finds_pattern(path));
}

bool PathMatcher::is_near_exact(std::string_view path) const {
  return !exact_.empty() &&
         (http::iequals(path, exact_) || http::iequals(without_end_slash(path), exact_));
}

bool PathMatcher::has_near_prefix(std::string_view path) const {
  if (prefix_.empty() || path.size() < prefix_.size()) return false;
  if (!http::iequals(path.substr(0, prefix_.size()), prefix_)) return false;
  return prefix_.ends_with('/') || path.size() == prefix_.size() || path[prefix_.size()] == '/';
}

// Requires: matches() has returned false. If neither side has capitals, ignoring case changes
// nothing.
bool PathMatcher::nearly_finds_pattern(std::string_view path) const {
  const std::string_view shorter = without_end_slash(path);
  const bool slash = shorter != path;
  if (!pattern_has_capitals_ && !has_capitals(path)) return slash && pattern_->found_in(shorter);
  return any_case_->found_in(path) || (slash && any_case_->found_in(shorter));
}

std::size_t PathMatcher::bytes_named(std::string_view path) const {
  if (is_near_exact(path)) return without_end_slash(exact_).size();
  if (has_prefix(path) || has_near_prefix(path)) return without_end_slash(prefix_).size();
  return pattern_ && !pattern_->found_in(path) ? path.size() : 0;
}

bool PathMatcher::rewrite(http::Request& request) const {
  if (target_.empty()) return true;
  if (!exact_.empty() && request.path == exact_) {
    request.set_path(target_);
    return true;
  }
  if (has_prefix(request.path)) return replace_prefix(request);
  return !replacement_ || replace_pattern(request);
}

bool PathMatcher::replace_pattern(http::Request& request) const {
  auto replaced =
      replacement_->apply_escaped(*pattern_, request.path, request.escaped_path, kPathBytesMax);
  if (!replaced) return false;
  const bool asterisk = *replaced == "*" && request.method == "OPTIONS";
  if (!replaced->starts_with('/') && !asterisk) replaced->insert(0, 1, '/');
  request.escaped_path = *std::move(replaced);
  return http::percent_decode(request.escaped_path, request.path);
}

// Keeps the rest as the client escaped it: %2F does not become a slash.
bool PathMatcher::replace_prefix(http::Request& request) const {
  std::string escaped = http::percent_encode_path(target_);
  escaped += escaped_rest(request.escaped_path, prefix_.size());
  if (escaped.size() > kPathBytesMax) return false;
  request.escaped_path = std::move(escaped);
  request.path.replace(0, prefix_.size(), target_);
  return true;
}

}  // namespace sluice::router
