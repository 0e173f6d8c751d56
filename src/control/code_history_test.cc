// SPDX-License-Identifier: Apache-2.0
#include "control/code_history.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluice::control {
namespace {

std::string hash(char letter) { return std::string(64, letter); }

// A pipeline of which only the pins are known, as of one that does not run.
class CodeHistory : public ::testing::Test {
 protected:
  void run(char letter, const CodeChange& change = {.by = "ann", .how = "reload"}) {
    auto next = std::make_shared<Object>();
    next->name = "p";
    next->kind = "Pipeline";
    next->pins = {{"f", {{"sha256", hash(letter)}, {"loadedAt", "then"}}}};
    next->history = history_after(object_.get(), *next, change, std::to_string(++time_));
    object_ = std::move(next);
  }
  void go_back(const std::string& to = "") {
    const auto target = rollback_target(*object_, "f", to);
    ASSERT_TRUE(target) << target.error().message;
    run(target->front(), {.by = "bob", .how = "rollback", .why = "slow"});
  }
  // The letters of the hashes, the one that runs last; in upper case if it was rolled back.
  [[nodiscard]] std::string letters() const {
    std::string all;
    for (const Json& code : codes_of(*object_, "f")) {
      const char letter = code.at("sha256").get<std::string>().front();
      all += code.contains("rolledBack") ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    return all;
  }
  [[nodiscard]] Json last() const { return codes_of(*object_, "f").back(); }
  void set_trial(std::size_t index, const std::string& trial) {
    auto changed = std::make_shared<Object>(*object_);
    changed->history["f"][index]["trial"] = trial;
    object_ = std::move(changed);
  }
  [[nodiscard]] std::string trial(std::size_t index) const {
    return codes_of(*object_, "f").at(index).value("trial", "");
  }
  [[nodiscard]] char proven() const {
    const auto target = proven_target(*object_, "f");
    return target ? target->front() : '-';
  }
  // The letters of the codes that reload-code leaves out.
  [[nodiscard]] std::string refused() const {
    std::string all;
    const auto records = code_records(*object_);
    for (const std::string& one : records.at("f").refused) all += one.front();
    return all;
  }
  void go_back_by_itself() {
    const auto target = proven_target(*object_, "f");
    ASSERT_TRUE(target) << target.error().message;
    run(target->front(), {.how = "automatic rollback", .why = "traps"});
  }
  void set_bytes(std::size_t index, std::uint64_t bytes) {
    auto changed = std::make_shared<Object>(*object_);
    changed->history["f"][index]["bytes"] = bytes;
    object_ = std::move(changed);
  }

  std::shared_ptr<const Object> object_;
  int time_ = 0;
};

TEST_F(CodeHistory, BeginsWithTheFirstCode) {
  run('a', {.by = "", .how = "apply"});
  EXPECT_EQ(letters(), "a");
  EXPECT_EQ(last().at("by"), "-");
  EXPECT_EQ(last().at("how"), "apply");
  EXPECT_EQ(rollback_target(*object_, "f", "").error().kind, ErrorKind::not_found);
}

TEST_F(CodeHistory, TheSameCodeIsNoNews) {
  run('a');
  const Json before = object_->history;
  run('a', {.by = "eve", .how = "apply"});
  EXPECT_EQ(object_->history, before);
}

TEST_F(CodeHistory, CodeThatComesAgainMovesToTheEnd) {
  run('a', {.by = "ann", .how = "apply"});
  run('b');
  run('a', {.by = "eve", .how = "reload"});
  EXPECT_EQ(letters(), "ba");
  EXPECT_EQ(last().at("firstBy"), "ann");
  EXPECT_EQ(last().at("firstAt"), "1");
  EXPECT_EQ(last().at("by"), "eve");
  EXPECT_EQ(last().at("at"), "3");
}

TEST_F(CodeHistory, ARollbackMarksWhatItLeaves) {
  for (const char letter : {'a', 'b', 'c'}) run(letter);
  go_back();
  EXPECT_EQ(letters(), "aCb");
  const Json left = codes_of(*object_, "f").at(1).at("rolledBack");
  EXPECT_EQ(left, (Json{{"at", "4"}, {"by", "bob"}, {"why", "slow"}}));
  go_back();
  EXPECT_EQ(letters(), "CBa") << "not to what was rolled back";
  EXPECT_EQ(rollback_target(*object_, "f", "").error().kind, ErrorKind::not_found);
  go_back(hash('c').substr(0, 3));
  EXPECT_EQ(letters(), "BAc") << "by its name, it may be any";
  run('b');
  EXPECT_EQ(letters(), "Acb") << "a reload clears the mark";
}

TEST_F(CodeHistory, TellsOfTheRollbackFromACodeThatIsChosenAgain) {
  run('a');
  run('b');
  go_back();
  const auto note = [this](char letter) { return rolled_back_note(*object_, "f", hash(letter)); };
  EXPECT_EQ(note('a'), "");
  EXPECT_EQ(note('b'), "bbbbbbbbbbbb was rolled back by bob at 3 (slow), and is not judged again");
  run('c');
  go_back_by_itself();
  EXPECT_EQ(note('c'),
            "cccccccccccc was rolled back by itself at 5 (traps), and is not judged again");
  go_back(hash('b'));
  EXPECT_EQ(note('b'), "");
}

TEST_F(CodeHistory, NamesOfCodes) {
  for (const char letter : {'a', 'b'}) run(letter);
  EXPECT_EQ(rollback_target(*object_, "f", hash('b')).error().kind, ErrorKind::conflict);
  EXPECT_EQ(rollback_target(*object_, "f", "c").error().kind, ErrorKind::not_found);
  EXPECT_EQ(find_code(*object_, "f", "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(find_code(*object_, "f", "b").value(), hash('b'));
  EXPECT_EQ(find_code(*object_, "g", "b").error().kind, ErrorKind::not_found);
}

TEST_F(CodeHistory, KeepsTheNewestCodes) {
  for (char letter = 'a'; letter < 'a' + static_cast<char>(kCodesKeptMax); ++letter) run(letter);
  EXPECT_EQ(letters(), "abcdefghij");
  run('z');
  EXPECT_EQ(letters(), "bcdefghijz");
}

TEST_F(CodeHistory, KeepsTheWayBackWhateverTheSize) {
  for (const char letter : {'a', 'b', 'c', 'd'}) run(letter);
  for (std::size_t i = 0; i < 4; ++i) set_bytes(i, kCodeBytesKeptMax);
  go_back();
  EXPECT_EQ(letters(), "bDc") << "what runs, what was left, and where the next rollback goes";
  set_bytes(0, kCodeBytesKeptMax / 3);
  set_bytes(1, kCodeBytesKeptMax / 3);
  set_bytes(2, kCodeBytesKeptMax / 3);
  run('e');
  EXPECT_EQ(letters(), "bDce") << "it fits";
}

TEST_F(CodeHistory, AnObjectOfAnEarlierVersionHasWhatRuns) {
  Object old;
  old.kind = "Pipeline";
  old.pins = {{"f", {{"sha256", hash('a')}, {"loadedAt", "then"}}}};
  object_ = std::make_shared<Object>(old);
  EXPECT_EQ(letters(), "a");
  EXPECT_EQ(last().at("at"), "then");
  run('b');
  EXPECT_EQ(letters(), "ab");
  go_back();
  EXPECT_EQ(letters(), "Ba");
}

TEST_F(CodeHistory, ByItselfItGoesToCodeThatWasFoundGood) {
  for (const char letter : {'a', 'b', 'c'}) run(letter);
  EXPECT_EQ(proven(), 'b') << "nobody judged it";
  set_trial(1, "replaced");
  EXPECT_EQ(proven(), 'a');
  set_trial(1, "failed");
  EXPECT_EQ(proven(), 'a');
  set_trial(1, "passed");
  EXPECT_EQ(proven(), 'b');
  set_trial(1, "replaced");
  set_trial(2, "running");
  go_back_by_itself();
  EXPECT_EQ(letters(), "bCa");
  EXPECT_EQ(trial(1), "failed");
  EXPECT_EQ(trial(2), "");
  EXPECT_EQ(proven(), '-');
  EXPECT_EQ(rollback_target(*object_, "f", "").value(), hash('b')) << "a person may";
}

TEST_F(CodeHistory, ATrialThatIsCutShortIsNoProof) {
  run('a');
  run('b');
  set_trial(1, "running");
  run('c');
  EXPECT_EQ(trial(1), "replaced");
  EXPECT_EQ(proven(), 'a');
  go_back(hash('b'));
  run('d');
  EXPECT_EQ(letters(), "aCbd");
  EXPECT_EQ(trial(2), "");
  EXPECT_EQ(proven(), 'b') << "somebody has chosen it";
}

TEST_F(CodeHistory, KeepsTheCodeThatWasFoundGood) {
  run('a');
  for (char letter = 'b'; letter <= 'p'; ++letter) {
    run(letter);
    set_trial(codes_of(*object_, "f").size() - 1, "running");
  }
  EXPECT_EQ(letters().size(), kCodesKeptMax);
  EXPECT_EQ(proven(), 'a');
}

TEST_F(CodeHistory, WhatWasRolledBackIsRefusedUntilTheSourceHasHeldOtherCode) {
  for (const char letter : {'a', 'b', 'c'}) run(letter);
  EXPECT_EQ(refused(), "");
  go_back();
  go_back();
  EXPECT_EQ(refused(), "bc");
  run('u', {.by = "ann", .how = "upload"});
  EXPECT_EQ(refused(), "bc") << "the source may be the same";
  run('c', {.by = "ann", .how = "upload"});
  EXPECT_EQ(refused(), "b") << "somebody has asked for it";
  run('d');
  EXPECT_EQ(refused(), "");
}

TEST_F(CodeHistory, ARollbackEndsWithAReloadOfTheSameCode) {
  run('a');
  run('b');
  const auto back = [this](bool still) {
    auto next = std::make_shared<Object>(*object_);
    next->pins["f"]["sha256"] = hash('a');
    if (still) next->pins["f"]["rolledBackFrom"] = hash('b');
    if (!still) next->pins["f"].erase("rolledBackFrom");
    const CodeChange change{.by = "ann", .how = still ? "rollback" : "reload"};
    next->history = history_after(object_.get(), *next, change, std::to_string(++time_));
    object_ = std::move(next);
  };
  back(true);
  EXPECT_EQ(refused(), "b");
  back(false);
  EXPECT_EQ(letters(), "Ba");
  EXPECT_EQ(last().at("how"), "reload");
  EXPECT_EQ(refused(), "") << "the source has held other code since";
}

TEST_F(CodeHistory, BeginsAnewForAnotherKindOfFilter) {
  run('a');
  run('b');
  auto next = std::make_shared<Object>(*object_);
  next->pins["f"] = {{"sha256", hash('c')}, {"kind", "ProxyWasm"}};
  next->history = history_after(object_.get(), *next, {.by = "ann", .how = "apply"}, "9");
  object_ = std::move(next);
  EXPECT_EQ(letters(), "c");
}

TEST_F(CodeHistory, ARecordTellsOfATrialThatHasNotEnded) {
  run('a');
  EXPECT_EQ(code_records(*object_)["f"].sha256, hash('a'));
  for (const char* trial : {"running", "failed"}) {
    set_trial(0, trial);
    EXPECT_TRUE(code_records(*object_)["f"].on_trial) << trial;
  }
  set_trial(0, "passed");
  EXPECT_FALSE(code_records(*object_)["f"].on_trial);
}

TEST_F(CodeHistory, OtherObjectsAndFiltersHaveNone) {
  run('a');
  Object server;
  server.kind = "HTTPServer";
  EXPECT_TRUE(history_after(nullptr, server, {}, "now").is_null());
  Object gone;
  gone.kind = "Pipeline";
  EXPECT_TRUE(history_after(object_.get(), gone, {}, "now").is_null());
  std::set<std::string> hashes;
  add_hashes(object_->history, hashes);
  add_hashes(Json(), hashes);
  EXPECT_EQ(hashes, std::set<std::string>{hash('a')});
}

}  // namespace
}  // namespace sluice::control
