// SPDX-License-Identifier: Apache-2.0
// Maps a method and a path to a handler.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/message.h"

namespace sluice::admin {

inline constexpr std::size_t kBodyBytesMax = 16 << 20;

// The values of the `{...}` in the pattern, in order. All are valid names.
using Names = std::vector<std::string>;
using Handler = std::function<Response(const Request&, const Names&)>;

// Takes the body of a call as it arrives, on threads that may block, one call at a time. Destroyed
// before finish(), it changes nothing.
class Intake {
 public:
  virtual ~Intake() = default;
  // An error ends the reading, and is the response.
  [[nodiscard]] virtual Result<void> take(std::string_view piece) = 0;
  // Called after the last piece.
  [[nodiscard]] virtual Result<Response> finish() = 0;
};
// The request outlives the Intake.
using OpenIntake =
    std::function<Result<std::unique_ptr<Intake>>(const Request& request, const Names& names)>;

struct Route {
  std::string group;    // the group in the list that GET of the prefix returns
  std::string method;   // GET also answers HEAD
  std::string pattern;  // "/objects/{name}"
  Handler handler{};
  std::size_t body_bytes_max = kBodyBytesMax;
  OpenIntake intake{};  // replaces `handler`, for a body of any length
  bool quick = false;   // never waits for a change or a download: served even if all threads do
};

// A route, and the names in the path.
struct Match {
  const Route* route;
  Names names;
};

class Router {
 public:
  void add(Route route);
  // On error, returns the response to send: 404, 405 or 400.
  [[nodiscard]] std::expected<Match, Response> find(const Request& request) const;
  // [{group, entries: [{path, method}]}]
  [[nodiscard]] Json list() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

// Splits a request target into segments and query. Errors: `not_found` outside /apis/v1 and
// /apis/v2, `invalid` for a malformed target.
[[nodiscard]] Result<void> parse_target(std::string_view target, Request& out);
// nullopt if an escape is malformed.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace sluice::admin
