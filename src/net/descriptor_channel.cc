// SPDX-License-Identifier: Apache-2.0
#include "net/descriptor_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/errno_text.h"
#include "net/tcp_stream.h"

namespace sluice::net {
namespace {

using Pair = std::pair<Descriptor, Descriptor>;

std::unexpected<Error> failure(const char* what) {
  const ErrorKind kind =
      errno == EPIPE || errno == ECONNRESET ? ErrorKind::closed : ErrorKind::internal;
  return fail(kind, std::string(what) + ": " + errno_text(errno));
}

Result<Pair> socket_pair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return failure("socketpair");
  return Pair(ends[0], ends[1]);
}

bool wait(int descriptor, short events, TimePoint deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd source{descriptor, events, 0};
    const int ready =
        ::poll(&source, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Result<Pair> DescriptorChannel::make_pair() { return socket_pair(SOCK_SEQPACKET); }
Result<Pair> make_stream_pair() { return socket_pair(SOCK_STREAM | SOCK_NONBLOCK); }

Result<void> DescriptorChannel::send(std::string_view text, std::span<const int> descriptors,
                                     TimePoint deadline) const {
  if (text.size() > kTextBytesMax || descriptors.size() > kDescriptorsMax)
    return fail(ErrorKind::too_large, "the message is too large for the channel");
  std::string bytes(text);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  while (::sendmsg(end_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != ETOOMANYREFS)
      return failure("cannot send to the other process");
    if (!wait(end_.get(), POLLOUT, deadline))
      return fail(ErrorKind::timed_out, "the other process takes no messages");
  }
  return {};
}

Result<std::optional<ChannelMessage>> DescriptorChannel::receive(TimePoint deadline) const {
  std::array<char, kTextBytesMax> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = 0;
  while ((count = ::recvmsg(end_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0) {
    if (errno == EINTR) continue;
    if (errno == ECONNRESET) return std::nullopt;
    if (errno != EAGAIN) return failure("cannot read from the other process");
    if (!wait(end_.get(), POLLIN, deadline))
      return fail(ErrorKind::timed_out, "the other process says nothing");
  }
  if (count == 0) return std::nullopt;
  ChannelMessage received;
  received.text.assign(text.data(), static_cast<std::size_t>(count));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> values((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(values.data(), CMSG_DATA(header), values.size() * sizeof(int));
    for (const int value : values) received.descriptors.emplace_back(value);
  }
  return received;
}

void DescriptorChannel::shut_down() const { ::shutdown(end_.get(), SHUT_RDWR); }

std::unique_ptr<Stream> make_handed_stream(loop::EventLoop& loop, Descriptor descriptor,
                                           std::string peer, bool secure) {
  auto stream = make_tcp_stream(loop, descriptor.release(), {}, secure);
  if (stream) stream->set_peer_address(std::move(peer));
  return stream;
}

}  // namespace sluice::net
