// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/outcome_file.h"

#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"

namespace sluice::server_program {
namespace {

constexpr std::size_t kOutcomeBytesMax = std::size_t{64} << 10;
constexpr std::chrono::milliseconds kOutcomeLook{50};

bool is_gone(int pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

Result<std::string> outcome_in(const std::string& text) {
  const Json said = Json::parse(text, nullptr, false);
  if (!said.is_object()) return fail(ErrorKind::internal, "the outcome cannot be read: " + text);
  std::string line = said.value("text", "");
  if (said.value("ok", false)) return line;
  return fail(ErrorKind::unavailable, std::move(line));
}

}  // namespace

// The time makes two equal outcomes differ.
void note_outcome(const Options& options, std::string_view file, const Result<std::string>& text) {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const Json said{
      {"at", now}, {"ok", text.has_value()}, {"text", text ? *text : text.error().message}};
  (void)replace_file(options.path_of(std::string(file)),
                     said.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
                     {.mode = 0644, .sync = false});
}

std::string read_outcome(const Options& options, std::string_view file) {
  return read_file(options.path_of(std::string(file)), kOutcomeBytesMax).value_or("");
}

Result<std::string> await_outcome(const Options& options, std::string_view file,
                                  const std::string& before, int pid, Duration patience) {
  const TimePoint end = Clock::now() + patience;
  while (true) {
    const bool gone = is_gone(pid);
    const bool over = Clock::now() >= end;
    if (const std::string now = read_outcome(options, file); !now.empty() && now != before)
      return outcome_in(now);
    if (gone) {
      return fail(ErrorKind::closed,
                  "process " + std::to_string(pid) + " has ended before it said how this ends");
    }
    if (over) {
      return fail(ErrorKind::timed_out,
                  "not over after " + format_duration(patience) + ", and it goes on");
    }
    std::this_thread::sleep_for(kOutcomeLook);
  }
}

}  // namespace sluice::server_program
