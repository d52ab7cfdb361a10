"""Servers that Fluent Bit talks to: a hub, and an API server."""

import collections
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub:
    """Takes what VictoriaLogs takes: JSON objects, one a line, gzipped."""

    def __init__(self, port=0):
        self.records, self.requests = [], []
        self.tenants = collections.defaultdict(list)  # records by AccountID:ProjectID
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                hub.requests.append((self.path, dict(self.headers)))
                records = [json.loads(line) for line in body.splitlines()]
                hub.records.extend(records)
                hub.tenants[f"{self.headers['AccountID']}:{self.headers['ProjectID']}"].extend(records)
                self.send_response(204)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self


def free_port():
    hub = Hub()
    hub.server.server_close()
    return hub.port


class ApiServer(BaseHTTPRequestHandler):
    """Knows every pod that it is asked for, but one."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        _, _, _, namespace, _, pod = parts if len(parts) == 6 else [""] * 6
        known = namespace and pod != "gone"
        annotations = {"fluentbit.io/exclude": "true"} if pod == "quiet" else {"note": "is not shipped"}
        pod = {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {
                "name": pod,
                "namespace": namespace,
                "uid": "u-1",
                "labels": {"app": "web"},
                "annotations": annotations,
            },
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"podIP": "10.0.0.9", "containerStatuses": []},
        }
        body = json.dumps(pod).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
