# SPDX-License-Identifier: Apache-2.0
"""A web server for the code of guests, which can be slow, or say nothing at all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CodeServer:
    def __init__(self, code: bytes):
        self.code, self.status = code, 200
        self.open = threading.Event()  # answers wait for it
        self.open.set()
        self.asked = threading.Semaphore(0)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.release()
                outer.open.wait(120)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.code)))
                self.end_headers()
                self.wfile.write(outer.code)

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:
                    pass  # the gateway has given up

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/code.wasm"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
