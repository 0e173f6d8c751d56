// SPDX-License-Identifier: Apache-2.0
// The surroundings of a controller in a process: cores, and a real store in a folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/value.h"
#include "control/controller.h"
#include "control/kinds/all.h"
#include "control/testing/scripted_filter.h"
#include "server/workers.h"

namespace sluice::control::testing {

inline constexpr unsigned kCores = 2;
inline constexpr std::size_t kMemoryBytes = std::size_t{64} << 20;

class Folder {
 public:
  Folder() {
    std::string name = ::testing::TempDir() + "control_XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A process from start to end. The next Process on the same folder is its successor.
class Process {
 public:
  Process(const std::string& folder, Script& script, ObjectKinds kinds = all_kinds())
      : Process(store::open_embedded_store(folder, kCores, Logger(), {}, store::Durability::process)
                    .value(),
                "me", script, std::move(kinds)) {}
  Process(std::unique_ptr<store::Store> store, const std::string& member, Script& script,
          ObjectKinds kinds = all_kinds())
      : store_(std::move(store)),
        controller_({.core_count = kCores, .member_name = member}, Logger(), *store_, workers_,
                    scripted_kinds(script), std::move(kinds)) {
    workers_.start();
  }
  ~Process() {
    controller_.end_changes();
    controller_.stop();
    workers_.drain(Duration::zero());
    workers_.stop();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] store::Store& store() { return *store_; }
  [[nodiscard]] server::Workers& workers() { return workers_; }
  [[nodiscard]] Controller& operator*() { return controller_; }
  [[nodiscard]] Controller* operator->() { return &controller_; }

  [[nodiscard]] Result<std::vector<Applied>> apply(const std::string& text,
                                                   ApplyMode mode = ApplyMode::apply) {
    return controller_.apply(config::parse_documents(text).value(), mode);
  }
  [[nodiscard]] std::string error(const std::string& text, ApplyMode mode = ApplyMode::apply) {
    const auto applied = apply(text, mode);
    return applied ? "" : applied.error().message;
  }
  // The `state` in the status of the object.
  [[nodiscard]] std::string state(const std::string& name) const {
    const auto status = controller_.status(name);
    return status ? status->value("state", "") : status.error().message;
  }
  [[nodiscard]] std::string text(const std::string& pipeline) const {
    return controller_.get(pipeline).value()["filters"][0].value("text", "");
  }

 private:
  server::Workers workers_{kCores, kMemoryBytes, nullptr, Logger()};  // outlive the store
  std::unique_ptr<store::Store> store_;
  Controller controller_;
};

inline std::string pipeline_text(const std::string& name, const std::string& text = "one") {
  return "---\nname: " + name +
         "\nkind: Pipeline\nfilters: [{name: f, kind: Scripted, text: " + text + "}]\n";
}

inline std::string http_server_text(const std::string& name, int port, const std::string& backend,
                                    const std::string& more = "") {
  return "---\nname: " + name + "\nkind: HTTPServer\nport: " + std::to_string(port) +
         "\nrules: [{paths: [{pathPrefix: /, backend: " + backend + "}]}]\n" + more;
}

inline std::uint16_t free_port() { return net::Listener::open("", 0)->port(); }

// Waits for a condition. The time limit only ends a hanging test.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace sluice::control::testing
