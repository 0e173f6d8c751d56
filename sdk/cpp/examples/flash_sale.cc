// SPDX-License-Identifier: Apache-2.0
// The flash sale of the cookbook.
#include "../sluice.hpp"

class FlashSale {
 public:
  explicit FlashSale(const sluice::Params&) {}

  int32_t run() const {
    if (sluice::now() < start_time_) {
      sluice::response::set_body("not start yet.\n");
      return 1;
    }
    const std::string user = sluice::request::get_header("Authorization");
    if (user.empty()) return 3;  // without a name, all visitors would be one user
    const std::string key = "id/" + user;
    if (sluice::cluster::get_string(key) == "true") return 0;

    // Counting and putting are one transaction: never one too many.
    if (sluice::cluster::count_key("id/") < max_permission_ && sluice::rand() > block_ratio_) {
      sluice::cluster::put_string(key, "true");
      return 0;
    }
    sluice::response::set_body("sold out.\n");
    return 2;
  }

 private:
  std::int64_t start_time_ = sluice::parameter::time("startTime");
  double block_ratio_ = sluice::parameter::number("blockRatio", "0");
  std::int64_t max_permission_ = sluice::parameter::integer("maxPermission");
};

SLUICE_PROGRAM(FlashSale)
