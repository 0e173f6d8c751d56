// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/initial_objects.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/value.h"

namespace sluice::server_program {
namespace {

Error in_file(const std::string& file, Error error) {
  error.message = "--initial-object-config-files " + file + ": " + error.message;
  return error;
}

}  // namespace

Result<void> create_initial_objects(const std::vector<std::string>& files,
                                    control::Controller& controller, const Logger& logger) {
  for (const std::string& file : files) {
    const std::ifstream stream(file, std::ios::binary);
    if (!stream)
      return fail(ErrorKind::not_found,
                  "--initial-object-config-files: " + file + " cannot be read");
    std::ostringstream text;
    text << stream.rdbuf();
    auto documents = config::parse_documents(text.str());
    if (!documents) return std::unexpected(in_file(file, documents.error()));
    std::vector<config::Value> missing;
    for (config::Value& document : *documents) {
      const config::Value* name = document.find("name");
      if (name != nullptr && controller.get(name->scalar)) continue;
      missing.push_back(std::move(document));
    }
    if (missing.empty()) continue;
    const auto applied = controller.apply(missing, control::ApplyMode::create);
    if (!applied) return std::unexpected(in_file(file, applied.error()));
    for (const auto& one : *applied)
      logger.info("initial object " + one.kind + " " + one.name + " created");
  }
  return {};
}

}  // namespace sluice::server_program
