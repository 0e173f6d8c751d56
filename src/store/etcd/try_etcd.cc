// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/try_etcd.h"

#include <algorithm>
#include <utility>

#include "loop/loop_thread.h"
#include "store/etcd/keys.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kTryPause = std::chrono::milliseconds(50);

// One client for all tries: a look-up may take longer than a try.
Task<Result<void>> read_one(loop::EventLoop& loop, etcd::Client& client, const Keys& keys,
                            TimePoint until) {
  pb::RangeRequest request = range_of(keys.cluster());
  request.set_keys_only(true);
  while (true) {
    etcd::CallOptions options;
    options.deadline = std::min(until, Clock::now() + kTryMax);
    auto reply = co_await client.range(request, options);
    if (reply) co_return Result<void>();
    if (!may_heal(reply.error()) || Clock::now() + kTryPause >= until)
      co_return std::unexpected(error_of(reply.error()));
    co_await loop.sleep_for(kTryPause);
  }
}

}  // namespace

Result<std::unique_ptr<etcd::Client>> make_etcd_client(const loop::Core& core,
                                                       const EtcdOptions& options) {
  etcd::Options its;
  its.endpoints = options.endpoints;
  its.user = options.user;
  its.password = options.password;
  its.keys = options.prefix + "/";
  its.tls = options.tls;
  its.addresses = options.addresses;
  return etcd::Client::make(core, std::move(its));
}

Result<void> try_etcd(const EtcdOptions& options, Duration patience) {
  SLUICE_TRY(const Keys keys, Keys::make(options.prefix));
  loop::LoopThread thread;
  auto client = thread.run([&] { return make_etcd_client(thread.core(), options); });
  if (!client) return std::unexpected(std::move(client).error());
  const TimePoint until = Clock::now() + patience;
  auto answer = thread.await([&] { return read_one(thread.core().loop, **client, keys, until); });
  thread.run([&] { client->reset(); });
  return answer;
}

}  // namespace sluice::store
