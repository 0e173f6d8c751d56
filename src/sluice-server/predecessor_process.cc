// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/predecessor_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/fields.h"
#include "config/from_json.h"
#include "filters/successor/successor.h"
#include "net/memory_file.h"
#include "server/workers.h"
#include "sluice-server/hand_over.h"

namespace sluice::server_program {
namespace {

constexpr std::chrono::seconds kStoreTimeout{120};  // the old process finishes its last runs
constexpr std::chrono::hours kEver{24 * 365};

void keep(PredecessorProcess::Estate& estate, net::ChannelMessage message) {
  const Json text = Json::parse(message.text, nullptr, false);
  if (!text.is_object()) return;
  if (text.contains("data")) {
    estate.data_dir = text.value("data", "");
    estate.store = text.value("store", "");
    if (message.descriptors.empty()) return;
    if (const auto objects = net::read_memory_file(message.descriptors.front()))
      estate.objects = Json::parse(*objects, nullptr, false);
    return;
  }
  if (text.contains("admin") && !message.descriptors.empty()) {
    estate.admin_address = text.value("admin", "");
    estate.admin = net::Listener::adopt(message.descriptors[0].release());
    if (message.descriptors.size() < 2) return;
    estate.health_address = text.value("health", "");
    estate.health = net::Listener::adopt(message.descriptors[1].release());
    return;
  }
  const std::string address = text.value("address", "");
  const auto port = text.value<std::uint16_t>("port", 0);
  for (Descriptor& descriptor : message.descriptors) {
    const bool same = !estate.ports.empty() && estate.ports.back().address == address &&
                      estate.ports.back().port == port;
    if (!same) estate.ports.push_back({address, port, {}});
    estate.ports.back().listeners.push_back(net::Listener::adopt(descriptor.release()));
  }
}

}  // namespace

std::unique_ptr<PredecessorProcess> PredecessorProcess::find() {
  const char* text = std::getenv(kPredecessorVariable);
  if (text == nullptr) return nullptr;
  const int descriptor = to_number<int>(text).value_or(-1);
  ::unsetenv(kPredecessorVariable);
  if (descriptor < 0 || ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return nullptr;
  return std::unique_ptr<PredecessorProcess>(new PredecessorProcess(Descriptor(descriptor)));
}

void PredecessorProcess::stop() {
  channel_.shut_down();
  if (thread_.joinable()) thread_.join();
}

Result<PredecessorProcess::Estate> PredecessorProcess::take_sockets() {
  SLUICE_CHECK(channel_.send("ready", {}, Clock::now() + kSendTimeout));
  Estate estate;
  while (estate.data_dir.empty()) {
    SLUICE_TRY(auto message, next_message());
    keep(estate, std::move(message));
  }
  return estate;
}

Result<config::Value> PredecessorProcess::take_store() {
  SLUICE_CHECK(channel_.send("agreed", {}, Clock::now() + kSendTimeout));
  SLUICE_TRY(const auto message, next_message());
  if (message.text != "store") return fail(ErrorKind::internal, "no store comes");
  // A failure to read the knowledge is ignored: a service without it is better than none.
  if (message.descriptors.empty()) return config::Value();
  const auto text = net::read_memory_file(message.descriptors.front());
  if (!text) return config::Value();
  // Requests wait: a parser of JSON takes a ninth of the time of one of YAML.
  return config::from_json(Json::parse(*text, nullptr, false));
}

Result<net::ChannelMessage> PredecessorProcess::next_message() {
  SLUICE_TRY(auto message, channel_.receive(Clock::now() + kStoreTimeout));
  if (!message) return fail(ErrorKind::closed, "the old process keeps its work");
  return *std::move(message);
}

void PredecessorProcess::give_up(const std::string& reason) {
  (void)channel_.send(reason.substr(0, net::DescriptorChannel::kTextBytesMax), {},
                      Clock::now() + kSendTimeout);
}

void PredecessorProcess::serving(server::Workers& workers) {
  (void)channel_.send("serving", {}, Clock::now() + kSendTimeout);
  thread_ = std::thread([this, &workers] { adopt_all(workers); });
}

// Takes over connections until the old process has left.
void PredecessorProcess::adopt_all(server::Workers& workers) {
  while (true) {
    auto message = channel_.receive(Clock::now() + kEver);
    if (!message || !*message) return;
    net::ChannelMessage& arrived = **message;
    const auto text = config::parse_document(arrived.text);
    if (!text || arrived.descriptors.empty()) continue;
    config::Faults faults;
    const auto handed = config::decode<filters::HandedConnection>(*text, "", faults);
    if (!faults.empty()) continue;
    workers.adopt({.server = handed.server,
                   .descriptor = std::move(arrived.descriptors[0]),
                   .peer = handed.peer,
                   .secure = handed.secure,
                   .admission = handed.admission});
  }
}

}  // namespace sluice::server_program
