// SPDX-License-Identifier: Apache-2.0
#include "control/object_prototype.h"

#include <nlohmann/json.hpp>

namespace sluice::control {

Json ObjectPrototype::pins() const { return nullptr; }
std::vector<std::string> ObjectPrototype::notes() const { return {}; }
std::vector<std::string> ObjectPrototype::other_code() const { return {}; }
std::optional<ObjectPrototype::Listening> ObjectPrototype::listens() const { return {}; }
std::vector<std::string> ObjectPrototype::pipelines() const { return {}; }

}  // namespace sluice::control
