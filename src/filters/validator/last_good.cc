// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/last_good.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "config/fields.h"

namespace sluice::filters {
namespace {

constexpr std::uint32_t kNoteVersion = 1;

// The knowledge of a LastGood. Another meaning of its fields is another version.
struct GoodNote {
  std::uint32_t version = 0;
  std::string source;
  std::uint64_t bytes = 0;  // of the text
  std::int64_t read_ms = 0;
  std::string text;  // in base64, because a file holds any bytes

  void fields(auto& visit) {
    visit("version", version, {.required = true, .doc = ""});
    visit("source", source, {.required = true, .doc = ""});
    visit("bytes", bytes, {.required = true, .doc = ""});
    visit("readAtMs", read_ms, {.required = true, .min = 0, .doc = ""});
    visit("text", text, {.required = true, .doc = ""});
  }
};

// "" or the reason for a refusal, without anything of the text.
std::string_view fault_of_version(const config::Value& value) {
  const config::Value* version = value.find("version");
  if (version != nullptr && version->scalar == std::to_string(kNoteVersion)) return "";
  return "it is of another version of the program";
}

}  // namespace

Json LastGood::knowledge() const {
  const auto text = text_.load();
  if (text == nullptr || text->size() > kPassedOnBytesMax) return nullptr;
  return config::encode(
      GoodNote{kNoteVersion, source_, text->size(), read_ms_, base64_encode(*text)});
}

void LastGood::learn(const config::Value& value) {
  if (const auto fault = fault_of_version(value); !fault.empty()) return refuse(fault);
  config::Faults faults;
  const auto note = config::decode<GoodNote>(value, "", faults);
  if (!faults.empty()) return refuse("it is incomplete");
  if (note.source != source_) return refuse("it is that of another source");
  if (note.bytes > kPassedOnBytesMax) return refuse("it is too long");
  auto text = base64_decode(note.text);
  if (!text || text->size() != note.bytes) return refuse("it is not whole");
  text_.store(std::make_shared<const std::string>(*std::move(text)));
  read_ms_ = note.read_ms;
  learnt_ = true;
}

void LastGood::refuse(std::string_view reason) {
  text_.store(nullptr);
  read_ms_ = 0;
  learnt_ = false;
  logger_.warn(name_ + ": what was read before is not used: " + std::string(reason));
}

}  // namespace sluice::filters
