// SPDX-License-Identifier: Apache-2.0
// AddressBook: the KnownAddresses of names, for clients that follow each other and are to keep what
// the ones before have found. Any thread; a mutex, so not for the path of a request.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "backend/known_addresses.h"
#include "base/mutex.h"

namespace sluice::backend {

class AddressBook {
 public:
  // Each call with the same name returns the same object. The names are those of options, so there
  // are few.
  [[nodiscard]] std::shared_ptr<KnownAddresses> of(const std::string& name) {
    const MutexLock lock(mutex_);
    std::shared_ptr<KnownAddresses>& known = names_[name];
    if (!known) known = std::make_shared<KnownAddresses>();
    return known;
  }

 private:
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<KnownAddresses>> names_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::backend
