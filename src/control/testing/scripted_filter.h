// SPDX-License-Identifier: Apache-2.0
// A kind of filter that builds, fails, blocks and reloads under the control of a test.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/filter.h"

namespace sluice::control::testing {

// Any thread. Outlives the kind and all its filters.
class Script {
 public:
  // The inputs of a build besides its document.
  struct Seen {
    std::string pipeline;
    std::string previous;   // text of the prototype; "": none
    std::string pin;        // likewise
    std::string knowledge;  // likewise
    bool fresh = false;
  };

  // Makes builds in `pipeline` fail from now on; "": they succeed again.
  void fail(const std::string& pipeline, const std::string& reason) {
    const std::scoped_lock lock(mutex_);
    failures_[pipeline] = reason;
  }
  // Makes builds in `pipeline` warn of their text from now on; "": they warn no more.
  void warn(const std::string& pipeline, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    warnings_[pipeline] = text;
  }
  // Makes builds in `pipeline` wait until release(), or until they are asked to stop.
  void hold(const std::string& pipeline) {
    const std::scoped_lock lock(mutex_);
    held_.insert(pipeline);
  }
  void release(const std::string& pipeline) {
    const std::scoped_lock lock(mutex_);
    held_.erase(pipeline);
    changed_.notify_all();
  }
  // Returns when a build in `pipeline` waits.
  void wait_for_build(const std::string& pipeline) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.contains(pipeline); });
  }
  // `call` runs on the core's thread for each filter instance.
  void on_instantiate(std::function<void()> call) {
    const std::scoped_lock lock(mutex_);
    instantiated_ = std::move(call);
  }
  // The result of a reload: "" for no news, "!reason" for a refusal, else the new text.
  void reload_finds(std::string text) {
    const std::scoped_lock lock(mutex_);
    reload_ = std::move(text);
  }
  [[nodiscard]] std::vector<Seen> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  friend class ScriptedKind;
  friend class ScriptedPrototype;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::string> failures_;
  std::map<std::string, std::string> warnings_;
  std::set<std::string> held_;
  std::set<std::string> waiting_;
  std::function<void()> instantiated_;
  std::string reload_;
  std::vector<Seen> seen_;
};

class ScriptedFilter final : public pipeline::Filter {
 public:
  Task<std::string_view> handle(pipeline::Exchange&) override { co_return ""; }
};

// The knowledge of a filter: a text, which it passes on to the next process.
struct Lesson {
  std::string text;
  std::string inherited{};
  [[nodiscard]] Json knowledge() const { return text; }
  void learn(const config::Value& value) { inherited = value.scalar; }
};

class ScriptedPrototype final : public pipeline::FilterPrototype {
 public:
  ScriptedPrototype(Script& script, Json spec, std::string text,
                    std::shared_ptr<const Lesson> lesson)
      : script_(script),
        spec_(std::move(spec)),
        text_(std::move(text)),
        lesson_(std::move(lesson)) {}
  // The text in force: that of the spec, until a reload finds another one.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Json spec() const override { return spec_; }
  [[nodiscard]] Json status() const override { return {{"codeHash", text()}}; }
  [[nodiscard]] Json pin() const override {
    return {{"text", text()}, {"source", spec_.value("text", "")}};
  }
  [[nodiscard]] bool has_shared_data() const override { return true; }
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(const loop::Core&) const override {
    std::function<void()> call;
    {
      const std::scoped_lock lock(script_.mutex_);
      call = script_.instantiated_;
    }
    if (call) call();
    return std::make_unique<ScriptedFilter>();
  }
  [[nodiscard]] Result<std::shared_ptr<const FilterPrototype>> reload(
      const pipeline::StateScope& states, const pipeline::ReloadInputs& inputs) const override {
    const std::scoped_lock lock(script_.mutex_);
    if (inputs.code != nullptr) return with_text(*inputs.code, states);
    if (script_.reload_.empty()) return nullptr;
    if (script_.reload_.starts_with('!'))
      return sluice::fail(ErrorKind::invalid, script_.reload_.substr(1));
    return with_text(script_.reload_, states);
  }
  // The lesson goes on in force under any text, so that the next build finds it.
  [[nodiscard]] static std::shared_ptr<const ScriptedPrototype> make(
      Script& script, Json spec, const std::string& text, const pipeline::StateScope& states) {
    auto lesson = std::make_shared<Lesson>(Lesson{text});
    states.put(kLearnt, pipeline::NoTerms(), lesson);
    return std::make_shared<ScriptedPrototype>(script, std::move(spec), text, std::move(lesson));
  }
  static constexpr std::string_view kLearnt = "learnt";

