// SPDX-License-Identifier: Apache-2.0
// Covers: running_code.cc prototype.cc
// Code of filters on a store that the members of a cluster share.
#include <filesystem>
#include <fstream>

#include "filters/wasm_host/testing/test_host.h"
#include "store/blobs.h"
#include "store/testing/shared_store.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;
using testing::guest;
using testing::Host;

// Member one has the file of the code, and has built the filter. Member two has no such file.
class WasmHostSharedCode : public ::testing::Test {
 protected:
  void SetUp() override {
    write(guest("(i32.const 1)"));
    one_.use(file());
    pin_ = one_.prototype->pin();
    fs::rename(file(), file() + ".away");  // what two sees
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string file() const { return directory_ + "/guest.wat"; }
  void write(const std::string& code) const {
    std::ofstream(file(), std::ios::trunc | std::ios::binary) << code;
  }
  std::unique_ptr<Host> member(const std::string& name) {
    return std::make_unique<Host>(1, wasm::EngineOptions{.guests_max = 200, .accept_text = true},
                                  directory_ + "/" + name,
                                  std::make_unique<store::SharedStore>(shared_, name, 1));
  }
  std::shared_ptr<const pipeline::FilterPrototype> build(Host& member) const {
    pipeline::FilterContext context;
    context.pin = &pin_;
    return member.build(file(), "", context);
  }
  std::string hash() const { return pin_.at("sha256"); }
  bool is_shared() { return store::Blobs(*one_.store).load(hash()).has_value(); }
  void clear_blobs() {
    store::Blobs::UnusedBlobs unused;
    ASSERT_TRUE(store::Blobs(*one_.store)
                    .clear(unused, Duration::zero(), []() -> Result<std::set<std::string>> {
                      return std::set<std::string>();
                    }));
  }

  static std::string new_directory() {
    std::string name = ::testing::TempDir() + "shared_code_XXXXXX";
    return ::mkdtemp(name.data());
  }

  const std::string directory_ = new_directory();  // before the members, whose copies it holds
  const std::shared_ptr<store::SharedPart> shared_ = std::make_shared<store::SharedPart>();
  std::unique_ptr<Host> first_;
  Host& one_ = *(first_ = member("one"));
  std::unique_ptr<Host> two_ = member("two");
  Json pin_;
  std::string new_code_;
};

TEST_F(WasmHostSharedCode, AMemberWithoutTheFileRunsTheCode) {
  EXPECT_TRUE(is_shared());
  const auto made = build(*two_);
  ASSERT_TRUE(made) << two_->faults.lines().front();
  EXPECT_EQ(made->pin(), pin_);
  EXPECT_EQ(made->note(), "") << "it needs no file";
  EXPECT_TRUE(fs::exists(directory_ + "/two/" + hash() + ".wasm"))
      << "the next start needs no store";
  EXPECT_FALSE(two_->build(file())) << "only the member that takes a change reads `code`";
}

TEST_F(WasmHostSharedCode, AFileThatDiffersIsNoted) {
  write(guest("(i32.const 2)"));
  const auto made = build(*two_);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->pin(), pin_);
  EXPECT_NE(made->note().find("holds other code now"), std::string::npos) << made->note();
}

TEST_F(WasmHostSharedCode, APinGoesBeforeTheCodeInForce) {
  const auto reloaded = one_.prototype->reload({}, {.code = &(new_code_ = guest("(i32.const 2)"))});
  ASSERT_TRUE(reloaded && *reloaded);
  pin_ = (*reloaded)->pin();
  pipeline::FilterContext context;
  context.pin = &pin_;
  pipeline::StateDraft draft = one_.states.draft("shop");
  context.states = draft.scope().of_filter("wasm", "WasmHost");
  const auto next = one_.build(file(), "", context);
  ASSERT_TRUE(next) << one_.faults.lines().front();
  EXPECT_EQ(next->pin(), pin_);
}

TEST_F(WasmHostSharedCode, UploadedCodeRunsWithoutAFile) {
  new_code_ = guest("(i32.const 2)");
  const auto uploaded = one_.prototype->reload({}, {.code = &new_code_});
  ASSERT_TRUE(uploaded && *uploaded) << uploaded.error().message;
  EXPECT_EQ((*uploaded)->note(), "");
  pin_ = (*uploaded)->pin();
  const auto made = build(*two_);
  ASSERT_TRUE(made) << two_->faults.lines().front();
  EXPECT_EQ(made->pin(), pin_);
  EXPECT_EQ(made->note(), "");
  const std::string junk = "junk";
  EXPECT_FALSE(one_.prototype->reload({}, {.code = &junk}));
}

TEST_F(WasmHostSharedCode, CodeThatIsGoneIsReadAgainIfItIsTheSame) {
  clear_blobs();
  EXPECT_FALSE(build(*two_));
  EXPECT_NE(two_->faults.lines().front().find("is not in the store"), std::string::npos);
  write(guest("(i32.const 2)"));
  EXPECT_FALSE(build(*two_)) << "no member runs other code than the others";
  EXPECT_NE(two_->faults.lines().front().find("holds other code"), std::string::npos);
  write(guest("(i32.const 1)"));
  ASSERT_TRUE(build(*two_));
  EXPECT_TRUE(is_shared()) << "for the others, too";
}

TEST_F(WasmHostSharedCode, ABuildPutsCodeBackThatTheStoreLacks) {
  clear_blobs();
  ASSERT_FALSE(is_shared());
  ASSERT_TRUE(build(one_)) << one_.faults.lines().front();
  EXPECT_TRUE(is_shared());
  clear_blobs();
  ASSERT_TRUE(one_.build_next(file(), "timeout: 2s"));
  EXPECT_TRUE(is_shared());
}

TEST_F(WasmHostSharedCode, OddPinsAreNoPins) {
  pin_["uploaded"] = 7;
  const auto made = build(*two_);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->pin().contains("uploaded"));
}

}  // namespace
}  // namespace sluice::filters
