// SPDX-License-Identifier: Apache-2.0
//! The flash sale of the cookbook.

use sluice::{cluster, now, parameter, program, rand, request, response, Outcome, Params, Program, Text};

struct FlashSale {
    start_time: i64,
    block_ratio: f64,
    max_permission: i64,
}

impl Program for FlashSale {
    fn new(_: &Params) -> sluice::Result<Self> {
        Ok(FlashSale {
            start_time: parameter::time("startTime"),
            block_ratio: parameter::number_or("blockRatio", 0.0),
            max_permission: parameter::integer("maxPermission"),
        })
    }

    fn run(&mut self) -> sluice::Result<Outcome> {
        if now() < self.start_time {
            response::set_body("not start yet.\n");
            return Ok(Outcome::WasmResult(1));
        }
        let user = request::header("Authorization");
        if user == "" {
            return Ok(Outcome::WasmResult(3)); // without a name, all visitors would be one user
        }
        let key = Text::join("id/", user);
        if cluster::get_string(&key) == "true" {
            return Ok(Outcome::Next);
        }
        // Counting and putting are one transaction: never one too many.
        if i64::from(cluster::count_key("id/")) < self.max_permission && rand() > self.block_ratio {
            cluster::put_string(&key, "true");
            return Ok(Outcome::Next);
        }
        response::set_body("sold out.\n");
        Ok(Outcome::WasmResult(2))
    }
}

program!(FlashSale);
