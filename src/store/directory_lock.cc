// SPDX-License-Identifier: Apache-2.0
#include "store/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace sluice::store {

Result<DirectoryLock> DirectoryLock::take(const std::string& directory, const char* kind,
                                          const char* file) {
  namespace fs = std::filesystem;
  std::error_code failure;
  if (fs::create_directories(directory, failure)) {
    fs::permissions(directory, fs::perms::owner_all, failure);  // it will hold private keys
  }
  if (failure) {
    return fail(ErrorKind::internal, "cannot make the " + std::string(kind) + " directory " +
                                         directory + ": " + failure.message());
  }
  const std::string path = (fs::path(directory) / file).string();
  DirectoryLock lock(Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
  if (!lock.file_.is_open()) {
    return fail(ErrorKind::internal,
                "cannot open " + path + ": " + std::generic_category().message(errno) +
                    ": let the server's user write to the " + kind + " directory");
  }
  if (::flock(lock.file_.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return fail(ErrorKind::conflict, "the " + std::string(kind) + " directory " + directory +
                                         " is in use by another server, which holds " + path +
                                         ": stop that one, or give this one a " + kind +
                                         "-dir of its own");
  }
  return fail(ErrorKind::internal,
              "cannot lock " + path + ": " + std::generic_category().message(errno));
}

}  // namespace sluice::store
