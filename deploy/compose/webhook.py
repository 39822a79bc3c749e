#!/usr/bin/env python3
"""Prints what Alertmanager sends to a webhook, one line for each alert: webhook.py PORT [ADDRESS]."""

import http.server
import json
import sys


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in message["alerts"]:
            labels = alert["labels"]
            print(f"{self.path} {alert['status']} {labels['alertname']} ({labels.get('severity', '-')}): "
                  f"{alert['annotations'].get('summary', '')} [{alert['annotations'].get('runbook', '')}]", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer((sys.argv[2] if len(sys.argv) > 2 else "", int(sys.argv[1])), Webhook).serve_forever()
