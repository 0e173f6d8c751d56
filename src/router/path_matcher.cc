// SPDX-License-Identifier: Apache-2.0
#include "router/path_matcher.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "http/path.h"
#include "router/segment_path.h"

namespace sluice::router {
namespace {

constexpr std::size_t kPathBytesMax = 64 << 10;

bool has_capitals(std::string_view text) { return std::ranges::any_of(text, is_upper); }

// Adds the named groups of the first match.
void capture_groups(const Pattern& pattern, std::string_view text, Captures& out) {
  pattern.for_each_named_group(text, [&out](const std::string& name, std::string_view group) {
    out.emplace_back(name, std::string(group));
  });
}

}  // namespace

PathMatcher::PathMatcher(const PathSpec& spec, RouterKind kind, const std::string& path,
                         config::Faults& faults)
    : text_(!spec.path.empty()          ? spec.path
            : !spec.path_prefix.empty() ? spec.path_prefix
                                        : spec.path_regexp),
      prefix_(spec.path_prefix),
      target_(spec.rewrite_target) {
  const bool variables = SegmentPath::has_variables(spec.path);
  if (kind == RouterKind::radix_tree && variables) {
    add_segments(spec, path, faults);
  } else {
    exact_ = spec.path;
    if (spec.path.find('{') != std::string::npos)
      faults.warn(config::join_path(path, "path"),
                  "has a { that is text: variables need routerKind: RadixTree");
  }
  if (!spec.path_regexp.empty()) add_pattern(spec, path, faults);
}

void PathMatcher::add_pattern(const PathSpec& spec, const std::string& path,
                              config::Faults& faults) {
  pattern_ = Pattern::compile(spec.path_regexp, config::join_path(path, "pathRegexp"), faults);
  if (!pattern_) return;
  any_case_ = Pattern::compile(spec.path_regexp, path, faults, Pattern::Case::insensitive);
  pattern_has_capitals_ = has_capitals(spec.path_regexp);
  for (const auto& [name, _] : pattern_->re2().NamedCapturingGroups()) names_.push_back(name);
  if (target_.empty()) return;
  replacement_ =
      Replacement::parse(target_, *pattern_, config::join_path(path, "rewriteTarget"), faults);
}

void PathMatcher::add_segments(const PathSpec& spec, const std::string& path,
                               config::Faults& faults) {
  const std::string where = config::join_path(path, "path");
  const auto parsed = SegmentPath::parse(spec.path, where, faults);
  if (!parsed) return;
  segments_ = Pattern::compile(parsed->pattern, where, faults);
  if (!segments_) return;
  near_segments_ = Pattern::compile(parsed->near, where, faults);
  has_expressions_ = parsed->has_expressions;
  names_ = parsed->names;
  if (target_.empty()) return;
  segment_replacement_ = Replacement::parse(replacement_of_target(target_), *segments_,
                                            config::join_path(path, "rewriteTarget"), faults);
}

bool PathMatcher::matches(std::string_view path) const {
  if (exact_.empty() && prefix_.empty() && !pattern_ && !segments_) return true;
  return (!exact_.empty() && path == exact_) || has_prefix(path) || has_segments(path) ||
         (pattern_ && pattern_->found_in(path));
}

bool PathMatcher::has_segments(std::string_view path) const {
  return segments_ && fits_segments(*segments_, path);
}

// A variable is part of one segment, whatever its expression accepts.
bool PathMatcher::fits_segments(const Pattern& segments, std::string_view path) const {
  if (!segments.found_in(path)) return false;
  if (!has_expressions_) return true;
  Captures captures;
  capture_groups(segments, path, captures);
  return std::ranges::none_of(captures, [](const auto& each) {
    return each.first != kWildcardName && each.second.find('/') != std::string::npos;
  });
}

void PathMatcher::capture(std::string_view path, Captures& out) const {
  if (names_.empty()) return;
  if (has_segments(path)) {
    capture_groups(*segments_, path, out);
  } else if (pattern_ && path != exact_ && !has_prefix(path)) {
    capture_groups(*pattern_, path, out);
  }
}

std::string_view PathMatcher::matched_prefix(std::string_view path) const {
  return path != exact_ && has_prefix(path) ? std::string_view(prefix_) : "";
}

bool PathMatcher::nearly_matches(std::string_view path) const {
  return is_near_exact(path) || has_near_prefix(path) ||
         (near_segments_ && (fits_segments(*near_segments_, path) ||
                             fits_segments(*near_segments_, without_end_slash(path)))) ||
         (pattern_ && nearly_finds_pattern(path));
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
  if (has_segments(path) || (pattern_ && pattern_->found_in(path))) return 0;
  return pattern_ || segments_ ? path.size() : 0;
}

bool PathMatcher::rewrite(http::Request& request) const {
  if (target_.empty()) return true;
  if (!exact_.empty() && request.path == exact_) {
    request.set_path(target_);
    return true;
  }
  if (has_prefix(request.path)) return replace_prefix(request);
  if (segment_replacement_ && has_segments(request.path))
    return replace(*segments_, *segment_replacement_, request);
  return !replacement_ || replace(*pattern_, *replacement_, request);
}

bool PathMatcher::replace(const Pattern& pattern, const Replacement& replacement,
                          http::Request& request) {
  auto replaced =
      replacement.apply_escaped(pattern, request.path, request.escaped_path, kPathBytesMax);
  if (!replaced) return false;
  const bool asterisk = *replaced == "*" && request.method == "OPTIONS";
  if (!replaced->starts_with('/') && !asterisk) replaced->insert(0, 1, '/');
  request.escaped_path = *std::move(replaced);
  return http::percent_decode(request.escaped_path, request.path);
}

// Keeps the rest as the client escaped it: %2F does not become a slash.
bool PathMatcher::replace_prefix(http::Request& request) const {
  std::string escaped = http::percent_encode_path(target_);
  escaped += http::escaped_after(request.escaped_path, prefix_.size());
  if (escaped.size() > kPathBytesMax) return false;
  request.escaped_path = std::move(escaped);
  request.path.replace(0, prefix_.size(), target_);
  return true;
}

}  // namespace sluice::router
