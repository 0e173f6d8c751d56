// SPDX-License-Identifier: Apache-2.0
#include "net/tls/session_memory.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <utility>

namespace sluice::net {
namespace {

// Of OpenSSL's objects only an SSL is as large as that.
constexpr std::size_t kSessionBytesMin = 4 << 10;
constexpr std::size_t kSessionBytesMax = 8 << 10;

// OpenSSL's functions for memory know nothing of their caller: what is lent to them stands here for
// the length of one call.
thread_local const PagePool::Slot* lent = nullptr;
thread_local bool lent_is_taken = false;

class Loan {
 public:
  Loan(const PagePool::Slot& slot, bool taken) {
    lent = &slot;
    lent_is_taken = taken;
  }
  ~Loan() { lent = nullptr; }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
};

void* allocate(std::size_t size, const char*, int) {
  if (size == 0) return nullptr;
  const bool fits =
      lent != nullptr && !lent_is_taken && size >= kSessionBytesMin && size <= lent->bytes().size();
  if (!fits) return std::malloc(size);
  lent_is_taken = true;
  return lent->bytes().data();
}

void release(void* memory, const char*, int) {
  if (lent == nullptr || !lent->holds(memory)) std::free(memory);
}

// An SSL never comes here.
void* reallocate(void* memory, std::size_t size, const char*, int) {
  if (size > 0) return std::realloc(memory, size);
  std::free(memory);
  return nullptr;
}

}  // namespace

void SessionMemory::install() { CRYPTO_set_mem_functions(allocate, reallocate, release); }

SessionMemory::SessionMemory(PagePool& pool, const std::function<ssl_st*()>& make)
    : slot_(pool.acquire(kSessionBytesMax)) {
  {
    const Loan loan(slot_, !slot_);
    session_ = make();
  }
  if (!slot_.holds(session_)) slot_ = {};
}

SessionMemory::SessionMemory(SessionMemory&& other) noexcept
    : slot_(std::move(other.slot_)), session_(std::exchange(other.session_, nullptr)) {}

SessionMemory::~SessionMemory() {
  slot_.unfold();
  const Loan loan(slot_, true);
  SSL_free(session_);
}

}  // namespace sluice::net
