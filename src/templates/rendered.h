// SPDX-License-Identifier: Apache-2.0
// Rendered: the text that a template has made. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "templates/datum.h"

namespace sluice::templates {

// What YAML does with the line breaks at the end of the scalar in which a mark stands.
enum class MarkEnd { stay, clip, strip };  // the last two: of a block scalar

struct RenderedValue {
  std::string text;
  TextForm form = TextForm::plain;
};

// A text, or YAML that has a mark in the place of each value: the values are no YAML.
struct Rendered {
  std::string text;
  std::vector<RenderedValue> values{};
};

// A mark in a text: U+E000, what the scalar's end does, the index of a value, U+E001.
struct Mark {
  std::size_t begin = 0;  // in the text
  std::size_t end = 0;
  std::size_t index = 0;
  MarkEnd scalar_end = MarkEnd::stay;
};

// The mark of a value; it stands in no other text.
[[nodiscard]] std::string mark_of(std::size_t index, MarkEnd scalar_end);
// The first mark from `from` on; nullopt if there is none.
[[nodiscard]] std::optional<Mark> find_mark(std::string_view text, std::size_t from);
// Replaces the character that begins a mark.
[[nodiscard]] std::string without_marks(std::string_view text);

}  // namespace sluice::templates
