// SPDX-License-Identifier: Apache-2.0
// Readers for the bodies of backends' responses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "backend/connection.h"
#include "backend/pool.h"
#include "http/body.h"

namespace sluice::backend {

// Owns the connection until the end of the body, then hands it back to the pool.
class ResponseBody final : public http::BodyReader {
 public:
  ResponseBody(std::weak_ptr<Pool> pool, std::size_t server,
               std::unique_ptr<Connection> connection);
  Task<Result<std::string_view>> read() override;

 private:
  std::weak_ptr<Pool> pool_;
  std::size_t server_;
  std::unique_ptr<Connection> connection_;  // null: the end was read
};

// The body that a response to HEAD does not have, but announces.
class AnnouncedBody final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

// Reads the body whole. `too_large` beyond `bytes_max`.
[[nodiscard]] Task<Outcome<std::string>> read_whole(Connection& connection,
                                                    std::uint64_t bytes_max);

}  // namespace sluice::backend
