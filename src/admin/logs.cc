// SPDX-License-Identifier: Apache-2.0
// The process log: read it, follow it, change its level.
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/line_events.h"
#include "admin/log_tail.h"
#include "admin/resources.h"

namespace sluice::admin {
namespace {

constexpr std::int64_t kTailLines = 500;
constexpr int kFollowersMax = 32;
constexpr std::array kLevels{LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};

// Counts a follower while its events live.
class FollowerSlot {
 public:
  explicit FollowerSlot(std::atomic<int>& count)
      : count_(count), granted_(++count <= kFollowersMax) {}
  FollowerSlot(const FollowerSlot&) = delete;
  FollowerSlot& operator=(const FollowerSlot&) = delete;
  ~FollowerSlot() { --count_; }
  [[nodiscard]] bool granted() const { return granted_; }

 private:
  std::atomic<int>& count_;
  const bool granted_;
};

Events once(std::shared_ptr<LogTail> tail) {
  return {.next = [tail](std::string& out) { return tail->read(out); }};
}

Events follow(std::shared_ptr<LogTail> tail, std::shared_ptr<FollowerSlot> slot,
              std::shared_ptr<LineEvents> lines) {
  return {.next = [tail, slot, lines](std::string& out) {
    if (lines) {
      std::string text;
      if (tail->read(text)) lines->append(text, out);
    } else {
      (void)tail->read(out);
    }
    return true;
  }};
}

Result<Response> read(Context& context, const Request& request) {
  if (context.options.log_file.empty()) {
    return fail(
        ErrorKind::not_found,
        "the log goes to standard error: start sluice-server with --log-dir to read it here");
  }
  context.logger.flush();
  SLUICE_TRY(const std::int64_t lines, query_number(request, "tail", kTailLines, -1, 10'000'000));
  SLUICE_TRY(LogTail opened, LogTail::open(context.options.log_file, lines));
  auto tail = std::make_shared<LogTail>(std::move(opened));
  Response response = respond_text("");
  if (!query_flag(request, "follow")) {
    response.events = once(std::move(tail));
    return response;
  }
  auto slot = std::make_shared<FollowerSlot>(context.followers);
  if (!slot->granted()) {
    return fail(ErrorKind::unavailable,
                "too many clients follow the log, at most " + std::to_string(kFollowersMax));
  }
  auto formatted = LineEvents::wanted_by(request);
  if (formatted) response.content_type = formatted->content_type();
  response.events = follow(std::move(tail), std::move(slot), std::move(formatted));
  return response;
}

std::optional<LogLevel> level_of(std::string_view name) {
  for (const LogLevel level : kLevels) {
    if (to_string(level) == name) return level;
  }
  return std::nullopt;
}

Response set_level(const Context& context, const std::string& name) {
  const std::optional<LogLevel> level = level_of(name);
  if (!level) {
    return respond_error(400, "no such level: " + name + ", try debug, info, warn or error");
  }
  context.logger.set_level(*level);
  context.logger.info("log level is " + name);
  return {};
}

}  // namespace

void add_logs(Router& router, Context& context) {
  router.add({"log", "GET", "/logs", [&context](const Request& request, const Names&) {
                Result<Response> response = read(context, request);
                return response ? *std::move(response) : respond_error(response.error());
              }});
  router.add({"log", "GET", "/logs/level", [&context](const Request&, const Names&) {
                return respond_text(std::string(to_string(context.logger.level())) + "\n");
              }});
  router.add({"log", "PUT", "/logs/level/{level}", [&context](const Request&, const Names& names) {
                return set_level(context, names[0]);
              }});
}

}  // namespace sluice::admin
