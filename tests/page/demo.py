"""A running `touchstone demo`, and where it listens."""

import json
import re
import signal
import subprocess
import threading
import urllib.request

NO_PAGE = "this build has no live page, because npm could not fetch what builds it"


class Demo:
    """`touchstone demo`, with the addresses that it prints."""

    def __init__(self, touchstone, *options):
        self.process = subprocess.Popen([touchstone, "demo", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said, self.addresses, self.ready = [], {}, threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.said = (self.said + [line])[-200:]
            if found := re.match(r"(map|Kafka) +(?:http://)?(127[\d.:]+)", line.strip()):
                self.addresses.setdefault(found[1], found[2])
            if len(self.addresses) == 2:
                self.ready.set()
        self.ready.set()

    def __enter__(self):
        if not self.ready.wait(120) or len(self.addresses) < 2:
            raise RuntimeError("the demo did not begin:\n" + "".join(self.said))
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def has_page(self):
        with urllib.request.urlopen(f"http://{self.addresses['map']}/", timeout=30) as answer:
            return b"built without the live page" not in answer.read()

    def tell(self, alert):
        key = "/".join(alert[part] for part in ("kind", "scope", "id", "segment"))
        subprocess.run(["kcat", "-P", "-b", self.addresses["Kafka"], "-t", "touchstone.alerts", "-K", "\x1f"],
                       input=f"{key}\x1f{json.dumps(alert, separators=(',', ':'))}", text=True, check=True, timeout=60, capture_output=True)
