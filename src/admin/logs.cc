// SPDX-License-Identifier: Apache-2.0
#include "admin/logs.h"

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "admin/followers.h"
#include "admin/line_events.h"
#include "admin/log_tail.h"

namespace sluice::admin {
namespace {

constexpr std::int64_t kTailLines = 500;
constexpr std::int64_t kTailLinesMax = 10'000'000;
constexpr std::array kLevels{LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};

Events once(std::shared_ptr<LogTail> tail) {
  return {.next = [tail = std::move(tail)](std::string& out) { return tail->read(out); }};
}

Events follow(std::shared_ptr<LogTail> tail, FollowerPlace place,
              std::shared_ptr<LineEvents> lines) {
  return {.next = [tail = std::move(tail), place = std::move(place),
                   lines = std::move(lines)](std::string& out) {
    if (lines) {
      std::string text;
      if (tail->read(text)) lines->append(text, out);
    } else {
      (void)tail->read(out);
    }
    return true;
  }};
}

Result<ApiResponse> read(Context& context, const ApiRequest& request, const PathNames&) {
  if (context.options.log_file.empty()) {
    return fail(ErrorKind::not_found,
                "the log goes to " + context.options.log_place +
                    ": start sluice-server with --log-output file and --log-dir to read it here");
  }
  context.logger.flush();
  SLUICE_TRY(const std::int64_t lines,
             query_number(request, "tail", kTailLines, -1, kTailLinesMax));
  SLUICE_TRY(LogTail opened, LogTail::open(context.options.log_file, lines));
  auto tail = std::make_shared<LogTail>(std::move(opened));
  ApiResponse response = respond_text("");
  if (!query_flag(request, "follow")) {
    response.events = once(std::move(tail));
    return response;
  }
  auto place = admit_follower(context.log_followers, request, "the log");
  if (!place) return std::move(place.error());
  auto formatted = LineEvents::wanted_by(request);
  if (formatted) response.content_type = formatted->content_type();
  response.events = follow(std::move(tail), *std::move(place), std::move(formatted));
  return response;
}

std::optional<LogLevel> level_of(std::string_view name) {
  for (const LogLevel level : kLevels) {
    if (to_string(level) == name) return level;
  }
  return std::nullopt;
}

Result<ApiResponse> level(Context& context, const ApiRequest&, const PathNames&) {
  return respond_text(std::string(to_string(context.logger.level())) + "\n");
}

Result<ApiResponse> set_level(Context& context, const ApiRequest&, const PathNames& names) {
  const std::optional<LogLevel> level = level_of(names[0]);
  if (!level) {
    return fail(ErrorKind::invalid,
                "no such level: " + names[0] + ", try debug, info, warn or error");
  }
  context.logger.set_level(*level);
  context.logger.info("log level is " + names[0]);
  return ApiResponse{};
}

}  // namespace

void add_logs(ApiRouter& router, Context& context) {
  const Content text{.types = {kTextType}};
  add(router, context, "log",
      {{"GET",
        "/logs",
        read,
        {.summary = "Prints the end of the log, or follows it",
         .query = {number_query("tail", -1, kTailLinesMax,
                                "How many of the last lines; 500 by default, -1: all"),
                   flag_query("follow", "Go on with each new line")},
         .answers = {{200,
                      {.types = {kTextType, kServerSentType, kJsonLinesType}},
                      "The lines; while it follows, as events if Accept asks for them"}},
         .errors = {404}}},
       {"GET",
        "/logs/level",
        level,
        {.summary = "Tells the level of the log", .answers = {{200, text, "The level"}}}},
       {"PUT", "/logs/level/{level}", set_level, {.summary = "Sets the level of the log"}}});
}

}  // namespace sluice::admin
