// SPDX-License-Identifier: Apache-2.0
// FileSource: the bytes of a body that lie in a file, for an output that sends them without reading
// them. Core-bound.
#pragma once

#include <cstddef>
#include <cstdint>

#include "http/body.h"
#include "loop/task.h"

namespace sluice::http {

// Bytes of an open file.
struct FileBytes {
  int file = -1;
  std::uint64_t offset = 0;
  std::size_t size = 0;
};

// A BodyReader may be one. Its user calls either read() or these functions at a time.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Null: the bytes of `reader` lie in no file.
  [[nodiscard]] static FileSource* of(BodyReader& reader) {
    return dynamic_cast<FileSource*>(&reader);
  }
  // Returns the next bytes that can be sent now without a wait for the disk; their size is 0 if
  // there are none. Ask again before each attempt to send.
  [[nodiscard]] virtual FileBytes at_hand() = 0;
  // Waits until at_hand() has bytes. Returns false if the rest of the body has to be read:
  // BodyReader::read() has it, or its error.
  [[nodiscard]] virtual Task<bool> fetch() = 0;
  // The first `size` bytes of at_hand() are sent.
  virtual void sent(std::size_t size) = 0;
  // True if that was the end.
  [[nodiscard]] virtual bool is_sent() const = 0;
};

}  // namespace sluice::http
