// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <spanstream>

#include "base/utf8.h"
#include "config/faults.h"
#include "config/lexical.h"
#include "config/source_text.h"
#include "config/syntax_fault.h"

namespace sluice::config {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";
constexpr std::size_t kAliasedMax = 100'000;  // values, of a text
constexpr std::size_t kBracketsMax = 10'000;  // open at once, those in texts included

// Events of the parser -> Values. Refuses by throwing ParserException through the parser;
// parse_all() below catches it.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const ParseLimits& limits) : text_(text), limits_(limits) {}
  [[nodiscard]] std::vector<Value> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // After a whole document the parser takes what follows for another one, as in `{a: 1} }`.
    const auto at = static_cast<std::size_t>(mark.pos);
    if (any_document_ && text_.substr(std::min(at, text_.size()), 3) != "---") {
      refuse(mark, "the document has ended before this; put --- between documents");
    }
    any_document_ = true;
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) refuse(mark, "a key is empty or null; write it in quotes");
    spend(mark, 1, 0);
    place(mark, anchor, WeighedValue{.values = 1});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    last_scalar_ = mark;
    // The parser turns the escapes \N and \_ into single bytes.
    if (!is_utf8(text)) refuse(mark, "write \\u0085 for \\N, and \\u00a0 for \\_");
    spend(mark, 1, text.size());
    WeighedValue weighed{.values = 1, .bytes = text.size()};
    weighed.value.kind = Value::Kind::scalar;
    weighed.value.scalar = text;
    weighed.value.quoted = is_text_tag(mark, tag);
    place(mark, anchor, std::move(weighed));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "the alias refers to itself");
    if (depth() + found->second.height > limits_.depth_max) refuse_depth(mark);
    // A few lines of aliases of aliases stand for millions of values.
    if (found->second.values > kAliasedMax - aliased_) {
      refuse(mark, "aliases stand for more than " + std::to_string(kAliasedMax) + " values");
    }
    aliased_ += found->second.values;
    spend(mark, found->second.values, found->second.bytes);
    place(mark, 0, found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    if (tag != "?" && tag != "!" && tag != std::string(kCoreTag) + "seq") refuse_tag(mark, tag);
    open(mark, anchor, Value::Kind::sequence, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    if (tag != "?" && tag != "!" && tag != std::string(kCoreTag) + "map") refuse_tag(mark, tag);
    open(mark, anchor, Value::Kind::map, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  // At the end of the text. The parser takes a quoted scalar that the text ends in as a whole one.
  void check_last_quote() const {
    if (last_scalar_.is_null()) return;
    if (const auto quote = unclosed_quote(text_, offset(last_scalar_))) {
      refuse(last_scalar_, std::string("the quote ") + *quote + " is not closed");
    }
  }
  // Returns the error for a quoted scalar that is not closed. `refusal` holds the end of the text
  // or the document.
  [[nodiscard]] std::optional<Error> quote_fault(const YAML::Exception& refusal) const {
    if (refusal.mark.is_null() || !refusal.msg.ends_with(" in scalar")) return std::nullopt;
    const std::string_view until = text_.substr(0, offset(refusal.mark));
    const auto open = open_quote(until, last_scalar_.is_null() ? 0 : offset(last_scalar_));
    if (!open) return std::nullopt;
    return error_at(text_, *open, std::string("the quote ") + text_[*open] + " is not closed");
  }
  // Returns the error for a `[` or `{` that is not closed: a better reason than the parser's.
  [[nodiscard]] std::optional<Error> bracket_fault() const {
    if (flow_marks_.empty()) return std::nullopt;
    const auto open = unclosed_bracket(text_, offset(flow_marks_.front()));
    if (!open) return std::nullopt;
    const bool map = text_[*open] == '{';
    return error_at(text_, *open,
                    map ? "the { is not closed by a }" : "the [ is not closed by a ]");
  }

 private:
  // A value and what it costs: how many values and scalar bytes it holds, how deep it nests.
  struct WeighedValue {
    Value value{};
    std::size_t values = 0;
    std::size_t bytes = 0;
    int height = 0;
  };
  // A list or map that is still being read.
  struct Frame {
    WeighedValue weighed{};
    YAML::Mark mark{};
    YAML::anchor_t anchor = 0;
    std::string key{};  // of the member to come, if `has_key`
    bool has_key = false;
    bool merges = false;  // the key is `<<`
    std::set<std::string> keys{};
    bool flow = false;
    std::vector<WeighedValue> merged{};  // values of `<<`, the more important ones first
  };

  [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(mark.pos), text_.size());
  }

  [[noreturn]] static void refuse(const YAML::Mark& mark, const std::string& reason) {
    throw YAML::ParserException(mark, reason);
  }
  [[noreturn]] static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    const bool core = tag.starts_with(kCoreTag);
    refuse(mark, "the tag " + quote(tag) + " is not supported" +
                     (core ? "" : "; quote a text that begins with !"));
  }
  [[noreturn]] void refuse_depth(const YAML::Mark& mark) const {
    refuse(mark, "nested deeper than " + std::to_string(limits_.depth_max) + " levels");
  }

  [[nodiscard]] int depth() const { return static_cast<int>(frames_.size()); }
  [[nodiscard]] bool expects_key() const {
    return !frames_.empty() && frames_.back().weighed.value.kind == Value::Kind::map &&
           !frames_.back().has_key;
  }

  // True if the tag makes a scalar text whatever it looks like.
  static bool is_text_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag == "?") return false;
    if (tag == "!" || tag == std::string(kCoreTag) + "str") return true;
    for (const std::string_view known : {"null", "bool", "int", "float"}) {
      if (tag == std::string(kCoreTag) + std::string(known)) return false;
    }
    refuse_tag(mark, tag);
  }

  void spend(const YAML::Mark& mark, std::size_t values, std::size_t bytes) {
    if (values > limits_.values_max - values_) {
      refuse(mark, "more than " + std::to_string(limits_.values_max) + " values");
    }
    if (bytes > limits_.bytes_max - bytes_) {
      refuse(mark, "more than " + std::to_string(limits_.bytes_max) + " bytes of values");
    }
    values_ += values;
    bytes_ += bytes;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Value::Kind kind,
            YAML::EmitterStyle::value style) {
    const bool flow = style == YAML::EmitterStyle::Flow;
    if (flow) flow_marks_.push_back(mark);
    if (expects_key()) refuse(mark, "a key must be text, not a list or a map");
    if (depth() >= limits_.depth_max) refuse_depth(mark);
    spend(mark, 1, 0);
    Frame& frame = frames_.emplace_back();
    frame.weighed = WeighedValue{.values = 1, .height = 1};
    frame.weighed.value.kind = kind;
    frame.mark = mark;
    frame.anchor = anchor;
    frame.flow = flow;
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.flow) flow_marks_.pop_back();
    for (WeighedValue& merged : frame.merged) merge(frame, merged);
    place(frame.mark, frame.anchor, std::move(frame.weighed));
  }

  void place(const YAML::Mark& mark, YAML::anchor_t anchor, WeighedValue weighed) {
    if (anchor != 0) {
      spend(mark, weighed.values, weighed.bytes);  // the copy
      anchors_[anchor] = weighed;
    }
    if (frames_.empty()) {
      if (weighed.value.kind != Value::Kind::null) documents_.push_back(std::move(weighed.value));
    } else if (expects_key()) {
      place_key(mark, weighed.value);
    } else {
      if (frames_.back().merges) {
        keep_merged(mark, frames_.back(), std::move(weighed));
      } else {
        place_inside(frames_.back(), std::move(weighed));
      }
    }
  }

  // The value of a merge key (https://yaml.org/type/merge.html): a map, or a list of maps.
  static void keep_merged(const YAML::Mark& mark, Frame& frame, WeighedValue weighed) {
    const auto is_map = [](const Value& value) { return value.kind == Value::Kind::map; };
    const bool list = weighed.value.kind == Value::Kind::sequence;
    if (list ? !std::ranges::all_of(weighed.value.items, is_map) : !is_map(weighed.value)) {
      refuse(mark, "<< takes a map, or a list of maps");
    }
    frame.merged.push_back(std::move(weighed));
    frame.has_key = frame.merges = false;
  }

  // Adds the members of a merged map, or of the maps of a list, that the map does not have yet.
  static void merge(Frame& frame, WeighedValue& merged) {
    WeighedValue& parent = frame.weighed;
    parent.values += merged.values;
    parent.bytes += merged.bytes;
    parent.height = std::max(parent.height, merged.height + 1);
    if (merged.value.kind == Value::Kind::map) return add_members(frame, merged.value);
    for (Value& map : merged.value.items) add_members(frame, map);
  }

  static void add_members(Frame& frame, Value& map) {
    for (Value::Member& member : map.members) {
      if (!frame.keys.insert(member.key).second) continue;
      frame.weighed.value.members.push_back(std::move(member));
    }
  }

  void place_key(const YAML::Mark& mark, Value& key) {
    if (key.kind != Value::Kind::scalar) refuse(mark, "a key must be text");
    Frame& frame = frames_.back();
    frame.merges = key.scalar == "<<" && !key.quoted;
    if (!frame.keys.insert(key.scalar).second) {
      refuse(mark, "the key " + quote(key.scalar) + " is given twice");
    }
    frame.key = std::move(key.scalar);
    frame.has_key = true;
  }

  static void place_inside(Frame& frame, WeighedValue weighed) {
    WeighedValue& parent = frame.weighed;
    parent.values += weighed.values;
    parent.bytes += weighed.bytes;
    parent.height = std::max(parent.height, weighed.height + 1);
    if (parent.value.kind == Value::Kind::sequence) {
      parent.value.items.push_back(std::move(weighed.value));
      return;
    }
    parent.bytes += frame.key.size();
    parent.value.members.push_back({std::move(frame.key), std::move(weighed.value)});
    frame.has_key = false;
  }

  std::string_view text_;
  ParseLimits limits_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, WeighedValue> anchors_;
  std::vector<Value> documents_;
  bool any_document_ = false;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
  std::size_t aliased_ = 0;  // values that aliases stand for
  YAML::Mark last_scalar_ = YAML::Mark::null_mark();
  std::vector<YAML::Mark> flow_marks_;  // of the open `[` and `{`
};

