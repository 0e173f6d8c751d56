// SPDX-License-Identifier: Apache-2.0
//! The flash sale of the cookbook.

use sluice::{cluster, now, parse_date, program, rand, request, response, Outcome, Params, Program, Text};

struct FlashSale {
    start_time: i64,
    block_ratio: f64,
    max_permission: i32,
}

impl Program for FlashSale {
    fn new(params: &Params) -> sluice::Result<Self> {
        let text = |name, otherwise| params.get(name).map_or(otherwise, String::as_str);
        Ok(FlashSale {
            start_time: parse_date(text("startTime", "1970")).ok_or("startTime is not a date")?,
            block_ratio: text("blockRatio", "0").parse()?,
            max_permission: text("maxPermission", "0").parse()?,
        })
    }

    fn run(&mut self) -> sluice::Result<Outcome> {
        if now() < self.start_time {
            response::set_body("not start yet.\n");
            return Ok(Outcome::WasmResult(1));
        }
        let key = Text::join("id/", request::header("Authorization"));
        if cluster::get_string(&key) == "true" {
            return Ok(Outcome::Next);
        }
        // Counting and putting are one transaction: never one too many.
        if cluster::count_key("id/") < self.max_permission && rand() > self.block_ratio {
            cluster::put_string(&key, "true");
            return Ok(Outcome::Next);
        }
        response::set_body("sold out.\n");
        Ok(Outcome::WasmResult(2))
    }
}

program!(FlashSale);
