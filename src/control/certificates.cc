// SPDX-License-Identifier: Apache-2.0
#include "control/certificates.h"

#include <algorithm>
#include <utility>

namespace sluice::control {

std::string line_about(const net::CertificateEnd& certificate, net::CertificateState state) {
  const char* verb =
      state == net::CertificateState::ended ? " has expired: it ended at " : " expires at ";
  return certificate.place + ": the certificate of " + certificate.subject + verb +
         net::end_text(certificate);
}

void Certificates::set_own(net::CertificateEnds own) {
  const MutexLock lock(mutex_);
  own_ = std::move(own);
}

net::CertificateEnds Certificates::all() const {
  net::CertificateEnds all;
  {
    const MutexLock lock(mutex_);
    all = own_;
  }
  for (const auto& [name, object] : publisher_.objects()) {
    if (!object->runs()) continue;
    for (net::CertificateEnd& its : object->prototype->certificates()) {
      its.place = object->kind + " " + name + " " + its.place;
      all.push_back(std::move(its));
    }
  }
  std::ranges::stable_sort(all, {}, &net::CertificateEnd::end);
  return all;
}

void Certificates::tell(std::chrono::system_clock::time_point now) {
  decltype(told_) told;
  const net::CertificateEnds held = all();
  const MutexLock lock(mutex_);
  for (const net::CertificateEnd& certificate : held) {
    const auto state = net::state_of(certificate, now);
    if (state == net::CertificateState::valid) continue;
    const std::string line = line_about(certificate, state);
    const auto before = told_.find(line);
    const bool is_known = before != told_.end() && now - before->second < kRepeat;
    told[line] = is_known ? before->second : now;
    if (is_known) continue;
    const auto level = state == net::CertificateState::ended ? LogLevel::error : LogLevel::warn;
    logger_.write(level, line);
  }
  told_ = std::move(told);
}

}  // namespace sluice::control
