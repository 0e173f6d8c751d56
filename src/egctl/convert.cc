// SPDX-License-Identifier: Apache-2.0
#include "egctl/convert.h"

#include <glob.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "config/emit.h"
#include "config/formats.h"
#include "egctl/files.h"
#include "egctl/nginx/conversion.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kPemBytesMax = 1 << 20;

struct ConvertArguments {
  std::string input;
  std::string output;
  std::string prefix;
};

// Names in a configuration are relative to the folder of the first file.
class ConfigFolder {
 public:
  explicit ConfigFolder(const std::string& file)
      : folder_(std::filesystem::path(file).parent_path()) {}

  [[nodiscard]] std::string path_of(const std::string& name) const {
    return (folder_ / name).string();
  }

  // A name without wildcards must be there.
  [[nodiscard]] Result<std::vector<nginx::ConfigFile>> find(const std::string& pattern) const {
    const std::string path = path_of(pattern);
    std::vector<std::string> names;
    if (path.find_first_of("*?[") == std::string::npos) {
      names.push_back(path);
    } else {
      glob_t found{};
      if (::glob(path.c_str(), 0, nullptr, &found) == 0)
        names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
      ::globfree(&found);
    }
    std::vector<nginx::ConfigFile> files;
    for (const std::string& name : names) {
      SLUICE_TRY(std::string text, read_file(name, nginx::kConfigBytesMax));
      files.push_back({name, std::move(text)});
    }
    return files;
  }

 private:
  std::filesystem::path folder_;
};

std::string yaml_of(const std::vector<Json>& objects) {
  std::string text;
  for (const Json& object : objects)
    text += (text.empty() ? "" : "---\n") + config::emit_yaml(object);
  return text;
}

Result<void> convert_nginx(Invocation& invocation, const ConvertArguments& arguments) {
  const ConfigFolder folder(arguments.input);
  SLUICE_TRY(std::string text, read_input(arguments.input));
  const auto find = [&folder](const std::string& pattern) { return folder.find(pattern); };
  SLUICE_TRY(const auto directives,
             nginx::read_directives({arguments.input, std::move(text)}, find));
  const auto read_pem = [&folder](const std::string& name) {
    return read_file(folder.path_of(name), kPemBytesMax);
  };
  auto made = nginx::convert(directives, arguments.prefix, read_pem);
  if (!made) return fail(ErrorKind::invalid, arguments.input + ": " + made.error().message);
  const std::string yaml = yaml_of(made->objects);
  if (arguments.output.empty() || arguments.output == "-") {
    invocation.out << yaml;
  } else {
    SLUICE_CHECK(write_file(arguments.output, yaml));
  }
  for (const std::string& line : made->warnings) invocation.err << "Warning: " << line << "\n";
  return {};
}

std::string fault_of_prefix(const std::string& text) {
  return text.empty() ? "is empty" : config::check_format(config::Format::name, text).value_or("");
}

}  // namespace

void add_convert(Command root, Invocation& invocation) {
  const Command convert =
      root.add("convert", "Make objects from the configuration of another gateway");
  convert.require_command();
  const Command command = convert.add("nginx", "Make objects from a configuration of nginx");
  const auto arguments = std::make_shared<ConvertArguments>();
  command
      .option("-f,--file", arguments->input,
              "the configuration; the files that it includes are read too")
      .type_name("FILE")
      .required();
  command.option("-o,--output", arguments->output, "file to write; default: standard output")
      .type_name("FILE");
  command.option("--resource-prefix", arguments->prefix, "the objects are PREFIX and PREFIX-PATH")
      .required()
      .check(fault_of_prefix);
  command.footer(
      "A directive that has no counterpart is named on standard error with file and line.\n"
      "Example:\n  egctl convert nginx -f /etc/nginx/nginx.conf -o sluice.yaml --resource-prefix "
      "shop");
  set_action(command, invocation,
             [arguments](Invocation& s) { return convert_nginx(s, *arguments); });
}

}  // namespace sluice::egctl
