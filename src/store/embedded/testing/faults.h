// SPDX-License-Identifier: Apache-2.0
// For tests: one core, one namespace, and a disk that fails, is damaged or loses power.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "store/chain_store.h"
#include "store/embedded/sqlite_medium.h"
#include "store/embedded/testing/fault_vfs.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {

class Faults : public testing::Test {
 protected:
  Result<void> try_open(Durability durability = Durability::disk, Presence presence = {}) {
    auto medium = SqliteMedium::open(directory_.path(), {.durability = durability,
                                                         .vfs = vfs_.name(),
                                                         .presence = presence,
                                                         .logger = Logger(),
                                                         .boot = "boot" + std::to_string(boots_)});
    if (!medium) return std::unexpected(medium.error());
    Limits limits;
    limits.bulk_entries_min = 8;
    store_ = std::make_unique<ChainStore>(std::move(*medium), cores_.count(), Logger(), limits);
    return store_->prepare("p/f");
  }
  void open(Durability durability = Durability::disk) {
    const auto opened = try_open(durability);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  std::string refusal() {
    const auto opened = try_open();
    return opened ? "" : opened.error().message;
  }
  View& view() {
    return cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), "p/f"); });
  }
  // True if the user was told.
  bool let_in(const std::string& user, const std::string& value = "true") {
    View& its = view();
    return cores_.await(0, [&]() -> Task<bool> {
      const Commit commit = put(its, "id/" + user, value);
      if (commit.status != CommitStatus::committed) co_return false;
      const auto durable = co_await its.durable(commit.version, in(std::chrono::seconds(20)));
      co_return durable.has_value();
    });
  }
  bool knows(const std::string& user) {
    return cores_.on(0, [&] { return get(store_->view(cores_.core(0), "p/f"), "id/" + user); })
        .has_value();
  }
  bool well(Duration patience = std::chrono::seconds(20)) {
    const TimePoint end = in(patience);
    while (!store_->health().empty() && Clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return store_->health().empty();
  }
  bool ill() {
    const TimePoint end = in(std::chrono::seconds(20));
    while (store_->health().empty() && Clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return !store_->health().empty();
  }
  void crash(bool power_cut = true) {
    vfs_.kill();
    store_.reset();
    if (power_cut) {
      vfs_.lose_cache();
      ++boots_;
    }
    vfs_.power_on();
  }
  // All durable entries.
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(store_->scan("p/f", "", [&](std::string_view key, std::string_view value) {
      all.emplace(key, value);
      return true;
    }));
    return all;
  }
  std::string path(const char* suffix = "") { return directory_.path() + "/sluice.db" + suffix; }
  void overwrite(const char* suffix, std::streamoff at, const std::string& bytes) {
    std::fstream file(path(suffix), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }
  // Writes 2,000 keys, all in the database file itself.
  void fill() {
    std::vector<Entry> entries;
    for (int i = 0; i < 2'000; ++i) entries.push_back({"id/" + std::to_string(i), "true"});
    ASSERT_TRUE(store_->apply("p/f", entries));
    store_.reset();
    ASSERT_FALSE(std::filesystem::exists(path("-wal")));
  }

  TestDirectory directory_;
  int boots_ = 0;  // of the machine
  FaultVfs vfs_{4711};
  TestCores cores_{1};
  std::unique_ptr<ChainStore> store_;
};

}  // namespace sluice::store
