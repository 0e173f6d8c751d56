// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_new.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "base/text.h"
#include "egctl/files.h"
#include "egctl/new/project.h"

namespace sluice::egctl {
namespace fs = std::filesystem;
namespace {

struct NewProject {
  std::string language;
  std::string folder;
};

// The name of a package of Rust, Go and npm, and of a folder.
bool is_project_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
  };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, fits);
}

Result<void> check_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return {};
  if (fs::is_directory(folder, error) && fs::is_empty(folder, error)) return {};
  return fail(ErrorKind::conflict, folder.string() + " is there already: give another name");
}

Result<void> make_project(Invocation& invocation, const NewProject& wanted) {
  const fs::path folder(wanted.folder);
  const std::string name =
      (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  if (!is_project_name(name)) {
    return invocation.misuse("\"" + name +
                             "\" is no name of a project: a-z, 0-9, - and _, a letter first");
  }
  SLUICE_CHECK(check_folder(folder));
  const auto files = project_files(wanted.language, name, fs::absolute(folder).lexically_normal());
  Json written = Json::array();
  for (const auto& [path, text] : files) {
    const fs::path place = folder / path;
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (error) {
      return fail(ErrorKind::invalid,
                  place.parent_path().string() + " cannot be made: " + error.message());
    }
    SLUICE_CHECK(write_file(place.string(), text));
    written.push_back(path);
  }
  invocation.print_or(
      {{"folder", wanted.folder}, {"language", wanted.language}, {"files", written}},
      "made " + wanted.folder + ", see its README.md. Next:\n  cd " + wanted.folder +
          " && make test\n");
  return {};
}

std::string language_list() {
  std::string list;
  for (const std::string& language : project_languages())
    list += (list.empty() ? "" : ", ") + language;
  return list;
}

}  // namespace

void add_wasm_new(Command wasm, Invocation& invocation) {
  const Command command =
      wasm.add("new", "Make a project for a guest, which builds and has a test");
  const auto wanted = std::make_shared<NewProject>();
  command.option("--lang", wanted->language, language_list())
      .required()
      .type_name("LANGUAGE")
      .check(fault_of_language);
  command.option("FOLDER", wanted->folder, "the folder to make; its name is that of the project")
      .required();
  command.footer(
      "The program is the flash sale. The SDK comes along, so that the project needs nothing but\n"
      "the compiler of its language. Example:\n"
      "  egctl wasm new --lang rust sale && cd sale && make test");
  set_action(command, invocation, [wanted](Invocation& s) { return make_project(s, *wanted); });
}

}  // namespace sluice::egctl
