// SPDX-License-Identifier: Apache-2.0
// For tests: several controllers on one shared store, the members of a cluster.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "control/testing/process.h"
#include "store/testing/shared_store.h"

namespace sluice::control::testing {

class Members {
 public:
  // Starts a member that no other one is called like.
  Process& start(const std::string& name) {
    auto process = std::make_unique<Process>(
        std::make_unique<store::SharedStore>(shared_, name, kCores), name, scripts_[name]);
    EXPECT_TRUE((*process)->start());
    return *(processes_[name] = std::move(process));
  }
  void stop(const std::string& name) { processes_.erase(name); }
  [[nodiscard]] Process& of(const std::string& name) { return *processes_.at(name); }
  // Rules over the filters of the member.
  [[nodiscard]] Script& script(const std::string& name) { return scripts_[name]; }
  [[nodiscard]] store::SharedPart& shared() { return *shared_; }

 private:
  const std::shared_ptr<store::SharedPart> shared_ = std::make_shared<store::SharedPart>();
  std::map<std::string, Script> scripts_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
};

}  // namespace sluice::control::testing
