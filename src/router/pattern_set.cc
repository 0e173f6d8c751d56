// SPDX-License-Identifier: Apache-2.0
#include "router/pattern_set.h"

#include <re2/set.h>

#include <algorithm>

namespace sluice::router {
namespace {

// True if the expression surely matches at the beginning of a text only.
bool is_anchored(std::string_view text) {
  if (!text.starts_with('^') || text.find('|') != text.npos) return false;
  return text.size() == 1 || std::string_view("*+?{").find(text[1]) == std::string_view::npos;
}

re2::RE2::Options set_options(Pattern::Case letter_case) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(letter_case == Pattern::Case::sensitive);
  options.set_max_mem(PatternSet::kSetBytesMax);
  return options;
}

}  // namespace

struct PatternSet::Automaton {
  Automaton(Pattern::Case letter_case, re2::RE2::Anchor anchor)
      : set(set_options(letter_case), anchor) {}

  void add(const std::string& text, Ordinal number) {
    usable = usable && set.Add(text, nullptr) >= 0;
    numbers.push_back(number);
  }
  void finish() { usable = usable && set.Compile(); }
  void find(std::string_view text, Candidates& out) const {
    std::vector<int> places;
    re2::RE2::Set::ErrorInfo error{};
    if (!usable || (!set.Match(text, &places, &error) && error.kind != re2::RE2::Set::kNoError)) {
      out.add(numbers);
      return;
    }
    std::vector<Ordinal> found;
    found.reserve(places.size());
    for (const int place : places) found.push_back(numbers[static_cast<std::size_t>(place)]);
    std::ranges::sort(found);
    if (!found.empty()) out.keep(std::move(found));
  }

  re2::RE2::Set set;
  bool usable = true;
  std::vector<Ordinal> numbers;  // by place in the set
};

void PatternSet::add(const std::string& text, Ordinal number) {
  numbers_.push_back(number);
  texts_.push_back(text);
}

void PatternSet::finish() {
  if (numbers_.size() >= kSetMin) {
    auto anchored = std::make_shared<Automaton>(case_, re2::RE2::ANCHOR_START);
    auto floating = std::make_shared<Automaton>(case_, re2::RE2::UNANCHORED);
    for (std::size_t i = 0; i < numbers_.size(); ++i)
      (is_anchored(texts_[i]) ? anchored : floating)->add(texts_[i], numbers_[i]);
    for (const auto& each : {anchored, floating}) each->finish();
    if (!anchored->numbers.empty()) anchored_ = std::move(anchored);
    if (!floating->numbers.empty()) floating_ = std::move(floating);
  }
  texts_ = {};
}

void PatternSet::find(std::string_view text, Candidates& out) const {
  if (!anchored_ && !floating_) return out.add(numbers_);
  const Subject subject(text);
  if (anchored_) anchored_->find(subject.seen(), out);
  if (floating_) floating_->find(subject.seen(), out);
}

}  // namespace sluice::router
