// SPDX-License-Identifier: Apache-2.0
// Whole files, and the objects in the files of -f.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/json.h"
#include "base/result.h"
#include "egctl/custom_document.h"

namespace sluice::egctl {

// A file or standard input, read once from start to end.
class InputFile {
 public:
  // Opens standard input if `path` is "-" or empty. Error `invalid` if that is a terminal, because
  // the user would not see that egctl waits for input.
  [[nodiscard]] static Result<InputFile> open(const std::string& path);
  // Returns the next piece as soon as there is one; "" at the end.
  [[nodiscard]] Result<std::string> read();
  // Error `too_large` beyond kInputBytesMax.
  [[nodiscard]] Result<std::string> read_all();

 private:
  InputFile(Descriptor file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  Descriptor file_;
  std::string name_;
};

[[nodiscard]] bool file_exists(const std::string& path);
// Writes a temporary file beside `path` and renames it: `path` holds the old text or the new one,
// never a part of it.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text);
// Reads the file, or standard input if `path` is "-" or empty.
[[nodiscard]] Result<std::string> read_input(const std::string& path);

struct OutputOptions {
  unsigned mode = 0666;  // less the umask
  // Of the name until the file is complete. "": that of this process, `.<pid>.part`.
  std::string suffix{};
};

// A file that appears under its name only when it is complete. Until then its name has a suffix;
// this part is removed if it is not committed. If `path` is not a regular file (a device, a pipe),
// it is written directly.
class OutputFile {
 public:
  [[nodiscard]] static Result<OutputFile> create(const std::string& path,
                                                 const OutputOptions& options = {});
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();
  [[nodiscard]] Result<void> write(std::string_view bytes);
  // On return, the file is on the disk and has its name.
  [[nodiscard]] Result<void> commit();

 private:
  OutputFile(Descriptor file, std::string path, std::string part)
      : file_(std::move(file)), path_(std::move(path)), part_(std::move(part)) {}
  Descriptor file_;
  std::string path_;
  std::string part_;  // "" if it is written directly
};

// The objects of all -f, sent as one body.
struct ObjectDocuments {
  std::string text;
  std::string label;  // "Pipeline demo" for one object, else "3 objects"
  std::vector<std::string> names;
  std::vector<std::string> places;       // of each document: "pipeline.yaml: document 2, "
  std::vector<CustomDocument> custom{};  // in none of the members above
};

// Parses the contents of `files` (standard input if empty). A folder stands for its files .yaml,
// .yml and .json. Syntax errors name their file.
[[nodiscard]] Result<ObjectDocuments> read_objects(const std::vector<std::string>& files);
// `objects`: a list of specs.
[[nodiscard]] ObjectDocuments documents_of(const Json& objects);
// Makes the server's fault lines, `document 3, port: ...`, name the file if there is more than one.
// `places`: of the documents, in their order.
void name_places(const std::vector<std::string>& places, std::vector<std::string>& lines);

}  // namespace sluice::egctl
