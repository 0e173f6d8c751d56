// SPDX-License-Identifier: Apache-2.0
//! The path of a request chooses what the plugin does with it; the answer tells what it has seen.
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel, MetricType, Status};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

#[derive(Default)]
struct Root {
    vm: String,
    configuration: String,
    requests: u32,
}

struct Stream {
    vm: String,
    configuration: String,
    requests: u32,
    mode: String,
    calls: Vec<u32>,
    answers: Vec<String>,
}

fn text(bytes: Option<Bytes>) -> String {
    bytes.map_or("none".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn define(kind: MetricType, name: &str) -> u32 {
    hostcalls::define_metric(kind, name).unwrap()
}

impl Context for Root {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or("0".into());
        let started = define(MetricType::Gauge, "every.started");
        hostcalls::record_metric(started, status.parse().unwrap()).unwrap();
    }
}

impl RootContext for Root {
    fn on_vm_start(&mut self, _: usize) -> bool {
        self.vm = text(self.get_vm_configuration());
        self.requests = define(MetricType::Counter, "every.requests");
        true
    }

    fn on_configure(&mut self, _: usize) -> bool {
        self.configuration = text(self.get_plugin_configuration());
        if self.configuration.contains("ticks") {
            self.set_tick_period(Duration::from_millis(20));
        }
        if let Some(target) = self.configuration.strip_prefix("calls ") {
            let headers = vec![(":method", "GET"), (":path", "/started"), (":authority", "inner")];
            self.dispatch_http_call(target, headers, None, vec![], Duration::from_secs(5)).unwrap();
        }
        !self.configuration.contains("refuse")
    }

    fn on_tick(&mut self) {
        let ticks = define(MetricType::Gauge, "every.ticks");
        hostcalls::increment_metric(ticks, 1).unwrap();
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream {
            vm: self.vm.clone(),
            configuration: self.configuration.clone(),
            requests: self.requests,
            mode: String::new(),
            calls: vec![],
            answers: vec![],
        }))
    }
}

impl Stream {
    fn tell(&self, lines: &[String]) -> Action {
        let body = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        self.send_http_response(200, vec![("x-by", "every")], Some(body.as_bytes()));
        Action::Pause
    }

    fn headers(&self) -> Action {
        let get = |name| self.get_http_request_header(name).unwrap_or("none".into());
        let mut lines: Vec<String> = [":method", ":path", ":authority", ":scheme", "x-many", "x-none"]
            .iter()
            .map(|name| format!("{name}={}", get(name)))
            .collect();
        let all = self.get_http_request_headers();
        let many: Vec<_> = all.iter().filter(|(name, _)| name == "x-many").map(|(_, value)| value.clone()).collect();
        lines.push(format!("many={}", many.join("|")));
        self.set_http_request_header("x-set", Some("1"));
        self.add_http_request_header("x-set", "2");
        self.set_http_request_header("x-many", None);
        lines.push(format!("set={} many={}", get("x-set"), get("x-many")));
        self.set_http_request_headers(vec![(":path", "/new?q=1"), ("x-only", "3")]);
        lines.push(format!("only={} set={} path={}", get("x-only"), get("x-set"), get(":path")));
        self.tell(&lines)
    }

    fn properties(&self) -> Action {
        let get = |path: &[&str]| self.get_property(path.to_vec());
        let number = |path: &[&str]| {
            get(path).map_or("none".into(), |bytes| u64::from_le_bytes(bytes.try_into().unwrap()).to_string())
        };
        let mut lines: Vec<String> = [
            "plugin_name", "plugin_root_id", "plugin_vm_id", "cluster_name", "nothing", "request.method",
            "request.path", "request.url_path", "request.query", "request.host", "request.scheme",
            "request.protocol", "request.headers.x-a", "request.useragent", "request.referer", "request.id",
            "source.nothing", "connection.nothing",
        ]
        .iter()
        .map(|path| format!("{path}={}", text(get(&path.split('.').collect::<Vec<_>>()))))
        .collect();
        lines.push(format!("size={} port={}", number(&["request", "size"]), number(&["source", "port"]) != "none"));
        lines.push(format!("address={}", text(get(&["source", "address"])).starts_with("127.0.0.1:")));
        lines.push(format!("mtls={:?}", get(&["connection", "mtls"]).unwrap()));
        let time: u64 = number(&["request", "time"]).parse().unwrap();
        lines.push(format!("time={} duration={}", time > 1_600_000_000_000_000_000, number(&["request", "duration"]) != "none"));
        self.set_property(vec!["own", "thing"], Some(b"kept"));
        lines.push(format!("own={}", text(get(&["own", "thing"]))));
        self.tell(&lines)
    }

