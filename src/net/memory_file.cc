// SPDX-License-Identifier: Apache-2.0
#include "net/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::net {
namespace {

std::unexpected<Error> failure(const char* what) {
  return fail(ErrorKind::internal,
              std::string(what) + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<OwnedDescriptor> write_memory_file(std::string_view text) {
  OwnedDescriptor file(::memfd_create("sluice", MFD_CLOEXEC));
  if (file.get() < 0) return failure("memfd_create");
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failure("memory cannot be written");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return file;
}

Result<std::string> read_memory_file(const OwnedDescriptor& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return failure("fstat");
  if (facts.st_size < 0 || static_cast<std::size_t>(facts.st_size) > kMemoryFileBytesMax)
    return fail(ErrorKind::too_large, "what the other process knows is too much");
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failure("memory cannot be read");
    done += static_cast<std::size_t>(count);
  }
  return text;
}

}  // namespace sluice::net
