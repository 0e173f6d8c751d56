// SPDX-License-Identifier: Apache-2.0
//! Does what X-Mode says; see README.md in the folder above.

use std::net::TcpStream;
use std::time::Duration;

use sluice::cookie::{Cookie, SameSite};
use sluice::{
    add_tag, cluster, log, now, parameter, parse_date_in, program, rand, request, response, Headers, Level, Outcome, Params, Program, Text,
};

struct Every {
    out: Vec<u8>,
    kept: Vec<Vec<u8>>,
    parameters: String,
    ratio: f64,
}

impl Program for Every {
    fn new(_: &Params) -> sluice::Result<Self> {
        let parameters = [
            parameter::text_or("greeting", "hello ü").to_str()?.to_string(),
            parameter::integer_or("amount", -7).to_string(),
            parameter::boolean_or("open", true).to_string(),
            parameter::duration_or("wait", "1m30s").to_string(),
            parameter::time_or("start", "2026-11-27 20:00 Europe/Berlin").to_string(),
        ];
        let ratio = parameter::number_or("ratio", 0.5);
        Ok(Every { out: Vec::new(), kept: Vec::new(), parameters: parameters.join("|"), ratio })
    }

    fn run(&mut self) -> sluice::Result<Outcome> {
        let mode = request::header("X-Mode");
        let key = request::header("X-Key");
        self.out.clear();
        match mode.to_str()? {
            "every" => self.every(),
            "put" => {
                cluster::put_string(&key, request::header("X-Value"));
                response::set_body(&key);
            }
            "get" => response::set_body(cluster::get_string(&key)),
            "exception" => return Err("thrown by every".into()),
            "panic" => panic!("panicked in every"),
            mode => {
                self.misbehave(mode);
                response::set_body(look_outside(mode));
            }
        }
        Ok(Outcome::Next)
    }
}

