// SPDX-License-Identifier: Apache-2.0
// Whole files, and what -f names.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::egctl {

// Closes what it holds; standard input is left open.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return number_; }
  // False if the system could not write what was still to be written.
  [[nodiscard]] bool close();

 private:
  int number_;
};

// A file or standard input, read from the beginning to the end.
class InputFile {
 public:
  // Standard input if `path` is "-" or empty; error `invalid` if that is a terminal, where nobody
  // would know that egctl waits.
  [[nodiscard]] static Result<InputFile> open(const std::string& path);
  // The next piece, as soon as there is one; "" at the end.
  [[nodiscard]] Result<std::string> read();
  [[nodiscard]] Result<std::string> read_all();

 private:
  InputFile(int descriptor, std::string name) : file_(descriptor), name_(std::move(name)) {}
  Descriptor file_;
  std::string name_;
};

[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] Result<std::string> read_file(const std::string& path);
// Through a temporary file beside it: `path` holds the old text or the new one, never half of it.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);
// The file, or standard input if `path` is "-" or empty.
[[nodiscard]] Result<std::string> read_input(const std::string& path);

// A file that appears under its name when it is complete, never before: until then it is a
// `<path>.<pid>.part` beside it, which is removed if nothing comes of it. What is no regular file
// (a device, a pipe) is written as it is.
class OutputFile {
 public:
  [[nodiscard]] static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();
  [[nodiscard]] Result<void> write(std::string_view bytes);
  // On the disk and under its name on return.
  [[nodiscard]] Result<void> commit();

 private:
  OutputFile(int descriptor, std::string path, std::string part)
      : file_(descriptor), path_(std::move(path)), part_(std::move(part)) {}
  Descriptor file_;
  std::string path_;
  std::string part_;  // "" if it is written in place
};

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
