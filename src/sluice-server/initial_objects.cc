// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/initial_objects.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "config/value.h"

namespace sluice::server_program {
namespace {

constexpr std::string_view kOption = "--initial-object-config-files";
constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::seconds kRepeat{60};  // of an error that lasts

std::string scalar_of(const config::Value& document, std::string_view field) {
  const config::Value* value = document.find(field);
  return value != nullptr ? value->scalar : "";
}

struct Missing {
  std::vector<config::Value> documents;
  std::vector<std::string> labels;  // of each: "Pipeline shop (document 2)"
};

Missing missing_of(std::vector<config::Value> documents, const control::Controller& controller) {
  Missing missing;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string name = scalar_of(documents[i], "name");
    if (!name.empty() && controller.get(name)) continue;
    std::string label = scalar_of(documents[i], "kind") + " " + name;
    label += " (document " + std::to_string(i + 1) + ")";
    missing.labels.push_back(std::move(label));
    missing.documents.push_back(std::move(documents[i]));
  }
  return missing;
}

// "document 2, port: is required" counts the missing documents only. The line names the object.
std::string with_label(const std::string& line, const std::vector<std::string>& labels) {
  if (labels.size() == 1) return labels.front() + ": " + line;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string prefix = "document " + std::to_string(i + 1) + ", ";
    if (line.starts_with(prefix)) return labels[i] + ": " + line.substr(prefix.size());
  }
  return line;
}

Error in_initial_file(const std::string& file, const Error& error,
                      const std::vector<std::string>& labels = {}) {
  const std::vector<std::string> lines =
      error.details.empty() ? std::vector<std::string>{error.message} : error.details;
  std::string text;
  for (const std::string& line : lines)
    text += (text.empty() ? "" : "; ") + with_label(line, labels);
  return {error.kind, std::string(kOption) + " " + file + ": " + text, {}};
}

Result<void> create(const std::string& file, std::vector<config::Value> documents,
                    control::Controller& controller, const Logger& logger) {
  const Missing missing = missing_of(std::move(documents), controller);
  if (missing.documents.empty()) return {};
  const auto applied = controller.apply(missing.documents, control::ApplyMode::create);
  if (!applied) return std::unexpected(in_initial_file(file, applied.error(), missing.labels));
  for (const auto& one : *applied)
    logger.info("initial object " + one.kind + " " + one.name + " created");
  return {};
}

}  // namespace

InitialObjects::InitialObjects(std::vector<std::string> files, Start start,
                               control::Controller& controller, Logger logger)
    : start_(start), controller_(controller), logger_(std::move(logger)), files_(std::move(files)) {
  std::vector<std::string> lines;
  for (const std::string& file : files_)
    lines.push_back(std::string(kOption) + " " + file + ": its objects are not created yet");
  controller_.note_initial_objects(std::move(lines), start_.first);
  thread_ = std::jthread([this] { work(); });
}

InitialObjects::~InitialObjects() {
  controller_.end_changes();
  const MutexLock lock(mutex_);
  ending_ = true;
  changed_.notify_all();
}

Result<std::string> InitialObjects::text_of(const std::string& file) {
  std::error_code ignored;
  const bool once =
      std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored);
  std::string& kept = texts_[file];
  if (once && !kept.empty()) return kept;
  auto text = read_file(file, config::ParseLimits().bytes_max, FileKind::any);
  if (!text) return fail(ErrorKind::not_found, std::string(kOption) + ": " + text.error().message);
  if (text->empty() && once && start_.first && start_.hot) {
    return fail(ErrorKind::conflict,
                std::string(kOption) + " " + file +
                    ": the process before has read it, and has not created its "
                    "objects yet: wait until it is ready, or start anew");
  }
  if (!text->empty()) kept = std::move(*text);
  return kept;
}

Result<std::vector<config::Value>> InitialObjects::documents_of(const std::string& file) {
  SLUICE_TRY(const std::string text, text_of(file));
  auto documents = config::parse_documents(text);
  if (!documents) return std::unexpected(in_initial_file(file, documents.error()));
  return documents;
}

std::vector<Error> InitialObjects::try_files() {
  std::vector<Error> failed;
  std::erase_if(files_, [&](const std::string& file) {
    auto documents = documents_of(file);
    if (!documents && !start_.first) {
      logger_.error(documents.error().message);
      return true;
    }
    const auto created = documents ? create(file, *std::move(documents), controller_, logger_)
                                   : Result<void>(std::unexpected(std::move(documents.error())));
    if (!created) failed.push_back(created.error());
    return created.has_value();
  });
  return failed;
}

bool InitialObjects::goes_on(const std::vector<Error>& failed) {
  const MutexLock lock(mutex_);
  const bool ends_the_start = !failed.empty() && start_.first && !tried_ && !late_;
  if (ends_the_start) outcome_ = std::unexpected(failed.front());
  tried_ = true;
  changed_.notify_all();
  return !ends_the_start && !ending_;
}

void InitialObjects::log(const std::vector<Error>& failed, Duration pause) {
  const TimePoint now = Clock::now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause).count();
  for (const Error& error : failed) {
    const auto told = logged_.find(error.message);
    if (told != logged_.end() && now - told->second < kRepeat) continue;
    logged_[error.message] = now;
    logger_.error(error.message + (start_.first ? "; not ready until they are created" : "") +
                  "; the next try is in " + std::to_string(seconds) + " s");
  }
}

void InitialObjects::work() {
  for (Duration pause = kPauseMin;; pause = std::min(pause * 2, kPauseMax)) {
    const std::vector<Error> failed = try_files();
    std::vector<std::string> lines;
    for (const Error& error : failed) lines.push_back(error.message);
    controller_.note_initial_objects(std::move(lines), start_.first);
    if (!goes_on(failed)) return;
    if (failed.empty()) {
      if (!logged_.empty()) logger_.info(std::string(kOption) + ": all objects are created");
      return;
    }
    log(failed, pause);
    const TimePoint next = Clock::now() + pause;
    const MutexLock lock(mutex_);
    while (!ending_ && changed_.wait_until(mutex_, next)) {
    }
    if (ending_) return;
  }
}

Result<void> InitialObjects::wait() {
  const TimePoint end = Clock::now() + kPatience;
  const MutexLock lock(mutex_);
  while (!tried_ && changed_.wait_until(mutex_, end)) {
  }
  if (tried_) return outcome_;
  late_ = true;
  logger_.warn(std::string(kOption) + ": still at work" +
               (start_.first ? "; not ready until their objects are created" : "; all else runs"));
  return {};
}

}  // namespace sluice::server_program
