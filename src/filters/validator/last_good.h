// SPDX-License-Identifier: Apache-2.0
// LastGood: the text of a file or URL that was found good last. It outlives the document that reads
// it again, and a hot restart: pipeline::Learning.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/log.h"
#include "base/published.h"
#include "config/value.h"

namespace sluice::filters {

// Any thread.
class LastGood {
 public:
  // A longer text is not passed on to the next process.
  static constexpr std::size_t kPassedOnBytesMax = std::size_t{1} << 20;

  // `name`: for the log. `source`: the file or URL; a text of another one is refused.
  LastGood(std::string name, std::string source, Logger logger)
      : name_(std::move(name)), source_(std::move(source)), logger_(std::move(logger)) {}

  // Null: there is none yet.
  [[nodiscard]] std::shared_ptr<const std::string> text() const { return text_.load(); }
  void put(std::string_view text) { text_.store(std::make_shared<const std::string>(text)); }
  // When it was read last, since the epoch; 0: never.
  [[nodiscard]] std::int64_t read_ms() const { return read_ms_; }
  void note_read(std::int64_t ms) { read_ms_ = ms; }

  // May hold hashes of passwords. Null: there is no text, or it is longer than kPassedOnBytesMax.
  [[nodiscard]] Json knowledge() const;
  // Logs why it refuses `value`. The caller has yet to find out whether the text is good.
  void learn(const config::Value& value);
  // Forgets the text: it is not good after all. Logs the reason.
  void refuse(std::string_view reason);
  // True once after a text was learnt.
  [[nodiscard]] bool has_just_learnt() { return learnt_.exchange(false); }

 private:
  const std::string name_;
  const std::string source_;
  const Logger logger_;
  Published<std::string> text_;
  std::atomic<std::int64_t> read_ms_{0};
  std::atomic<bool> learnt_{false};
};

}  // namespace sluice::filters
