// SPDX-License-Identifier: Apache-2.0
#include "wasm/wasi_files.h"

#include <array>
#include <cstring>

#include "wasm/host_function.h"
#include "wasm/wasi_descriptors.h"
#include "wasm/wasi_error.h"
#include "wasm/wasi_types.h"

namespace sluice::wasm {
namespace {

using DescriptorKind = WasiDescriptors::DescriptorKind;

// witx, typenames: rights.
constexpr I64 kRightRead = 1 << 1;
constexpr I64 kRightWrite = 1 << 6;
constexpr std::size_t kFdstatSize = 24;
constexpr std::size_t kFilestatSize = 64;
constexpr I32 kWhenceMax = 2;

// A function for files only, of which there are none. The first argument is the descriptor; so it
// is for those whose path comes first, since every answer is the same.
template <class... Arguments>
std::int32_t no_file(Arguments...) {
  return code(WasiError::badf);
}

std::int32_t error_of_open(HostCall& call, I32 descriptor, WasiError error) {
  return code(call.descriptors().open(descriptor) ? error : WasiError::badf);
}

std::int32_t fd_close(HostCall& call, I32 descriptor) {
  return code(call.descriptors().close(descriptor) ? WasiError::success : WasiError::badf);
}

std::int32_t fd_renumber(HostCall& call, I32 from, I32 to) {
  return code(call.descriptors().renumber(from, to) ? WasiError::success : WasiError::badf);
}

Result<std::int32_t> fd_fdstat_get(HostCall& call, GuestMemory memory, I32 descriptor, I32 out) {
  const DescriptorKind kind = call.descriptors().kind(descriptor);
  if (kind == DescriptorKind::closed) return code(WasiError::badf);
  SLUICE_TRY(const std::span<char> fdstat, memory.at(out, kFdstatSize));
  const I64 rights = kind == DescriptorKind::input ? kRightRead : kRightWrite;
  const std::array<I64, 3> fields{0, rights, rights};  // no terminal, no flags
  static_assert(sizeof fields == kFdstatSize);
  std::memcpy(fdstat.data(), fields.data(), sizeof fields);
  return kSuccess;
}

Result<std::int32_t> fd_filestat_get(HostCall& call, GuestMemory memory, I32 descriptor, I32 out) {
  if (!call.descriptors().open(descriptor)) return code(WasiError::badf);
  SLUICE_TRY(const std::span<char> filestat, memory.at(out, kFilestatSize));
  std::memset(filestat.data(), 0, filestat.size());
  return kSuccess;
}

// Standard input is at its end.
Result<std::int32_t> fd_read(HostCall& call, GuestMemory memory, I32 descriptor, I32, I32,
                             I32 count_at) {
  if (call.descriptors().kind(descriptor) != DescriptorKind::input) return code(WasiError::badf);
  SLUICE_CHECK(memory.write(count_at, I32{0}));
  return kSuccess;
}

std::int32_t fd_pread(HostCall& call, I32 descriptor, I32, I32, I64, I32) {
  const bool input = call.descriptors().kind(descriptor) == DescriptorKind::input;
  return code(input ? WasiError::spipe : WasiError::badf);
}

std::int32_t fd_pwrite(HostCall& call, I32 descriptor, I32, I32, I64, I32) {
  const bool output = call.descriptors().kind(descriptor) == DescriptorKind::output;
  return code(output ? WasiError::spipe : WasiError::badf);
}

std::int32_t fd_seek(HostCall& call, I32 descriptor, I64, I32 whence, I32) {
  if (whence > kWhenceMax) return code(WasiError::inval);
  return error_of_open(call, descriptor, WasiError::spipe);
}

std::int32_t fd_tell(HostCall& call, I32 descriptor, I32) {
  return error_of_open(call, descriptor, WasiError::spipe);
}

// A libc asks from descriptor 3 on which directories are open, until EBADF.
std::int32_t fd_prestat_dir_name(HostCall& call, I32 descriptor, I32, I32) {
  return error_of_open(call, descriptor, WasiError::notdir);
}

template <class... Arguments>
std::int32_t no_socket(HostCall& call, I32 descriptor, Arguments...) {
  return error_of_open(call, descriptor, WasiError::notsock);
}

// The first one is another in wasi_unstable: its struct is shorter there.
constexpr HostFunction kFiles[] = {
    host_function<fd_filestat_get>("fd_filestat_get"),
    host_function<no_file<I32, I64, I64, I32>>("fd_advise"),
    host_function<no_file<I32, I64, I64>>("fd_allocate"),
    host_function<fd_close>("fd_close"),
    host_function<no_file<I32>>("fd_datasync"),
    host_function<fd_fdstat_get>("fd_fdstat_get"),
    host_function<no_file<I32, I32>>("fd_fdstat_set_flags"),
    host_function<no_file<I32, I64, I64>>("fd_fdstat_set_rights"),
    host_function<no_file<I32, I64>>("fd_filestat_set_size"),
    host_function<no_file<I32, I64, I64, I32>>("fd_filestat_set_times"),
    host_function<fd_pread>("fd_pread"),
    host_function<no_file<I32, I32>>("fd_prestat_get"),
    host_function<fd_prestat_dir_name>("fd_prestat_dir_name"),
    host_function<fd_pwrite>("fd_pwrite"),
    host_function<fd_read>("fd_read"),
    host_function<no_file<I32, I32, I32, I64, I32>>("fd_readdir"),
    host_function<fd_renumber>("fd_renumber"),
    host_function<fd_seek>("fd_seek"),
    host_function<no_file<I32>>("fd_sync"),
    host_function<fd_tell>("fd_tell"),
    host_function<no_file<I32, I32, I32>>("path_create_directory"),
    host_function<no_file<I32, I32, I32, I32, I32>>("path_filestat_get"),
    host_function<no_file<I32, I32, I32, I32, I64, I64, I32>>("path_filestat_set_times"),
    host_function<no_file<I32, I32, I32, I32, I32, I32, I32>>("path_link"),
    host_function<no_file<I32, I32, I32, I32, I32, I64, I64, I32, I32>>("path_open"),
    host_function<no_file<I32, I32, I32, I32, I32, I32>>("path_readlink"),
    host_function<no_file<I32, I32, I32>>("path_remove_directory"),
    host_function<no_file<I32, I32, I32, I32, I32, I32>>("path_rename"),
    host_function<no_file<I32, I32, I32, I32, I32>>("path_symlink"),
    host_function<no_file<I32, I32, I32>>("path_unlink_file"),
    host_function<no_socket<I32, I32>>("sock_accept"),
    host_function<no_socket<I32, I32, I32, I32, I32>>("sock_recv"),
    host_function<no_socket<I32, I32, I32, I32>>("sock_send"),
    host_function<no_socket<I32>>("sock_shutdown"),
};

}  // namespace

std::span<const HostFunction> wasi_files() { return kFiles; }
std::span<const HostFunction> wasi_unstable_files() { return wasi_files().subspan(1); }

}  // namespace sluice::wasm
