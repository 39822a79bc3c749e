#!/usr/bin/env python3
"""The engine and a real Kafka that asks for TLS: with a client's certificate, and with a password. What is right works
from end to end; what is wrong is refused, with one clear line; an engine that is refused while it runs says so, is not
ready, and goes on by itself when it is let in again. No password, passphrase or token is in anything that is printed."""

import ctypes
import json
from pathlib import Path

import harness
from harness import DATA

MAP = DATA / "service-desk" / "map.yaml"
INPUT = "desk-events"
EVENTS = 400
WINDOWS = [{"size": "24h", "step": "6h"}, {"size": "7d", "step": "24h"}]
MAKE_CERTIFICATES = harness.ROOT / "deploy" / "kafka-local" / "make-certificates"
WRONG_SECRET = "this-is-not-the-password"
TOKEN = "a-token-that-nobody-may-see"
RECOVERY_SECONDS = 180
FIRST_WITH_SCRAM = 0x020601FF


class SecureKafka(harness.Kafka):
    """The same server with two more listeners. Its tools and kcat use the one without TLS."""

    START_OPTIONS = ("--tls",)

    def file(self, name):
        return self.directory / "tls" / name

    def properties(self, name):
        lines = self.file(f"{name}.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


class Printed:
    """Everything that a program said, to be searched for secrets."""

    def __init__(self, secrets):
        assert all(len(secret) >= 16 for secret in secrets), "too short to be found by accident"
        self.secrets = secrets
        self.texts = []

    def add(self, what, text):
        self.texts.append((what, text))

    def found(self):
        return [f"{secret} in {what}" for what, text in self.texts for secret in self.secrets if secret in text]


class Trial:
    """A world, its Kafka, and how an engine is set up in it."""

    def __init__(self, world, checks):
        self.world, self.checks = world, checks
        self.kafka = SecureKafka(world.directory / "kafka")
        world.kafkas.append(self.kafka)
        self.kafka.start()
        self.kafka.create_topic(INPUT, 2)
        self.lines = harness.example_events("service-desk")[:EVENTS]
        self.kafka.produce(INPUT, list(map(harness.keyed, self.lines)))
        plain = harness.write_configuration(world.directory / "replayed.yaml", self.kafka, [INPUT], windows=WINDOWS,
                                            map=MAP)
        self.replayed = harness.replay(world, MAP, self.lines, plain)
        # As the clients are told; the server's own files change below.
        self.given = {name: self.kafka.properties(name) for name in ("certificate", "password")}
        self.other = world.directory / "other authority"
        make_certificates(self.other)
        secrets = [self.given["password"]["sasl.password"], self.given["certificate"]["ssl.key.password"],
                   secret_of(self.other / "client.passphrase"), WRONG_SECRET, TOKEN]
        self.printed = Printed(secrets)

    def configuration(self, name, base, changes=None, **sections):
        """Properties as those of `base`, in a file, with changes; None takes one out."""
        properties = {**self.given[base], **(changes or {})}
        file = self.world.directory / f"{name}.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items() if value is not None))
        file.chmod(0o600)
        properties_here = sections.pop("properties", {})
        path = harness.write_configuration(
            self.world.directory / f"{name}.yaml", self.kafka, [INPUT], map=MAP, windows=WINDOWS, group=base,
            topics={"prefix": f"{base}.", "partitions": 2, "replication": 1}, **sections)
        written = json.loads(path.read_text())
        written["kafka"] = {"properties_file": str(file), "properties": properties_here}
        path.write_text(json.dumps(written))
        return path


def make_certificates(directory, address="127.0.0.1"):
    harness.run([MAKE_CERTIFICATES, directory, address])


def secret_of(path):
    return Path(path).read_text().strip()


def librdkafka_version():
    return ctypes.CDLL("librdkafka.so.1").rd_kafka_version()


def works_end_to_end(trial, base):
    """Everything at the most talkative: librdkafka prints its configuration then."""
    configuration = trial.configuration(f"{base}-works", base, properties={"debug": "all"}, log={"level": "trace"})
    made = harness.touchstone("topics", "--config", configuration, "--apply")
    trial.printed.add(f"topics, {base}", (made.stdout + made.stderr).decode(errors="replace"))
    trial.checks.equal(f"topics --apply through the {base} listener exits 0", 0, made.returncode)
    engine = trial.world.run_engine(configuration, "--to-end", name=f"{base}-to-end")
    trial.checks.equal(f"run --to-end through the {base} listener exits 0", 0, engine.end())
    said = engine.program.text()
    trial.checks.that(f"{base}: the log shows what librdkafka was given", "CONF: " in said and "[redacted]" in said)
    trial.printed.add(f"run, {base}", said)
    harness.same_as_replay(trial.world, trial.checks, harness.read_derived(trial.kafka, f"{base}."), trial.replayed)


def refusals(trial):
    """(what, which client, its changed properties, exit code, what the last line says)."""
    localhost = {name: given["bootstrap.servers"].replace("127.0.0.1", "localhost")
                 for name, given in trial.given.items()}
    other = {"ssl.certificate.location": trial.other / "client.pem", "ssl.key.location": trial.other / "client.key",
             "ssl.key.password": secret_of(trial.other / "client.passphrase")}
    none = {"ssl.certificate.location": None, "ssl.key.location": None, "ssl.key.password": None}
    not_ours = "certificate verify failed"
    not_theirs = "the broker does not take the certificate in ssl.certificate.location"
    cases = [
        ("a host that the broker's certificate is not for", "certificate",
         {"bootstrap.servers": localhost["certificate"]}, 1, not_ours),
        ("the same with a password", "password", {"bootstrap.servers": localhost["password"]}, 1, not_ours),
        ("a broker of an authority that we do not know", "certificate",
         {"ssl.ca.location": trial.other / "ca.pem"}, 1, "no authority in ssl.ca.location"),
        ("a client without a certificate", "certificate", none, 1, not_theirs),
        ("a client of an authority that the broker does not know", "certificate", other, 1, not_theirs),
        ("a wrong password", "password", {"sasl.password": WRONG_SECRET}, 1, "Authentication failed"),
        ("a client that does not speak TLS", "certificate",
         {key: None for key in trial.given["certificate"] if key != "bootstrap.servers"}, 1, "security.protocol"),
        ("a wrong passphrase", "certificate", {"ssl.key.password": WRONG_SECRET}, 1, "ssl.key.password"),
        ("a certificate that is not there", "certificate",
         {"ssl.certificate.location": "/nowhere/client.pem"}, 78, "/nowhere/client.pem"),
        ("a password without security.protocol", "password", {"security.protocol": None}, 78, "security.protocol"),
        ("what Java's client is told", "password",
         {"sasl.password": None, "sasl.jaas.config": f'PlainLoginModule required password="{WRONG_SECRET}";'}, 78,
         "sasl.username and sasl.password"),
    ]
    if librdkafka_version() < FIRST_WITH_SCRAM:
        cases.append(("SCRAM with this librdkafka", "password", {"sasl.mechanism": "SCRAM-SHA-512"}, 78,
                      "SCRAM needs librdkafka 2.6.1"))
    return cases


def wrong_clients_are_refused(trial):
    for number, (what, base, changes, code, words) in enumerate(refusals(trial)):
        configuration = trial.configuration(f"wrong-{number}", base, changes)
        ran = harness.touchstone("run", "--config", configuration, "--to-end")
        said = ran.stderr.decode(errors="replace")
        trial.printed.add(f"run with {what}", ran.stdout.decode(errors="replace") + said)
        lines = said.splitlines()
        trial.checks.equal(f"{what}: exit code", code, ran.returncode)
        trial.checks.that(f"{what}: the last line says why", lines and words in lines[-1], *lines[-3:])
        if code == 1:
            ended = [line for line in lines if line.startswith("touchstone: ")]
            trial.checks.equal(f"{what}: that is the only line of its kind", lines[-1:], ended)
            asked = harness.touchstone("topics", "--config", configuration)
            trial.checks.that(f"{what}: topics says the same in one line, on standard error",
                              asked.returncode == 1 and not asked.stdout and asked.stderr.count(b"\n") == 1
                              and words.encode() in asked.stderr, asked.returncode, asked.stdout, asked.stderr)
            trial.printed.add(f"topics with {what}", (asked.stdout + asked.stderr).decode(errors="replace"))


def an_engine_that_is_refused_waits(trial):
    """The server comes back with another password, then with a certificate of somebody else, then as it was."""
    token_file = trial.world.directory / "token"
    token_file.write_text(TOKEN + "\n")
    token_file.chmod(0o600)
    configuration = trial.configuration("refused-later", "password", http={"listen": "127.0.0.1:0",
                                                                         "token_file": str(token_file)},
                                        properties={"session.timeout.ms": "6000"})
    checked = harness.touchstone("check", configuration)
    trial.checks.that("check has nothing against it",
                      checked.returncode == 0 and not checked.stderr, checked.returncode, checked.stderr)
    trial.printed.add("check", (checked.stdout + checked.stderr).decode(errors="replace"))
    engine = trial.world.run_engine(configuration, name="refused-later")
    wait_ready(engine, 200)
    trial.checks.equal("the API wants the token", 401, engine.get("/api/v1/map")[0])

    was = {name: trial.kafka.file(name).read_text() for name in ("password", "broker.pem")}
    for what, name, new, words in (
            ("another password", "password", WRONG_SECRET + "\n", "Authentication failed"),
            ("another certificate", "broker.pem", (trial.other / "broker.pem").read_text(), "certificate verify failed")):
        before = len(engine.program.text())
        trial.kafka.kill()
        trial.kafka.file(name).write_text(new)
        trial.kafka.start()
        wait_ready(engine, 503)
        harness.wait_until(f"the log says why, with {what}", lambda: words in engine.program.text()[before:],
                           RECOVERY_SECONDS)
        trial.checks.that(f"with {what} the engine is not ready, says why, and still runs", engine.program.running())
        trial.printed.add(f"/metrics with {what}", engine.get("/metrics")[1].decode())
        trial.printed.add(f"/-/ready with {what}", engine.get("/-/ready")[1].decode())
        trial.kafka.kill()
        trial.kafka.file(name).write_text(was[name])
        trial.kafka.start()
        wait_ready(engine, 200)
        trial.checks.that(f"after {what} it is ready again by itself", engine.program.running())
    trial.checks.equal("and stops with exit code 0", 0, engine.program.terminate(60)[0])
    trial.printed.add("run, refused for a while", engine.program.text())


def wait_ready(engine, status):
    harness.wait_until(f"/-/ready is {status}", lambda: engine.get("/-/ready")[0] == status, RECOVERY_SECONDS,
                       state=lambda: engine.program.text()[-3000:])


def scenario(world, checks):
    trial = Trial(world, checks)
    for base in trial.given:
        works_end_to_end(trial, base)
    wrong_clients_are_refused(trial)
    an_engine_that_is_refused_waits(trial)
    checks.that(f"no secret is in any of the {len(trial.printed.texts)} outputs", not trial.printed.found(),
                *trial.printed.found()[:5])


if __name__ == "__main__":
    harness.main(scenario, ["openssl"], seconds=1_000)
