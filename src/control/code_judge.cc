// SPDX-License-Identifier: Apache-2.0
#include "control/code_judge.h"

#include <condition_variable>
#include <mutex>

#include "control/kinds/pipeline.h"
#include "pipeline/with_code.h"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kJudgePeriod{200};
constexpr std::chrono::seconds kNextTry{2};
constexpr std::size_t kFailedMax = 1000;  // remembered, of reloads that a rollback cannot undo

}  // namespace

void CodeJudge::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void CodeJudge::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void CodeJudge::work(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (true) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, kJudgePeriod, [] { return false; });
    if (stop.stop_requested()) return;
    for (const auto& [name, object] : publisher_.objects()) look_at(object);
  }
}

void CodeJudge::look_at(const std::shared_ptr<const Object>& object) {
  const auto running = object->is_current() ? pipeline_of(*object) : nullptr;
  if (!running) return;
  for (const auto& [filter, hash] : code_hashes(object->pins)) {
    const auto* code = dynamic_cast<const pipeline::WithCode*>(running->find(filter));
    const std::string why = code != nullptr ? code->verdict() : "";
    if (!why.empty()) judge(object, filter, why);
  }
}

void CodeJudge::judge(const std::shared_ptr<const Object>& object, const std::string& filter,
                      const std::string& why) {
  const std::string hash = code_hashes(object->pins)[filter];
  const std::string key = object->name + "/" + filter + "/" + hash;
  const auto before = failed_.find(key);
  if (before != failed_.end() && Clock::now() < before->second) return;
  const auto done = take_back_(object, filter, why);
  if (done) {
    failed_.erase(key);
    return;
  }
  if (before == failed_.end()) {
    logger_.error("the code " + hash + " of " + object->name + "/" + filter +
                  " is not rolled back: " + done.error().message + "; " + why);
  }
  if (failed_.size() >= kFailedMax) failed_.clear();
  failed_[key] = Clock::now() + kNextTry;
}

}  // namespace sluice::control
