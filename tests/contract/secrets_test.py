#!/usr/bin/env python3
"""Secrets in configurations that are wrong in every likely way: no command repeats them.

    python3 secrets_test.py TOUCHSTONE

Each case has the secret where somebody may have put it by mistake, or beside a mistake. `check` and `topics` are asked; the
configurations that are right name a broker that is not there, so only `check` sees those.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

# Forms that trip a reader of YAML or of properties: quotes, colons, equals signs, signs that begin something.
SECRETS = ("hunter2hunter2", "*hunter2hunter2", "&hunter2hunter2", "!hunter2hunter2", "!!hunter2hunter2", "%hunter2hunter2", "@hunter2hunter2",
           "'hunter2hunter2", '"hunter2hunter2', "hunter2hunter2: x", "hunter2hunter2 # x", "{hunter2hunter2", "[hunter2hunter2",
           "Hunter2hunter2==", "|hunter2hunter2", "\\hunter2hunter2", "123456789012345678")
MARKS = ("unter2", "123456789012345678")

# The secret stands at SECRET.
CONFIGURATIONS = {
    "in its place, beside a mistake": """
        kafka: {properties: {bootstrap.servers: "127.0.0.1:1"}}
        comit: 1s
        """,
    "a plain value": """
        kafka:
          properties:
            bootstrap.servers: 127.0.0.1:1
            security.protocol: sasl_ssl
            sasl.mechanism: PLAIN
            sasl.username: me
            sasl.password: SECRET
        """,
    "a value of a property that does not take it": """
        kafka:
          properties:
            bootstrap.servers: 127.0.0.1:1
            security.protocol: SECRET
            socket.timeout.ms: SECRET
            sasl.jaas.config: SECRET
            no.such.property: SECRET
        """,
    "a list": """
        kafka:
          properties:
            sasl.password: [SECRET]
        """,
    "a key that is not known": """
        kafka:
          properties:
            sasl.password: {value: SECRET}
        """,
    "the name of a variable": """
        kafka:
          properties:
            sasl.password: {env: "=SECRET"}
        """,
    "the whole of the properties": """
        kafka:
          properties: sasl.password=SECRET
        """,
    "a block of lines": """
        kafka:
          properties: |
            sasl.password=SECRET
        """,
    "a second time": """
        kafka:
          properties:
            sasl.password: SECRET
            sasl.password: SECRET
        """,
    "an indentation that is wrong": """
        kafka:
          properties:
            sasl.password: SECRET
           ssl.key.password: SECRET
        """,
}

# The same as lines of kafka.properties_file.
PROPERTIES = ("sasl.password:SECRET", "sasl.password SECRET", "sasl.password=SECRET\\", "SECRET", "sasl.password = SECRET",
              "sasl.jaas.config=SECRET", "ssl.key.pem=SECRET", "socket.timeout.ms=SECRET", "sasl.password:SECRET=")


def ask(program, directory, what, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, cwd=directory, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, "TOUCHSTONE_SECRET": "hunter2hunter2"})
    said = (done.stdout + done.stderr).decode(errors="replace")
    return [f"{what}: {' '.join(map(str, arguments))} says: {line}" for line in said.splitlines()
            if any(mark in line for mark in MARKS)], done.returncode


def dedented(text):
    lines = text.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines).rstrip() + "\n"


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    leaks, codes = [], set()
    with tempfile.TemporaryDirectory(prefix="touchstone-test.") as name:
        directory = pathlib.Path(name)
        file = directory / "configuration.yaml"
        for secret in SECRETS:
            for what, text in CONFIGURATIONS.items():
                file.write_text(dedented(text).replace("SECRET", secret))
                found, code = ask(program, directory, f"{what}, {secret}", "check", file.name)
                leaks += found
                codes.add(code)
            for line in PROPERTIES:
                (directory / "kafka.properties").write_text(line.replace("SECRET", secret) + "\n")
                # Without bootstrap.servers no broker is asked, whatever else is right.
                file.write_text("kafka: {properties_file: kafka.properties}\n")
                for command in (("check", file.name), ("topics", "--config", file.name), ("run", "--config", file.name)):
                    found, code = ask(program, directory, f"{line}, {secret}", *command)
                    leaks += found
                    codes.add(code)
        file.write_text("kafka: {properties: {sasl.password: {env: TOUCHSTONE_SECRET}}}\n")
        leaks += ask(program, directory, "from the environment", "run", "--config", file.name)[0]
        (directory / "token").write_text("hunter2 hunter2\n")
        file.write_text("http: {token_file: token}\n")
        leaks += ask(program, directory, "a token that cannot be sent", "run", "--config", file.name)[0]
    if codes != {0, 78}:
        leaks.append(f"exit codes {sorted(codes)}: some of the cases were to be right, some wrong, and none to fail otherwise")
    print("\n".join(leaks) if leaks else "ok: no secret was repeated")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
