// SPDX-License-Identifier: Apache-2.0
// Whole files, and what -f names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::egctl {

[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] Result<std::string> read_file(const std::string& path);
// Through a temporary file beside it: `path` holds the old text or the new one, never half of it.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);
// Error `invalid` if it is a terminal, where nobody would know that egctl waits.
[[nodiscard]] Result<std::string> read_standard_input();
// The file, or standard input if `path` is "-" or empty.
[[nodiscard]] Result<std::string> read_input(const std::string& path);

// The objects of all -f, to be sent as one.
struct Objects {
  std::string text;
  std::string label;  // "Pipeline demo" if it is one, else "3 objects"
  std::vector<std::string> names;
  std::vector<std::string> places;  // of each document: "pipeline.yaml: document 2, "
};

// Parses what `files` (standard input if empty) hold, so that syntax errors name their file.
[[nodiscard]] Result<Objects> read_objects(const std::vector<std::string>& files);
// Lets the fault lines of the server, `document 3, port: ...`, name the file where there are
// several.
void name_places(const Objects& objects, std::vector<std::string>& lines);

}  // namespace sluice::egctl
