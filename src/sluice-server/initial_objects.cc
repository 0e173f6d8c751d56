// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/initial_objects.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "config/value.h"

namespace sluice::server_program {
namespace {

Error in_initial_file(const std::string& file, Error error) {
  error.message = "--initial-object-config-files " + file + ": " + error.message;
  return error;
}

Result<void> create(const std::vector<std::string>& files, control::Controller& controller,
                    const Logger& logger) {
  for (const std::string& file : files) {
    const auto text = read_file(file, config::ParseLimits().bytes_max, FileKind::any);
    if (!text)
      return fail(ErrorKind::not_found, "--initial-object-config-files: " + text.error().message);
    auto documents = config::parse_documents(*text);
    if (!documents) return std::unexpected(in_initial_file(file, documents.error()));
    std::vector<config::Value> missing;
    for (config::Value& document : *documents) {
      const config::Value* name = document.find("name");
      if (name != nullptr && controller.get(name->scalar)) continue;
      missing.push_back(std::move(document));
    }
    if (missing.empty()) continue;
    const auto applied = controller.apply(missing, control::ApplyMode::create);
    if (!applied) return std::unexpected(in_initial_file(file, applied.error()));
    for (const auto& one : *applied)
      logger.info("initial object " + one.kind + " " + one.name + " created");
  }
  return {};
}

}  // namespace

InitialObjects::InitialObjects(std::vector<std::string> files, control::Controller& controller,
                               Logger logger)
    : controller_(controller),
      logger_(std::move(logger)),
      created_(std::async(std::launch::async, [this, files = std::move(files)] {
        auto done = create(files, controller_, logger_);
        if (!done && late_) logger_.error(done.error().message);
        return done;
      })) {}

InitialObjects::~InitialObjects() {
  controller_.end_changes();
  if (created_.valid()) created_.wait();
}

Result<void> InitialObjects::wait() {
  constexpr std::chrono::seconds kPatience{3};
  if (created_.wait_for(kPatience) == std::future_status::timeout) {
    late_ = true;
    if (created_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) {
      logger_.warn("--initial-object-config-files: still at work; all else runs");
      return {};
    }
  }
  return created_.get();
}

}  // namespace sluice::server_program
