// SPDX-License-Identifier: Apache-2.0
#include "egctl/editor.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "config/source_text.h"
#include "egctl/files.h"

namespace sluice::egctl {
namespace {

std::string editor() {
  for (const char* name : {"EGCTL_EDITOR", "EDITOR"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

Result<std::string> make_draft(std::string_view text) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(ignored);
  std::string path = (folder / "egctl-XXXXXX.yaml").string();
  const Descriptor made(::mkstemps(path.data(), 5));
  if (!made.is_open()) return fail(ErrorKind::invalid, "cannot make a file in " + folder.string());
  SLUICE_CHECK(write_file(path, text));
  return path;
}

Result<void> run_editor(const std::string& path) {
  const std::string command = editor() + " '" + path + "'";
  if (std::system(command.c_str()) == 0) return {};
  return fail(ErrorKind::invalid,
              "the editor failed: " + command + "; choose one with $EGCTL_EDITOR");
}

}  // namespace

Result<Json> edit_text(Invocation& invocation, const std::string& label, const std::string& before,
                       const SaveText& save) {
  SLUICE_TRY(const std::string path, make_draft(before));
  if (auto edited = run_editor(path); !edited) {
    Error error = std::move(edited).error();
    if (read_input(path).value_or("") == before) {
      ::unlink(path.c_str());
    } else {
      error.details.push_back("what you wrote is kept in " + path);
    }
    return std::unexpected(std::move(error));
  }
  SLUICE_TRY(const std::string after, read_input(path));
  if (after == before) {
    ::unlink(path.c_str());
    invocation.out << "nothing changed\n";
    return Json();
  }
  auto saved = save(after);
  if (!saved) {
    const std::vector<std::string> lines = config::excerpt(after, saved.error());
    Error error = refused("edit " + label, std::move(saved).error()).error();
    error.details.insert(error.details.end(), lines.begin(), lines.end());
    error.details.push_back("what you wrote is kept in " + path);
    return std::unexpected(std::move(error));
  }
  ::unlink(path.c_str());
  invocation.out << "edit " << label << " successfully\n";
  return saved;
}

}  // namespace sluice::egctl
