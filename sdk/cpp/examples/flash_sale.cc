// SPDX-License-Identifier: Apache-2.0
// The flash sale of the cookbook.
#include "../sluice.hpp"

class FlashSale {
 public:
  explicit FlashSale(const sluice::Params& params) {
    for (const auto& [name, value] : params) {
      if (name == "startTime") start_time_ = sluice::parse_date(value);
      if (name == "blockRatio") block_ratio_ = sluice::parse_number(value);
      if (name == "maxPermission") max_permission_ = sluice::parse_number(value);
    }
    if (!start_time_ || !block_ratio_ || !max_permission_) sluice::fail("a parameter is wrong");
  }

  int32_t run() const {
    if (sluice::now() < start_time_) {
      sluice::response::set_body("not start yet.\n");
      return 1;
    }
    const std::string key = "id/" + sluice::request::get_header("Authorization");
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
  std::optional<std::int64_t> start_time_ = 0;
  std::optional<double> block_ratio_ = 0;
  std::optional<double> max_permission_ = 0;
};

SLUICE_PROGRAM(FlashSale)