    fn shared(&self) -> Action {
        let mut tries = 0;
        loop {
            tries += 1;
            let (value, cas) = self.get_shared_data("count");
            let count = value.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse::<u64>().unwrap()) + 1;
            match self.set_shared_data("count", Some(count.to_string().as_bytes()), cas) {
                Ok(()) => return self.tell(&[format!("count={count}")]),
                Err(Status::CasMismatch) if tries < 1000 => continue,
                other => panic!("{other:?}"),
            }
        }
    }

    fn metrics(&self) -> Action {
        let histogram = define(MetricType::Histogram, "every.sizes");
        hostcalls::record_metric(histogram, 3).unwrap();
        hostcalls::record_metric(histogram, 4).unwrap();
        let gauge = define(MetricType::Gauge, "every.level");
        hostcalls::record_metric(gauge, 7).unwrap();
        hostcalls::increment_metric(gauge, -2).unwrap();
        self.tell(&[format!("level={}", hostcalls::get_metric(gauge).unwrap())])
    }

    fn call(&mut self, target: &str, timeout: u64, times: usize) -> Action {
        let headers = vec![(":method", "POST"), (":path", "/called?a=b"), (":authority", "inner"), ("x-call", "yes")];
        for _ in 0..times {
            match self.dispatch_http_call(target, headers.clone(), Some(b"ask"), vec![], Duration::from_millis(timeout)) {
                Ok(id) => self.calls.push(id),
                Err(status) => self.answers.push(format!("{status:?}")),
            }
        }
        if self.calls.is_empty() {
            return self.tell(&self.answers.clone());
        }
        Action::Pause
    }

    fn misbehave(&self) -> Action {
        match self.mode.as_str() {
            "/panic" => panic!("this plugin gives up"),
            "/loop" => loop {
                self.get_current_time();
            },
            "/recurse" => {
                fn deep(levels: &mut [u64; 64]) -> u64 {
                    let mut own = *levels;
                    own[0] += 1;
                    deep(&mut own) + levels[63] + own[0]
                }
                self.tell(&[deep(&mut [1; 64]).to_string()])
            }
            "/grow" => {
                let mut all = vec![];
                loop {
                    all.push(vec![1u8; 1 << 20]);
                }
            }
            _ => Action::Continue,
        }
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, id: u32, headers: usize, size: usize, trailers: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or("failed".into());
        let body = text(self.get_http_call_response_body(0, size));
        let known = self.calls.contains(&id);
        self.answers.push(format!("{known} {status} {} {} {trailers}", headers > 0, body.trim_end()));
        if self.answers.len() < self.calls.len() || self.mode == "/tail" {
            return;
        }
        if self.mode == "/call/go-on" {
            self.set_http_request_header("x-called", Some(&status));
            self.resume_http_request();
        } else {
            self.tell(&self.answers.clone());
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        hostcalls::increment_metric(self.requests, 1).unwrap();
        self.mode = self.get_http_request_header(":path").unwrap().split('?').next().unwrap().to_string();
        match self.mode.clone().as_str() {
            "/configuration" => self.tell(&[format!("vm={} plugin={} end={end}", self.vm, self.configuration)]),
            "/headers" => self.headers(),
            "/properties" => self.properties(),
            "/shared" => self.shared(),
            "/metrics" => self.metrics(),
            "/log" => {
                for level in [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
                    hostcalls::log(level, &format!("line of {level:?}\nforged")).unwrap();
                }
                self.tell(&["logged".into()])
            }
            "/pause" => Action::Pause,
            "/call" | "/call/go-on" => self.call("inner", 5000, 1),
            "/call/many" => self.call("inner", 5000, 12),
            "/call/slow" => self.call("slow", 50, 1),
            "/call/long" => self.call("inner", 60_000, 1),
            "/call/nobody" => self.call("nobody", 5000, 1),
            "/call/self" => self.call("p", 5000, 1),
            "/grpc" => {
                let failed = self.dispatch_grpc_call("inner", "s", "m", vec![], None, Duration::from_secs(1));
                self.tell(&[format!("{failed:?}")])
            }
            _ => self.misbehave(),
        }
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if self.mode == "/tail" {
            return if end { Action::Continue } else { self.call("inner", 5000, 1) };
        }
        if self.mode == "/echo" {
            let body = text(self.get_http_request_body(0, size));
            self.set_http_request_body(0, size, format!("{body}{end}").as_bytes());
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        if self.mode == "/tail" {
            return self.tell(&self.answers.clone());
        }
        let seen = self.get_http_request_trailer("x-tail").unwrap_or_default();
        self.set_http_request_trailer("x-tail", Some(&format!("{seen}+{count}")));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, end: bool) -> Action {
        let status = self.get_http_response_header(":status").unwrap();
        self.set_http_response_header("x-response", Some(&format!("{status} {end}")));
        match self.mode.as_str() {
            "/instead" => self.tell(&["instead".into()]),
            "/panic-late" => panic!("too late"),
            _ => Action::Continue,
        }
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        match self.mode.as_str() {
            "/whole" if !end => Action::Pause,
            "/whole" => {
                let body = text(self.get_http_response_body(0, size));
                self.set_http_response_body(0, size, format!("{size}:{}", body.to_uppercase()).as_bytes());
                Action::Continue
            }
            "/pieces" => {
                self.set_http_response_body(0, 0, b"[");
                self.set_http_response_body(usize::MAX, 0, b"]");
                Action::Continue
            }
            "/hoard" => Action::Pause,
            _ => Action::Continue,
        }
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.add_http_response_trailer("x-tail", "more");
        Action::Continue
    }

    fn on_log(&mut self) {
        let status = self.get_http_response_header(":status").unwrap_or("none".into());
        let gone = define(MetricType::Counter, &format!("every.logged.{status}"));
        hostcalls::increment_metric(gone, 1).unwrap();
    }
}
