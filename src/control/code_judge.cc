// SPDX-License-Identifier: Apache-2.0
#include "control/code_judge.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "control/code_history.h"
#include "control/kinds/pipeline.h"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kJudgePeriod{200};
constexpr std::chrono::seconds kFirstPause{2};
constexpr std::chrono::minutes kPauseMax{10};
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
    if (code != nullptr) judge(object, filter, hash, *code);
  }
  if (has_trial_news(*object)) note_trials(object);
}

void CodeJudge::judge(const std::shared_ptr<const Object>& object, const std::string& filter,
                      const std::string& hash, const pipeline::WithCode& code) {
  const std::string place = object->name + "/" + filter;
  const std::string key = place + "/" + hash;
  const std::string why = code.verdict();
  if (why.empty()) {
    if (failed_.erase(key) == 0) return;
    logger_.warn("the code " + hash + " of " + place +
                 " runs on, and no rollback is tried any more: its window has ended, or fewer runs "
                 "fail");
    return;
  }
  if (is_early(key)) return;
  const auto done = take_back_(object, filter, why);
  if (done) {
    if (*done) failed_.erase(key);
    return;
  }
  const std::string& error = done.error().message;
  code.set_trial_trouble("its trial failed (" + why + "), and no earlier code is put back: " +
                         error + "; bring other code, or choose one with `egctl wasm rollback " +
                         object->name + " " + filter + " --to HASH`");
  if (note_failure(key, error)) {
    logger_.error("the code " + hash + " of " + place +
                  " is not rolled back, and runs on: " + error + "; " + why);
  }
}

void CodeJudge::note_trials(const std::shared_ptr<const Object>& object) {
  const std::string& key = object->name;
  if (is_early(key)) return;
  const auto done = note_trials_(object);
  if (done) {
    if (*done) failed_.erase(key);
  } else if (note_failure(key, done.error().message)) {
    logger_.error("the history of the code of " + object->name +
                  " does not have the end of a trial: " + done.error().message);
  }
}

bool CodeJudge::is_early(const std::string& key) const {
  const auto before = failed_.find(key);
  return before != failed_.end() && Clock::now() < before->second.next;
}

bool CodeJudge::note_failure(const std::string& key, const std::string& error) {
  if (failed_.size() >= kFailedMax) failed_.clear();
  const auto [failure, first] = failed_.try_emplace(key, Failure{error, kFirstPause, {}});
  const bool news = first || failure->second.error != error;
  if (!first) failure->second.pause = std::min<Duration>(2 * failure->second.pause, kPauseMax);
  failure->second.error = error;
  failure->second.next = Clock::now() + failure->second.pause;
  return news;
}

}  // namespace sluice::control
