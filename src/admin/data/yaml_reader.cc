// SPDX-License-Identifier: Apache-2.0
#include "admin/data/yaml_reader.h"

#include <algorithm>
#include <charconv>

#include "admin/data/slow_entries.h"
#include "admin/data/yaml_line.h"

namespace sluice::admin {
namespace {

bool is_blank_or_comment(std::string_view line, std::size_t indent) {
  return indent == line.size() || line[indent] == '#';
}

// True for a list item, or the value of a `? key`: they may have the same indentation as the key.
bool goes_on(std::string_view text) {
  return text == "-" || text == ":" || text.starts_with("- ") || text.starts_with(": ");
}

bool is_marker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == marker.size() || line[marker.size()] == ' ');
}

// Whether the entry has an anchor. The parser must then see it together with the rest.
bool has_anchor(std::string_view line) {
  return line.starts_with('&') || line.find(" &") != std::string_view::npos;
}

}  // namespace

Result<void> YamlReader::feed(std::string_view piece) {
  return lines_.feed(piece, [this](std::string_view line) { return take_line(line); });
}

Result<void> YamlReader::finish() {
  SLUICE_CHECK(lines_.finish([this](std::string_view line) { return take_line(line); }));
  if (!whole_) SLUICE_CHECK(end_entry());
  if (whole_) SLUICE_CHECK(parse_block());
  if (any_) return {};
  return fail(ErrorKind::invalid, "there is no data, try: id/user1: \"true\"");
}

Result<void> YamlReader::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (whole_) return append(line);
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  if (is_blank_or_comment(line, indent)) return block_.empty() ? Result<void>() : append(line);
  if (ended_) {
    return at_line(lines_.number(), "the document has ended before this; remove the line ...");
  }
  SLUICE_TRY(const bool done, take_marker(line));
  return done ? Result<void>() : take_content(line, indent);
}

Result<bool> YamlReader::take_marker(std::string_view line) {
  if (is_marker(line, "...")) {
    ended_ = true;
    SLUICE_CHECK(end_entry());
    if (whole_) SLUICE_CHECK(append(line));
    return true;
  }
  const bool begins = is_marker(line, "---");
  if (!begins && !(line.starts_with('%') && indent_ == std::string_view::npos)) return false;
  if (begun_ || indent_ != std::string_view::npos) {
    return at_line(lines_.number(), "one document is wanted; remove ---");
  }
  const std::size_t more = std::min(line.find_first_not_of(' ', 3), line.size());
  begun_ = begins;
  whole_ = !begins || !is_blank_or_comment(line, more);
  if (whole_) SLUICE_CHECK(begin_entry(line));
  return true;
}

Result<void> YamlReader::take_content(std::string_view line, std::size_t indent) {
  if (indent_ == std::string_view::npos) {
    indent_ = indent;
    whole_ = line[indent] == '{' || line[indent] == '[';
    return begin_entry(line);
  }
  if (indent < indent_) return at_line(lines_.number(), "is indented less than the lines before");
  if (indent > indent_ || goes_on(line.substr(indent))) {
    one_line_ = false;
    return append(line);
  }
  SLUICE_CHECK(end_entry());
  return whole_ ? append(line) : begin_entry(line);
}

Result<void> YamlReader::begin_entry(std::string_view line) {
  block_ = line;
  block_line_ = lines_.number();
  one_line_ = true;
  return {};
}

Result<void> YamlReader::append(std::string_view line) {
  block_ += '\n';
  block_ += line;
  if (block_.size() <= (whole_ ? kWholeBytesMax : kEntryBytesMax)) return {};
  if (!whole_) return entry_too_large(block_line_);
  return at_line(block_line_,
                 "from here on the data is not one `key: value` a line, and too much of that: at "
                 "most " +
                     std::to_string(kWholeBytesMax >> 20) + " MiB",
                 ErrorKind::too_large);
}

Result<void> YamlReader::end_entry() {
  if (block_.empty()) return {};
  const std::string_view first = std::string_view(block_).substr(0, block_.find('\n'));
  if (one_line_ && parse_yaml_line(first.substr(std::min(indent_, first.size())), entry_)) {
    any_ = true;
    block_.clear();
    const auto added = add_(entry_.key, entry_.value);
    return added ? added : at_line(block_line_, added.error());
  }
  if (has_anchor(first)) {
    whole_ = true;
    return {};
  }
  return parse_block();
}

Result<void> YamlReader::parse_block() {
  if (block_.empty()) return {};
  any_ = true;
  block_ += "\n#";  // otherwise the parser ends an open quote at the line break
  Result<void> parsed = parse_slow_entries(block_, block_line_, add_);
  block_.clear();
  return parsed;
}

}  // namespace sluice::admin