 private:
  [[nodiscard]] Result<std::shared_ptr<const FilterPrototype>> with_text(
      const std::string& text, const pipeline::StateScope& states) const {
    return make(script_, spec_, text, states);
  }

  Script& script_;
  const Json spec_;
  const std::string text_;
  const std::shared_ptr<const Lesson> lesson_;
};

class ScriptedKind final : public pipeline::FilterKind {
 public:
  explicit ScriptedKind(Script& script) : script_(script) {}
  [[nodiscard]] std::string_view name() const override { return "Scripted"; }
  [[nodiscard]] std::span<const std::string_view> results() const override { return kResults; }
  [[nodiscard]] std::string_view description() const override { return "does as a test says"; }
  [[nodiscard]] bool has_code() const override { return true; }
  [[nodiscard]] Json schema() const override {
    return {{"type", "object"},
            {"properties",
             {{"text", {{"type", "string"}}}, {"key", {{"type", "string"}, {"writeOnly", true}}}}}};
  }
  [[nodiscard]] std::shared_ptr<const pipeline::FilterPrototype> build(
      const config::Value& value, const pipeline::FilterContext& context,
      config::Faults& faults) const override {
    std::unique_lock lock(script_.mutex_);
    note(context);
    if (script_.held_.contains(context.pipeline)) {
      script_.waiting_.insert(context.pipeline);
      script_.changed_.notify_all();
      script_.changed_.wait(lock, context.stop,
                            [&] { return !script_.held_.contains(context.pipeline); });
      script_.waiting_.erase(context.pipeline);
    }
    const std::string reason =
        context.stop.stop_requested() ? "is no longer wanted" : script_.failures_[context.pipeline];
    if (!reason.empty()) {
      faults.add(context.path + ".text", reason);
      return nullptr;
    }
    if (const std::string& warning = script_.warnings_[context.pipeline]; !warning.empty())
      faults.warn(context.path + ".text", warning);
    const auto scalar = [&value](std::string_view key) {
      const config::Value* found = value.find(key);
      return found != nullptr ? found->scalar : std::string();
    };
    Json spec = {
        {"name", context.name}, {"kind", name()}, {"text", scalar("text")}, {"key", scalar("key")}};
    const bool pinned = context.pin != nullptr && !context.fresh &&
                        context.pin->value("source", "") == scalar("text");
    return ScriptedPrototype::make(script_, std::move(spec),
                                   pinned ? context.pin->value("text", "") : scalar("text"),
                                   context.states);
  }

 private:
  static constexpr std::array<std::string_view, 1> kResults{"failed"};

  // Requires: the lock is held.
  void note(const pipeline::FilterContext& context) const {
    Script::Seen& seen = script_.seen_.emplace_back();
    seen.pipeline = context.pipeline;
    seen.fresh = context.fresh;
    if (context.pin != nullptr) seen.pin = context.pin->value("text", "");
    const auto lesson =
        context.states.keep(ScriptedPrototype::kLearnt, [] { return std::make_shared<Lesson>(); });
    seen.previous = lesson->text;
    seen.knowledge = lesson->inherited;
  }

  Script& script_;
};

inline pipeline::FilterKinds scripted_kinds(Script& script) {
  pipeline::FilterKinds kinds;
  kinds.push_back(std::make_unique<ScriptedKind>(script));
  return kinds;
}

}  // namespace sluice::control::testing