impl Every {
    fn say(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'=');
        self.out.extend_from_slice(value.as_ref());
        self.out.push(b'\n');
    }

    fn say_ok(&mut self, name: &str, ok: bool) {
        self.say(name, if ok { "ok" } else { "wrong" });
    }

    fn every(&mut self) {
        self.read_request();
        self.change_request();
        self.change_response();
        self.share_data();
        add_tag("tag é");
        log(Level::Debug, "every debug");
        log(Level::Info, "every info");
        log(Level::Warning, "every warning");
        log(Level::Error, "every error");
        self.say_ok("now", now() > 1_600_000_000_000);
        self.say_ok("rand", (0.0..1.0).contains(&rand()));
        self.say("date", parse_date_in("2026-11-27 20:00", "Europe/Berlin").to_string());
        self.say("parameters", self.parameters.clone());
        self.say_ok("number", self.ratio == 0.5);
        response::set_body(&self.out);
    }

    fn read_request(&mut self) {
        self.say("realIp", request::real_ip());
        self.say("scheme", request::scheme());
        self.say("proto", request::proto());
        self.say("method", request::method());
        self.say("host", request::host());
        self.say("path", request::path());
        self.say("escapedPath", request::escaped_path());
        self.say("query", request::query());
        self.say("fragment", request::fragment());
        self.say("user", request::header("x-user"));
        self.say("missing", request::header("X-Missing"));
        self.say("many", all_of(&request::all_headers(), "X-Many"));
        self.say("cookie", request::cookie("a").map_or(b"none".to_vec(), |cookie| pair(&cookie)));
        self.say_ok("noCookie", request::cookie("z").is_none());
        self.say("cookies", all_cookies());
        self.say("body", request::body());
    }

    fn change_request(&mut self) {
        request::set_method("PUT");
        request::set_host("probe.example:8080");
        request::set_path("/n w/ü");
        request::set_query("r=%20");
        request::set_header("X-Set", "old");
        request::set_header("X-Set", "new");
        request::add_header("X-Set", "more");
        request::set_header("X-Gone", "x");
        request::del_header("x-gone");
        request::add_cookie(&Cookie::new("c", "3=3"));
        request::set_body("new body");
        self.say("method", request::method());
        self.say("host", request::host());
        self.say("path", request::path());
        self.say("query", request::query());
        self.say("set", all_of(&request::all_headers(), "X-Set"));
        self.say("gone", request::header("X-Gone"));
        self.say("cookies", all_cookies());
        self.say("body", request::body());
        request::set_all_headers(&[("X-Whole", "1"), ("X-Whole", "2\r\nInjected: yes")]);
        self.say("whole", all_of(&request::all_headers(), "X-Whole"));
    }

    fn change_response(&mut self) {
        self.say("status", response::status_code().to_string());
        response::set_status_code(201);
        self.say("status", response::status_code().to_string());
        response::set_header("X-R", "new");
        response::add_header("X-R", "more");
        response::set_header("X-Gone", "x");
        response::del_header("X-Gone");
        self.say("response", response::header("x-r"));
        self.say("response", all_of(&response::all_headers(), "X-R"));
        response::set_all_headers(&[("X-Whole", "a"), ("X-Whole", "b")]);
        let cookie = Cookie {
            path: "/shop".into(),
            domain: "example.com; x".into(),
            expires: "Thu, 01 Jan 1970 00:00:00 GMT".into(),
            max_age: 3600,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
            ..Cookie::new("wasm", "a=b")
        };
        response::set_cookie(&cookie);
        let again = Cookie::parse(&cookie.text());
        self.say_ok("parsed", again.is_some());
        self.say("setCookie", again.map(|cookie| cookie.text()).unwrap_or_default());
        response::set_body("first");
        self.say("body", response::body());
    }

    fn share_data(&mut self) {
        let bytes: Vec<u8> = (0..=255).collect();
        self.say("count", cluster::count_key("e/").to_string());
        cluster::put_binary("e/b", &bytes);
        self.say_ok("binary", cluster::get_binary("e/b") == bytes);
        self.say("none", cluster::get_string("e/none"));
        cluster::put_string("e/zwölf", "时间 😀");
        self.say("string", cluster::get_string("e/zwölf"));
        cluster::put_integer("e/i", i64::MIN);
        self.say("integer", cluster::get_integer("e/i").to_string());
        cluster::put_integer("e/i", 40);
        self.say("sum", cluster::add_integer("e/i", -3).to_string());
        cluster::put_float("e/f", 0.5);
        self.say_ok("float", cluster::get_float("e/f") == 0.5);
        self.say_ok("floatSum", cluster::add_float("e/f", 1.25) == 1.75);
        self.say("count", cluster::count_key("e/").to_string());
        cluster::delete("e/f");
        cluster::delete("e/none");
        self.say("count", cluster::count_key("e/").to_string());
    }

    fn misbehave(&mut self, mode: &str) {
        match mode {
            "loop" => loop {
                std::hint::spin_loop();
            },
            "recurse" => self.say_ok("depth", depth(1) > 0),
            "grow" => loop {
                self.kept.push(vec![1; 1 << 20]);
            },
            "sleep" => std::thread::sleep(Duration::from_secs(20)),
            _ => {}
        }
    }
}

#[inline(never)]
fn depth(n: u64) -> u64 {
    let deeper = Text::join(n.to_string(), ".");
    if deeper.is_empty() {
        return 0;
    }
    depth(n + 1) + deeper.len() as u64
}

fn look_outside(mode: &str) -> &'static str {
    let found = match mode {
        "file" => std::fs::read("/etc/passwd").is_ok(),
        "environment" => std::env::var("PATH").is_ok(),
        "socket" => TcpStream::connect("127.0.0.1:80").is_ok(),
        _ => false,
    };
    if found { "there" } else { "none" }
}

fn all_of(headers: &Headers, wanted: &str) -> Vec<u8> {
    let values = headers.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| value.to_vec());
    values.collect::<Vec<_>>().join(&b'|')
}

fn pair(cookie: &Cookie) -> Vec<u8> {
    [&cookie.name as &[u8], b":", &cookie.value].concat()
}

fn all_cookies() -> Vec<u8> {
    request::all_cookies().iter().map(pair).collect::<Vec<_>>().join(&b'|')
}

program!(Every);
