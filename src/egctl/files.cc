// SPDX-License-Identifier: Apache-2.0
#include "egctl/files.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "config/value.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kDocument = "document ";
constexpr std::size_t kBlockBytes = 64 * 1024;

std::string reason() { return std::system_category().message(errno); }

Result<std::string> read_all(std::FILE* file, const std::string& name) {
  std::string text;
  while (true) {
    const std::size_t size = text.size();
    text.resize(size + kBlockBytes);
    const std::size_t count = std::fread(text.data() + size, 1, kBlockBytes, file);
    text.resize(size + count);
    if (count == 0) break;
  }
  if (std::ferror(file) != 0)
    return fail(ErrorKind::invalid, "cannot read " + name + ": " + reason());
  return text;
}

std::string scalar_at(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value == nullptr ? "" : value->scalar;
}

std::string label_of(const std::vector<config::Value>& documents) {
  if (documents.size() != 1) return std::to_string(documents.size()) + " objects";
  const std::string kind = scalar_at(documents[0], "kind");
  const std::string name = scalar_at(documents[0], "name");
  return kind + (kind.empty() || name.empty() ? "" : " ") + name;
}

std::string shown(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<std::vector<config::Value>> parse(const std::string& path, const std::string& text) {
  auto documents = config::parse_documents(text);
  if (!documents) {
    return fail(ErrorKind::invalid, shown(path) + ": " + documents.error().message,
                documents.error().details);
  }
  std::erase_if(*documents, [](const config::Value& document) {
    return document.kind == config::Value::Kind::null;
  });
  if (documents->empty()) return fail(ErrorKind::invalid, shown(path) + ": holds no object");
  return documents;
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (file == nullptr) return fail(ErrorKind::invalid, "cannot open " + path + ": " + reason());
  return read_all(file.get(), path);
}

Result<void> write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "wbe");
  if (file == nullptr) return fail(ErrorKind::invalid, "cannot write " + fresh + ": " + reason());
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (written && closed && std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  return fail(ErrorKind::invalid, "cannot write " + path + ": " + reason());
}

Result<std::string> read_standard_input() {
  if (::isatty(STDIN_FILENO) != 0) {
    return fail(ErrorKind::invalid,
                "nothing to read: standard input is a terminal; name a file with -f FILE, or pipe "
                "one in: cat FILE | egctl ...");
  }
  return read_all(stdin, "standard input");
}

Result<std::string> read_input(const std::string& path) {
  return path.empty() || path == "-" ? read_standard_input() : read_file(path);
}

Result<Objects> read_objects(const std::vector<std::string>& files) {
  const std::vector<std::string> paths = files.empty() ? std::vector<std::string>{"-"} : files;
  Objects objects;
  std::vector<config::Value> all;
  for (const std::string& path : paths) {
    SLUICE_TRY(std::string text, read_input(path));
    SLUICE_TRY(auto documents, parse(path, text));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::string number = std::string(kDocument) + std::to_string(i + 1) + ", ";
      objects.names.push_back(scalar_at(documents[i], "name"));
      objects.places.push_back((paths.size() > 1 ? shown(path) + ": " : "") +
                               (documents.size() > 1 ? number : ""));
    }
    if (!objects.text.empty()) objects.text += "\n---\n";
    objects.text += text;
    std::ranges::move(documents, std::back_inserter(all));
  }
  objects.label = label_of(all);
  return objects;
}

void name_places(const Objects& objects, std::vector<std::string>& lines) {
  for (std::string& line : lines) {
    if (!line.starts_with(kDocument)) continue;
    std::size_t number = 0;
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + kDocument.size(), end, number);
    if (number == 0 || number > objects.places.size()) continue;
    const std::string_view rest(parsed.ptr, end);
    if (rest.starts_with(", ")) line = objects.places[number - 1] + std::string(rest.substr(2));
  }
}

}  // namespace sluice::egctl
