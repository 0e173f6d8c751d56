// SPDX-License-Identifier: Apache-2.0
// Covers: kept_document.h
#include "filters/validator/last_good.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "filters/validator/kept_document.h"

namespace sluice::filters {
namespace {

const std::string kUrl = "http://keys.test/";

class LastGoodTest : public ::testing::Test {
 protected:
  LastGoodTest()
      : log_((std::filesystem::temp_directory_path() /
              ("sluice-last-good-" + std::to_string(::getpid())))
                 .string()),
        logger_(Logger::open(log_, false)) {}
  ~LastGoodTest() override { std::filesystem::remove(log_); }

  [[nodiscard]] LastGood made(const std::string& source = kUrl) const {
    return {"the keys", source, logger_};
  }
  static Json note_of(std::string_view text) {
    LastGood old("the keys", kUrl, Logger());
    old.put(text);
    old.note_read(77);
    return old.knowledge();
  }
  static config::Value value_of(const Json& note) {
    return config::parse_document(note.dump()).value();
  }
  // True if a LastGood refuses the note, and logs why.
  bool refuses(const Json& note, std::string_view reason, const std::string& source = kUrl) {
    LastGood next(made(source));
    next.learn(value_of(note));
    EXPECT_EQ(next.text(), nullptr);
    EXPECT_EQ(next.read_ms(), 0);
    EXPECT_FALSE(next.has_just_learnt());
    EXPECT_EQ(next.knowledge(), Json());
    return is_logged(reason);
  }
  // Waits for a line with `text`. Forgets the log.
  [[nodiscard]] bool is_logged(std::string_view text) const {
    const TimePoint end = Clock::now() + std::chrono::seconds(30);
    while (Clock::now() < end) {
      logger_.flush();
      lines_ = read_file(log_, 1 << 20).value_or("");
      if (lines_.contains(text)) return ::truncate(log_.c_str(), 0) == 0;
      std::this_thread::yield();
    }
    return false;
  }

  const std::string log_;
  const Logger logger_;
  mutable std::string lines_;  // at the last look
};

TEST_F(LastGoodTest, TheNextProcessHasTheSameText) {
  const std::string text("any\0 b\xffytes\n", 12);
  LastGood next(made());
  next.learn(value_of(note_of(text)));
  ASSERT_NE(next.text(), nullptr);
  EXPECT_EQ(*next.text(), text);
  EXPECT_EQ(next.read_ms(), 77);
  EXPECT_EQ(next.knowledge(), note_of(text)) << "and so on";
  EXPECT_TRUE(next.has_just_learnt());
  EXPECT_FALSE(next.has_just_learnt());
  EXPECT_EQ(made().knowledge(), Json()) << "nothing was read";
}

TEST_F(LastGoodTest, RefusesWhatItCannotTrust) {
  const Json good = note_of("the text");
  const auto with = [&good](const char* name, const Json& value) {
    Json note = good;
    note[name] = value;
    return note;
  };
  const std::string version = "it is of another version of the program";
  EXPECT_TRUE(refuses(with("version", 2), version));
  EXPECT_TRUE(refuses("the text", version));
  EXPECT_TRUE(refuses(Json::array(), version));
  Json without = good;
  without.erase("bytes");
  EXPECT_TRUE(refuses(without, "it is incomplete"));
  EXPECT_TRUE(refuses(with("more", 1), "it is incomplete"));
  EXPECT_TRUE(refuses(good, "it is that of another source", kUrl + "other"));
  EXPECT_TRUE(refuses(with("bytes", LastGood::kPassedOnBytesMax + 1), "it is too long"));
  EXPECT_TRUE(refuses(with("bytes", 7), "it is not whole"));
  EXPECT_FALSE(lines_.contains(good["text"].get<std::string>()));
  EXPECT_TRUE(refuses(with("text", "no base64!"), "it is not whole"));
}

TEST_F(LastGoodTest, ALongTextStaysBehind) {
  EXPECT_NE(note_of(std::string(LastGood::kPassedOnBytesMax, 'x')), Json());
  EXPECT_EQ(note_of(std::string(LastGood::kPassedOnBytesMax + 1, 'x')), Json());
}

// A document whose texts are numbers.
class KeptDocumentTest : public LastGoodTest {
 protected:
  [[nodiscard]] std::unique_ptr<KeptDocument<int>> keep(const std::shared_ptr<LastGood>& last) {
    backend::DocumentSource source;
    source.name = "the number";
    source.file = log_ + ".absent";
    return std::make_unique<KeptDocument<int>>(
        services_, std::move(source),
        [](std::string_view text) -> Result<int> {
          if (text == "seven") return 7;
          return fail(ErrorKind::invalid, "is no number");
        },
        last);
  }
  const DocumentServices services_{std::make_shared<backend::HealthThread>(),
                                   std::make_shared<loop::BlockingPool>(1), logger_};
};

TEST_F(KeptDocumentTest, BeginsWithTheTextBefore) {
  const auto last = std::make_shared<LastGood>("the number", kUrl, logger_);
  last->put("seven");
  last->note_read(77);
  const auto kept = keep(last);
  ASSERT_NE(kept->followed()->load(), nullptr);
  EXPECT_EQ(*kept->followed()->load(), 7);
  EXPECT_TRUE(kept->document().wait_for_first(std::chrono::seconds(30)));
  EXPECT_NE(kept->document().status().error, "");
  EXPECT_EQ(kept->document().status().taken_ms, 77);
  EXPECT_EQ(*kept->followed()->load(), 7) << "the file is absent";
}

TEST_F(KeptDocumentTest, RefusesATextThatIsNotGoodHere) {
  const auto last = std::make_shared<LastGood>("the number", kUrl, logger_);
  last->put("eight");
  const auto kept = keep(last);
  EXPECT_EQ(kept->followed()->load(), nullptr);
  EXPECT_EQ(last->text(), nullptr);
  EXPECT_TRUE(is_logged("what was read before is not used: is no number"));
}

}  // namespace
}  // namespace sluice::filters
