// SPDX-License-Identifier: Apache-2.0
#include "egctl/new/project.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "config/faults.h"
#include "egctl/new/files.h"

namespace sluice::egctl {
namespace {

// A file of the repository, or all files below a folder ("sdk/rust/src/").
struct Part {
  std::string_view from;
  std::string_view to;
};
// In the files of a project: the program stands elsewhere than in the repository.
struct Edit {
  std::string_view from;
  std::string_view to;
};
struct ProjectLanguage {
  std::string_view name;
  std::string_view title;
  std::string_view program;  // what runs
  std::string_view source;   // what to change
  std::string_view tools;
  std::span<const Part> parts;
  std::span<const Edit> edits;
};

constexpr std::string_view kZig =
    "`pip install ziglang==@ZIGLANG@`, or `make ZIG=/path/to/zig` with Zig @ZIGLANG@";
constexpr std::string_view kComponentize = "`pip install componentize-py==@COMPONENTIZE@`";
constexpr std::string_view kNoTools = "none: the gateway runs the script";

constexpr std::array kAssemblyScriptParts{
    Part{"src/egctl/new/assemblyscript/", ""},
    Part{"sdk/assemblyscript/easegress/", "sluice/easegress/"},
    Part{"examples/flash-sale/sluice/package.json", "sluice/package.json"},
    Part{"examples/flash-sale/package.json", "package.json"},
    Part{"examples/flash-sale/package-lock.json", "package-lock.json"},
    Part{"examples/flash-sale/asconfig.json", "asconfig.json"},
    Part{"src/egctl/new/assemblyscript/assembly/index.ts", "assembly/index.ts"}};
constexpr std::array kAssemblyScriptEdits{
    Edit{"@sluice/flash-sale", "@NAME@"},
    Edit{R"("files": ["assembly", "sluice", "*.json", "*.mjs", "*.yaml"])", R"("private": true)"},
    Edit{",\n    \"steps\": \"node build.mjs\"", ""}};
constexpr std::array kCParts{Part{"src/egctl/new/c/", ""},
                             Part{"sdk/c/sluice.h", "sluice/sluice.h"},
                             Part{"sdk/c/examples/flash_sale.c", "main.c"}};
constexpr std::array kCEdits{Edit{"../sluice.h", "sluice.h"}};
constexpr std::array kCppParts{Part{"src/egctl/new/cpp/", ""},
                               Part{"sdk/c/sluice.h", "sluice/c/sluice.h"},
                               Part{"sdk/cpp/sluice.hpp", "sluice/cpp/sluice.hpp"},
                               Part{"sdk/cpp/examples/flash_sale.cc", "main.cc"}};
constexpr std::array kCppEdits{Edit{"../sluice.hpp", "sluice.hpp"}};
constexpr std::array kGoParts{Part{"src/egctl/new/go/", ""}, Part{"sdk/go/", "sluice/"},
                              Part{"sdk/go/examples/flashsale/main.go", "main.go"}};
constexpr std::array kJavaScriptParts{Part{"src/egctl/new/script/", ""},
                                      Part{"src/egctl/new/javascript/", ""},
                                      Part{"sdk/javascript/sluice.d.ts", "sluice.d.ts"},
                                      Part{"examples/scripts/javascript/step6.js", "main.js"}};
constexpr std::array kJavaScriptEdits{Edit{
    "// Step 6: the complete sale.", "/// <reference path=\"sluice.d.ts\" />\n// A flash sale."}};
constexpr std::array kLuaEdits{Edit{"-- Step 6: the complete sale.", "-- A flash sale."}};
constexpr std::array kKotlinParts{
    Part{"src/egctl/new/kotlin/", ""}, Part{"sdk/kotlin/src/", "sluice/"},
    Part{"sdk/kotlin/compile.sh", "compile.sh"}, Part{"sdk/kotlin/pom.xml", "pom.xml"},
    Part{"sdk/kotlin/examples/FlashSale.kt", "Main.kt"}};
constexpr std::array kLuaParts{Part{"src/egctl/new/script/", ""},
                               Part{"examples/scripts/lua/step6.lua", "main.lua"}};
constexpr std::array kPythonParts{Part{"src/egctl/new/python/", ""},
                                  Part{"sdk/python/sluice/", "sluice/"},
                                  Part{"sdk/python/sluice_program.py", "sluice_program.py"},
                                  Part{"sdk/wit/sluice.wit", "wit/sluice.wit"},
                                  Part{"sdk/python/examples/program.py", "program.py"}};
constexpr std::array kRustParts{Part{"src/egctl/new/rust/", ""},
                                Part{"src/egctl/new/rust/cargo/config.toml", ".cargo/config.toml"},
                                Part{"sdk/rust/src/", "sluice/src/"},
                                Part{"sdk/rust/Cargo.toml", "sluice/Cargo.toml"},
                                Part{"sdk/rust/examples/flash_sale.rs", "src/lib.rs"}};
constexpr std::array kRustEdits{
    Edit{"readme = \"README.md\"\n", ""},
    Edit{"[[example]]\nname = \"flash_sale\"\ncrate-type = [\"cdylib\"]\n\n", ""},
    // Cargo looks at the profile of the project only.
    Edit{"\n[profile.release]\nopt-level = 3\nlto = true\npanic = \"abort\"\nstrip = true\n", ""}};
constexpr std::array kZigParts{Part{"src/egctl/new/zig/", ""}, Part{"sdk/zig/src/", "sluice/"},
                               Part{"sdk/zig/examples/flash_sale/main.zig", "main.zig"}};

constexpr std::array kLanguages{
    ProjectLanguage{"assemblyscript", "AssemblyScript", "build/optimized.wasm", "assembly/index.ts",
                    "Node.js 18 or later; `make` installs the compiler from package-lock.json",
                    kAssemblyScriptParts, kAssemblyScriptEdits},
    ProjectLanguage{"c", "C", "program.wasm", "main.c", kZig, kCParts, kCEdits},
    ProjectLanguage{"cpp", "C++", "program.wasm", "main.cc", kZig, kCppParts, kCppEdits},
    ProjectLanguage{"go", "Go", "program.wasm", "main.go", "Go 1.24 or later", kGoParts, {}},
    ProjectLanguage{"javascript", "JavaScript", "main.js", "main.js", kNoTools, kJavaScriptParts,
                    kJavaScriptEdits},
    ProjectLanguage{"kotlin",
                    "Kotlin",
                    "program.wasm",
                    "Main.kt",
                    "Java 17 or later and Maven; `make` gets the compiler, as pom.xml says",
                    kKotlinParts,
                    {}},
    ProjectLanguage{"lua", "Lua", "main.lua", "main.lua", kNoTools, kLuaParts, kLuaEdits},
    ProjectLanguage{
        "python", "Python", "program.wasm", "program.py", kComponentize, kPythonParts, {}},
    ProjectLanguage{
        "rust", "Rust", "program.wasm", "src/lib.rs",
        "Rust 1.63 or later, with its target: `rustup target add wasm32-unknown-unknown`",
        kRustParts, kRustEdits},
    ProjectLanguage{"zig", "Zig", "program.wasm", "main.zig", kZig, kZigParts, {}}};

const ProjectLanguage* find_language(std::string_view name) {
  const auto* found = std::ranges::find(kLanguages, name, &ProjectLanguage::name);
  return found != kLanguages.end() ? found : nullptr;
}

void substitute(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// `path` as YAML and JSON spell it.
std::string quoted_path(const std::string& path) { return Json(path).dump(); }

// The fields of the filter that name the program.
std::string code_fields(const ProjectLanguage& language, const std::string& folder) {
  const std::string path = quoted_path(folder + "/" + std::string(language.program));
  if (language.program != language.source) return "code: " + path;
  return "code: builtin:" + std::string(language.name) + "\n  script: " + path;
}

std::string filled(std::string_view text, const ProjectLanguage& language, const std::string& name,
                   const std::string& folder) {
  std::string out(text);
  for (const Edit& edit : language.edits) substitute(out, edit.from, edit.to);
  substitute(out, "@CODE@", code_fields(language, folder));
  substitute(out, "@TOOLS@", language.tools);
  substitute(out, "@NAME@", name);
  substitute(out, "@LANGUAGE@", language.title);
  substitute(out, "@MAKES@",
             language.program == language.source ? "check the script and its parameters"
                                                 : "build " + std::string(language.program));
  substitute(out, "@PROGRAM@", language.program);
  substitute(out, "@SOURCE@", language.source);
  substitute(out, "@ZIGLANG@", SLUICE_ZIGLANG_VERSION);
  substitute(out, "@COMPONENTIZE@", SLUICE_COMPONENTIZE_VERSION);
  return out;
}

// The path of `file` in the project; "": it is not in this part.
std::string place_in(const Part& part, std::string_view file) {
  if (!part.from.ends_with('/')) return file == part.from ? std::string(part.to) : "";
  if (!file.starts_with(part.from)) return "";
  const std::string_view rest = file.substr(part.from.size());
  // Examples of an SDK are no part of it.
  return rest.contains('/') ? "" : std::string(part.to) + std::string(rest);
}

}  // namespace

std::vector<std::string> project_languages() {
  std::vector<std::string> names;
  for (const ProjectLanguage& language : kLanguages) names.emplace_back(language.name);
  return names;
}

std::string fault_of_language(const std::string& language) {
  if (find_language(language) != nullptr) return {};
  const std::vector<std::string> names = project_languages();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  // Two letters are too few for a guess by likeness.
  const std::string likely = language == "js"
                                 ? ", did you mean \"javascript\"?"
                                 : config::suggestion(language, {names.begin(), names.end()});
  return "\"" + language + "\" is none of " + list + likely;
}

std::map<std::string, std::string> project_files(const std::string& language,
                                                 const std::string& name,
                                                 const std::string& folder) {
  std::map<std::string, std::string> project;
  const ProjectLanguage* known = find_language(language);
  if (known == nullptr) return project;
  constexpr std::array kCommon{Part{"src/egctl/new/README.md", "README.md"},
                               Part{"src/egctl/new/cases.yaml", "cases.yaml"},
                               Part{"src/egctl/new/pipeline.yaml", "pipeline.yaml"}};
  for (const NewFile& file : new_files()) {
    for (const auto parts : {std::span<const Part>(kCommon), known->parts}) {
      for (const Part& part : parts) {
        std::string place = place_in(part, file.name);
        if (!place.empty())
          project.emplace(std::move(place), filled(file.bytes, *known, name, folder));
      }
    }
  }
  return project;
}

}  // namespace sluice::egctl