Result<std::vector<Value>> parse_all(std::string_view text, const ParseLimits& limits) {
  Builder builder(text, limits);
  try {
    std::ispanstream stream(std::span<const char>(text.data(), text.size()));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.check_last_quote();
  } catch (const YAML::Exception& refusal) {
    if (auto fault = builder.quote_fault(refusal)) return std::unexpected(*std::move(fault));
    if (auto fault = builder.bracket_fault()) return std::unexpected(*std::move(fault));
    if (refusal.mark.is_null()) return fail(ErrorKind::invalid, refusal.msg);
    const SyntaxFault fault =
        syntax_fault(text, static_cast<std::size_t>(refusal.mark.pos), refusal.msg);
    return std::unexpected(error_at(text, fault.at, fault.reason));
  } catch (const std::exception& defect) {
    return fail(ErrorKind::internal, std::string("the YAML parser failed: ") + defect.what());
  }
  return builder.take();
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::key);
  return found == members.end() ? nullptr : &found->value;
}

Result<std::vector<Value>> parse_documents(std::string_view text, ParseLimits limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorKind::too_large,
                "the text is longer than " + std::to_string(limits.bytes_max) + " bytes");
  }
  SLUICE_TRY(const std::string source, prepare_source(text));
  // The parser reads all of them ahead, at some 300 bytes each, before it says that they are there.
  if (bracket_depth(source) > kBracketsMax) {
    return fail(ErrorKind::invalid,
                "more than " + std::to_string(kBracketsMax) + " brackets are open at once");
  }
  return parse_all(source, limits);
}

Result<Value> parse_document(std::string_view text, ParseLimits limits) {
  SLUICE_TRY(std::vector<Value> documents, parse_documents(text, limits));
  if (documents.empty()) return fail(ErrorKind::invalid, "the document is empty");
  if (documents.size() > 1) {
    return fail(ErrorKind::invalid, "one document is wanted, these are " +
                                        std::to_string(documents.size()) + "; remove ---");
  }
  return std::move(documents.front());
}

}  // namespace sluice::config
