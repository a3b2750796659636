"""Runs named checks and drives the sandbox's control surface for check_python.py."""

import http.server
import json
import threading
import traceback
import urllib.request


class Sandbox:
    """The control surface of one running sandbox."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def control(self, method, path, body=None):
        """A control call below /_sandbox; the JSON answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/_sandbox" + path, data=data, method=method)
        with self._opener.open(request) as response:
            return json.load(response)

    def advance(self, seconds=0, **more):
        """Moves virtual time; ends when every emulator has followed and webhooks are answered."""
        body = {"advance_seconds": seconds, "wait_for_deliveries": True, **more}
        return self.control("POST", "/clock", body)

    def settings(self, **settings):
        """Changes settings of the emulator."""
        return self.control("POST", "/gocardless/seed", {"settings": settings})

    def fault(self, kind, **where):
        """Disturbs the next request that fits."""
        return self.control("POST", "/gocardless/faults", {"rules": [{"kind": kind, **where}]})


class Receiver:
    """Takes webhooks on loopback and keeps what came: (headers, raw body)."""

    def __init__(self, status=204):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                received.append((self.headers, self.rfile.read(length)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/webhooks" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Checks:
    """Collects checks in the order of their definition and runs them all."""

    def __init__(self):
        self._checks = []

    def __call__(self, function):
        self._checks.append(function)
        return function

    def run(self, *arguments):
        """Prints a line per check and the totals; the exit code."""
        failed = 0
        for check in self._checks:
            name = check.__name__.replace("_", " ")
            try:
                check(*arguments)
            except Exception:
                failed += 1
                print("FAILED " + name)
                print("    " + traceback.format_exc().rstrip().replace("\n", "\n    "))
            else:
                print("ok " + name)
        print("%d passed, %d failed" % (len(self._checks) - failed, failed))
        return 1 if failed else 0


def equal(shown, expected, what="value"):
    """Fails unless both are the same."""
    if shown != expected:
        raise AssertionError("%s is %r, expected %r" % (what, shown, expected))


def raises(kind, call, status=None, reason=None):
    """The exception of exactly this class that the call must raise."""
    try:
        result = call()
    except Exception as error:
        if type(error) is not kind:
            raise AssertionError("expected %s, got %s: %s" % (
                kind.__name__, type(error).__name__, error)) from error
        if status is not None:
            equal(error.code, status, "code")
        if reason is not None:
            equal([entry.get("reason") for entry in error.errors], [reason], "reasons")
        return error
    raise AssertionError("expected %s, got %r" % (kind.__name__, result))
