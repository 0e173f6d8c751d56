// SPDX-License-Identifier: Apache-2.0
// For tests: a store whose files are copied, exchanged and cut between two starts.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "store/embedded/testing/faults.h"

namespace sluice::store {

class Admission : public Faults {
 protected:
  // Admits 40 users.
  void sell(const std::string& name = "u") {
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(let_in(name + std::to_string(i)));
  }
  void expect_sold(const std::string& name = "u") {
    for (int i = 0; i < 40; ++i) EXPECT_TRUE(knows(name + std::to_string(i))) << i;
  }
  void stop() { store_.reset(); }
  void save(const std::string& as) {
    std::filesystem::create_directories(aside(as));
    for (const char* suffix : kSuffixes) {
      if (std::filesystem::exists(path(suffix)))
        std::filesystem::copy_file(path(suffix), aside(as) + "/db" + suffix);
    }
  }
  // All files as they were saved; `only`: that one only.
  void put_back(const std::string& as, const char* only = nullptr) {
    for (const char* suffix : kSuffixes) {
      if (only != nullptr && std::string_view(only) != suffix) continue;
      std::filesystem::remove(path(suffix));
      const std::string saved = aside(as) + "/db" + suffix;
      if (std::filesystem::exists(saved)) std::filesystem::copy_file(saved, path(suffix));
    }
  }
  std::string aside(const std::string& name) { return elsewhere_.path() + "/" + name; }
  void expect_refused(std::initializer_list<std::string> words) {
    const std::string text = refusal();
    for (const std::string& word : words) {
      EXPECT_NE(text.find(word), std::string::npos) << word << " is not in: " << text;
    }
    store_.reset();
  }
  bool opens_with(Presence presence) {
    const auto opened = try_open(Durability::disk, presence);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened.has_value();
  }

  static constexpr const char* kSuffixes[] = {"", "-wal", "-shm", "-mark"};
  TestDirectory elsewhere_;
};

inline constexpr Presence kAccept{.required = false, .accept_older = true};

}  // namespace sluice::store
