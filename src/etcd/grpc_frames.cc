// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_frames.h"

#include <algorithm>
#include <utility>

namespace sluice::etcd {

std::string frame_of(const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  std::string out;
  out.reserve(kGrpcPrefixBytes + size);
  out.push_back('\0');
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(size >> shift & 0xff));
  message.AppendToString(&out);
  return out;
}

bool decode(std::string_view bytes, google::protobuf::MessageLite& message) {
  return bytes.size() <= std::numeric_limits<int>::max() &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void GrpcFrames::feed(std::string_view bytes) {
  while (!bytes.empty() && fault_ == FrameFault::none) {
    if (prefix_size_ < kGrpcPrefixBytes) {
      prefix_.at(prefix_size_++) = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (prefix_size_ == kGrpcPrefixBytes) read_prefix();
      continue;
    }
    const std::string_view part = bytes.substr(0, wanted_);
    message_.append(part);
    bytes.remove_prefix(part.size());
    wanted_ -= part.size();
    if (wanted_ == 0) finish_message();
  }
}

void GrpcFrames::read_prefix() {
  wanted_ = std::size_t{prefix_[1]} << 24 | std::size_t{prefix_[2]} << 16 |
            std::size_t{prefix_[3]} << 8 | std::size_t{prefix_[4]};
  if (prefix_[0] != 0) {
    fault_ = FrameFault::compressed;
  } else if (wanted_ > max_) {
    fault_ = FrameFault::too_large;
  } else if (wanted_ == 0) {
    finish_message();
  }
}

void GrpcFrames::finish_message() {
  whole_.push_back(std::exchange(message_, {}));
  prefix_size_ = 0;
}

std::string GrpcFrames::take() {
  std::string message = std::move(whole_.front());
  whole_.pop_front();
  return message;
}

}  // namespace sluice::etcd
