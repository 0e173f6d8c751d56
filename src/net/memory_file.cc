// SPDX-License-Identifier: Apache-2.0
#include "net/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "net/errno_text.h"

namespace sluice::net {
namespace {

std::unexpected<Error> memory_failure(const char* what) {
  return fail(ErrorKind::internal, std::string(what) + ": " + errno_text(errno));
}

}  // namespace

Result<Descriptor> write_memory_file(std::string_view text) {
  Descriptor file(::memfd_create("sluice", MFD_CLOEXEC));
  if (file.get() < 0) return memory_failure("memfd_create");
  if (!write_all(file.get(), text)) return memory_failure("memory cannot be written");
  return file;
}

Result<std::string> read_memory_file(const Descriptor& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return memory_failure("fstat");
  if (facts.st_size < 0 || static_cast<std::size_t>(facts.st_size) > kMemoryFileBytesMax)
    return fail(ErrorKind::too_large, "what the other process knows is too much");
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return memory_failure("memory cannot be read");
    done += static_cast<std::size_t>(count);
  }
  return text;
}

}  // namespace sluice::net
