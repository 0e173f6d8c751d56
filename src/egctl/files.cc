// SPDX-License-Identifier: Apache-2.0
#include "egctl/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file.h"
#include "config/emit.h"
#include "config/emit_flow.h"
#include "config/source_text.h"
#include "config/value.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kDocument = "document ";
// Of a text that is read whole, such as a program. A device never ends.
constexpr std::size_t kInputBytesMax = std::size_t{64} << 20;
constexpr std::size_t kBlockBytes = 64 * 1024;

std::string reason() { return std::system_category().message(errno); }

std::string shown(const std::string& path) { return path == "-" ? "standard input" : path; }

std::unexpected<Error> cannot(const std::string& what, const std::string& name) {
  return fail(ErrorKind::invalid, "cannot " + what + " " + name + ": " + reason());
}

// Makes the part ours, and empty. Another process may be writing it, or may have given it its name.
// A leftover may have another mode.
Result<void> take_part(const Descriptor& file, const std::string& part, unsigned mode) {
  struct stat named {};
  struct stat ours {};
  const bool busy = ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const bool same = !busy && ::stat(part.c_str(), &named) == 0 && ::fstat(file.get(), &ours) == 0 &&
                    named.st_ino == ours.st_ino;
  if (!same)
    return fail(ErrorKind::conflict, part + " is being written by another process: try again");
  const unsigned wider = ours.st_mode & 0777 & ~mode;
  const bool safe = wider == 0 || ::fchmod(file.get(), ours.st_mode & mode) == 0;
  if (safe && ::ftruncate(file.get(), 0) == 0) return {};
  return cannot("write", part);
}

std::string scalar_at(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value == nullptr ? "" : value->scalar;
}

std::string label_of(const std::vector<config::Value>& documents) {
  if (documents.size() != 1) return std::to_string(documents.size()) + " objects";
  const std::string kind = scalar_at(documents[0], "kind");
  const std::string name = scalar_at(documents[0], "name");
  if (kind.empty() && name.empty()) return "the object";
  return kind + (kind.empty() || name.empty() ? "" : " ") + name;
}

Result<std::vector<config::Value>> parse_file(const std::string& path, const std::string& text) {
  auto documents = config::parse_documents(text);
  if (!documents) {
    return fail(ErrorKind::invalid, shown(path) + ": " + documents.error().message,
                config::excerpt(text, documents.error()));
  }
  std::erase_if(*documents, [](const config::Value& document) {
    return document.kind == config::Value::Kind::null;
  });
  if (documents->empty()) return fail(ErrorKind::invalid, shown(path) + ": holds no object");
  return documents;
}

// Byte order marks, directives, document ends and line breaks apply to one file only, so the texts
// of several files cannot be concatenated as they are.
std::string joined(const std::vector<config::Value>& documents) {
  std::string text;
  for (const config::Value& document : documents)
    text += "---\n" + config::emit_flow(document) + "\n";
  return text;
}

// The files of a folder that may hold objects, in the order of their names.
Result<void> add_folder(const std::string& folder, std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  constexpr std::array<std::string_view, 3> kEndings{".yaml", ".yml", ".json"};
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string ending = at->path().extension().string();
    if (std::ranges::find(kEndings, ending) != kEndings.end() && !at->is_directory())
      found.push_back(at->path().string());
  }
  if (error) return fail(ErrorKind::invalid, "cannot read " + folder + ": " + error.message());
  if (found.empty())
    return fail(ErrorKind::invalid, folder + ": holds no file .yaml, .yml or .json");
  std::ranges::sort(found);
  paths.insert(paths.end(), found.begin(), found.end());
  return {};
}

// Standard input if there are none.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& given) {
  std::vector<std::string> paths;
  for (const std::string& path : given) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      SLUICE_CHECK(add_folder(path, paths));
    } else {
      paths.push_back(path);
    }
  }
  if (paths.empty()) paths.emplace_back("-");
  return paths;
}

// Adds the document to `objects` if it is of custom data.
bool take_custom(const config::Value& document, const std::string& place,
                 ObjectDocuments& objects) {
  std::string kind = scalar_at(document, "kind");
  if (!is_custom(kind)) return false;
  objects.custom.push_back({.kind = std::move(kind),
                            .name = scalar_at(document, "name"),
                            .text = config::emit_flow(document) + "\n",
                            .place = place});
  return true;
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<InputFile> InputFile::open(const std::string& path) {
  if (!path.empty() && path != "-") {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return cannot("open", path);
    return InputFile(std::move(file), path);
  }
  // A duplicate, because standard input stays open for a second `-f -`.
  if (::isatty(STDIN_FILENO) == 0)
    return InputFile(Descriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), shown("-"));
  return fail(ErrorKind::invalid,
              "nothing to read: standard input is a terminal; name a file with -f FILE, or pipe "
              "one in: cat FILE | egctl ...");
}

