// SPDX-License-Identifier: Apache-2.0
#include "egctl/convert.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/printable.h"
#include "config/emit.h"
#include "config/formats.h"
#include "egctl/files.h"
#include "egctl/nginx/checking.h"
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
  // For a gateway, whose folder is another one.
  [[nodiscard]] std::string absolute_path_of(const std::string& name) const {
    if (name.empty()) return name;
    std::error_code unknown;
    const auto path = std::filesystem::absolute(folder_ / name, unknown);
    return (unknown ? folder_ / name : path).lexically_normal().string();
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

// "# site.conf:3: location /a". Names of files and words may hold line breaks.
std::string origin_line(const nginx::Directive& directive) {
  return "# " + printable(directive.place() + ": " + nginx::line_of(directive)) + "\n";
}

// Kind and name come first.
std::string yaml_of(const nginx::Conversion& made) {
  std::string text;
  for (std::size_t i = 0; i < made.objects.size(); ++i) {
    Json object = made.objects[i];
    text += text.empty() ? "" : "---\n";
    text += origin_line(*made.places[i]);
    for (const char* key : {"kind", "name"}) {
      text += config::emit_yaml(Json::object({{key, object[key]}}));
      object.erase(key);
    }
    text += config::emit_yaml(object);
  }
  return text;
}

// A file with a private key is for its owner only.
Result<void> write_objects(Invocation& invocation, const std::string& output,
                           const nginx::Conversion& made) {
  constexpr unsigned kOwnerOnly = 0600;
  const std::string yaml = yaml_of(made);
  if (output.empty() || output == "-") {
    invocation.out << yaml;
    return {};
  }
  if (!made.has_keys) return write_file(output, yaml);
  SLUICE_TRY(OutputFile file, OutputFile::create(output, {.mode = kOwnerOnly}));
  SLUICE_CHECK(file.write(yaml));
  return file.commit();
}

// "shop.yaml: 1 HTTPServer, 14 Pipelines, 2 of them closed: shop-php, shop-auth"
std::string made_line(const std::string& output, const nginx::Conversion& made) {
  constexpr std::size_t kNamesShown = 20;
  const auto servers = std::ranges::count_if(
      made.objects, [](const Json& object) { return object["kind"] == "HTTPServer"; });
  const auto pipelines = std::ssize(made.objects) - servers;
  const auto counted = [](auto count, const std::string& kind) {
    return std::to_string(count) + " " + kind + (count == 1 ? "" : "s");
  };
  std::string text = output.empty() || output == "-" ? "Made" : output + ":";
  text += " " + counted(servers, "HTTPServer") + ", " + counted(pipelines, "Pipeline");
  if (made.closed.empty()) return text;
  text += ", " + std::to_string(made.closed.size()) + " of them closed: ";
  for (std::size_t i = 0; i < std::min(made.closed.size(), kNamesShown); ++i)
    text.append(i == 0 ? "" : ", ").append(made.closed[i]);
  return made.closed.size() > kNamesShown ? text + ", …" : text;
}

Result<void> convert_nginx(Invocation& invocation, const ConvertArguments& arguments) {
  const ConfigFolder folder(arguments.input);
  SLUICE_TRY(std::string text, read_input(arguments.input));
  const auto find = [&folder](const std::string& pattern) { return folder.find(pattern); };
  SLUICE_TRY(const auto directives,
             nginx::read_directives({arguments.input, std::move(text)}, find));
  const nginx::NamedFiles files = {
      .read_pem =
          [&folder](const std::string& name) {
            return read_file(folder.path_of(name), kPemBytesMax);
          },
      .path_of = [&folder](const std::string& name) { return folder.absolute_path_of(name); }};
  auto made = nginx::convert(directives, arguments.prefix, files);
  if (!made) return fail(ErrorKind::invalid, arguments.input + ": " + made.error().message);
  const auto valid = nginx::check(*made);
  SLUICE_CHECK(write_objects(invocation, arguments.output, *made));
  for (const std::string& line : made->notes.lines()) invocation.err << "Warning: " << line << "\n";
  if (made->has_keys)
    invocation.err << "Warning: the objects hold private keys: keep the file from others\n";
  invocation.err << made_line(arguments.output, *made) << "\n";
  return valid;
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
      "A directive that has no counterpart is named on standard error with file and line, and\n"
      "what it stands in answers 403 or 503, unless it is harmless to leave it out. Nothing that\n"
      "nginx keeps closed becomes open.\n"
      "Example:\n  egctl convert nginx -f /etc/nginx/nginx.conf -o sluice.yaml --resource-prefix "
      "shop");
  set_action(command, invocation,
             [arguments](Invocation& s) { return convert_nginx(s, *arguments); });
}

}  // namespace sluice::egctl
