// SPDX-License-Identifier: Apache-2.0
#include "http/made_bytes.h"

namespace sluice::http {

bool MadeBytes::replace(std::size_t at, std::size_t count, std::string_view bytes) {
  const std::size_t size = bytes_.size() - count + bytes.size();
  if (memory_ && size > kUnchargedMadeBytesMax) {
    if (!charge_) charge_ = std::make_shared<BodyCharge>(memory_, MemoryUse::builder_bodies);
    if (size > bytes_.capacity() && !charge_->try_set(size)) return false;
  }
  bytes_.replace(at, count, bytes);
  if (charge_) charge_->set(bytes_.capacity());
  return true;
}

void MadeBytes::give_to(Body& body) {
  body.assign(std::move(bytes_));
  body.hold_charge(std::move(charge_));
}

}  // namespace sluice::http