Result<std::string> InputFile::read() {
  std::string piece(kBlockBytes, '\0');
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), piece.data(), piece.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return cannot("read", name_);
  piece.resize(static_cast<std::size_t>(count));
  return piece;
}

Result<std::string> InputFile::read_all() {
  std::string text;
  while (true) {
    SLUICE_TRY(const std::string piece, read());
    if (piece.empty()) return text;
    if (text.size() + piece.size() > kInputBytesMax) {
      return fail(ErrorKind::too_large,
                  name_ + " is longer than " + std::to_string(kInputBytesMax >> 20) + " MiB");
    }
    text += piece;
  }
}

Result<void> write_file(const std::string& path, std::string_view text) {
  SLUICE_TRY(OutputFile file, OutputFile::create(path));
  SLUICE_CHECK(file.write(text));
  return file.commit();
}

Result<std::string> read_input(const std::string& path) {
  SLUICE_TRY(InputFile file, InputFile::open(path));
  return file.read_all();
}

Result<OutputFile> OutputFile::create(const std::string& path, const OutputOptions& options) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  const bool in_place =
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  // A symbolic link stays a link: its target is replaced.
  const auto real = std::filesystem::canonical(path, ignored);
  const std::string target = in_place || real.empty() ? path : real.string();
  const std::string suffix =
      options.suffix.empty() ? "." + std::to_string(::getpid()) + ".part" : options.suffix;
  const std::string part = in_place ? "" : target + suffix;
  const std::string& opened = in_place ? target : part;
  const int cut = in_place ? O_TRUNC : 0;
  Descriptor file(
      ::open(opened.c_str(), O_WRONLY | O_CREAT | cut | O_CLOEXEC | O_NOCTTY, options.mode));
  if (!file.is_open()) return cannot("write", opened);
  if (!in_place) SLUICE_CHECK(take_part(file, part, options.mode));
  return OutputFile(std::move(file), target, part);
}

OutputFile::~OutputFile() {
  if (file_.is_open() && !part_.empty()) ::unlink(part_.c_str());
}

Result<void> OutputFile::write(std::string_view bytes) {
  return write_all(file_.get(), bytes) ? Result<void>() : cannot("write", path_);
}

Result<void> OutputFile::commit() {
  if (!part_.empty() && ::fsync(file_.get()) != 0) return cannot("write", path_);
  if (!part_.empty() && std::rename(part_.c_str(), path_.c_str()) != 0) {
    return cannot("write", path_);
  }
  return file_.close() ? Result<void>() : cannot("write", path_);
}

Result<ObjectDocuments> read_objects(const std::vector<std::string>& files) {
  SLUICE_TRY(const std::vector<std::string> paths, files_of(files));
  ObjectDocuments objects;
  std::vector<config::Value> all;
  for (const std::string& path : paths) {
    SLUICE_TRY(std::string text, read_input(path));
    SLUICE_TRY(auto documents, parse_file(path, text));
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::string number = std::string(kDocument) + std::to_string(i + 1) + ", ";
      const std::string place =
          (paths.size() > 1 ? shown(path) + ": " : "") + (documents.size() > 1 ? number : "");
      if (take_custom(documents[i], place, objects)) continue;
      objects.names.push_back(scalar_at(documents[i], "name"));
      objects.places.push_back(place);
      all.push_back(std::move(documents[i]));
    }
    if (paths.size() == 1) objects.text = std::move(text);
  }
  if (paths.size() > 1 || !objects.custom.empty()) objects.text = joined(all);
  objects.label = label_of(all);
  return objects;
}

ObjectDocuments documents_of(const Json& objects) {
  ObjectDocuments out;
  for (const Json& spec : objects) {
    out.text += "---\n" + config::emit_yaml(spec);
    out.names.push_back(text_at(spec, "name"));
    out.places.push_back(objects.size() > 1 ? text_at(spec, "name") + ", " : "");
  }
  out.label = objects.size() == 1 ? text_at(objects[0], "kind") + " " + out.names[0]
                                  : std::to_string(objects.size()) + " objects";
  return out;
}

void name_places(const std::vector<std::string>& places, std::vector<std::string>& lines) {
  for (std::string& line : lines) {
    if (!line.starts_with(kDocument)) continue;
    std::size_t number = 0;
    const char* end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + kDocument.size(), end, number);
    if (number == 0 || number > places.size()) continue;
    const std::string_view rest(parsed.ptr, end);
    if (rest.starts_with(", ")) line = places[number - 1] + std::string(rest.substr(2));
  }
}

}  // namespace sluice::egctl
