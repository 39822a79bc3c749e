#!/usr/bin/env python3
"""What is in deploy/ for containers and clusters fits together, and with the program. No container is run here.

    deployment_test.py TOUCHSTONE

The compose file: services that are waited for, files that are mounted and hosts that configurations name exist; the configurations and
maps pass `touchstone check`; who listens there is one who is asked. The Dockerfile: what it copies exists, and it ends as a user
without rights. Kubernetes: `kubectl kustomize` renders each directory; pods hold the restricted standard, selectors find them, probes
ask for paths that the engine has. Where kubectl is missing, the files are read as they are.
"""

import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
KUBERNETES = DEPLOY / "kubernetes"
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def version():
    return re.search(r"project\(touchstone VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)


def versions():
    """Every place that names the version names this one."""
    for name, pattern in (("Dockerfile", r"touchstone[_:](\d[\d.]*\d)"), ("deploy/compose/compose.yaml", r"touchstone:(\d[\d.]*\d)"),
                          ("deploy/kubernetes/base/kustomization.yaml", r"newTag: (\S+)"), ("deploy/man/touchstone.1", r"touchstone (\d[\d.]*\d)"),
                          ("deploy/debian/changelog", r"touchstone \((\S+)\)")):
        found = re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"))
        if not found or set(found) != {version()}:
            yield f"{name}: names the versions {found}, and CMakeLists.txt {version()}"


def check(touchstone, *files):
    done = subprocess.run([touchstone, "check", *files], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield f"touchstone check: {done.stdout}{done.stderr}"


# --- compose ----------------------------------------------------------------------------------------------------------

def compose_problems(touchstone):
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    volumes, services = services["volumes"], services["services"]
    for name, service in services.items():
        needs = service.get("depends_on", [])
        for other in needs:
            if other not in services:
                yield f"{name} waits for {other}, which is none of the services"
            elif isinstance(needs, dict) and needs[other]["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                yield f"{name} waits for the health of {other}, which has no check"
        if not re.search(r":[\w.-]*\d", service["image"]):
            yield f"{name}: the image {service['image']} is not of one version"
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith(".") and not (COMPOSE / source).exists():
                yield f"{name}: there is no {source} to mount"
            elif source.startswith(".") and not mount.endswith(":ro"):
                yield f"{name}: {source} is not mounted for reading only"
            elif not source.startswith(".") and source not in volumes:
                yield f"{name}: there is no volume {source}"
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"{name}: {port} is open to others than this machine"
    for name in ("touchstone", "topics", "prometheus", "alertmanager", "webhook"):
        if not services[name].get("read_only") or services[name].get("cap_drop") != ["ALL"]:
            yield f"{name}: is not hardened"
    yield from compose_addresses(services)
    with tempfile.TemporaryDirectory() as scratch:  # as they are mounted
        shutil.copytree(COMPOSE / "touchstone", pathlib.Path(scratch) / "touchstone")
        shutil.copytree(DEPLOY / "maps", pathlib.Path(scratch) / "touchstone-maps")
        yield from check(touchstone, pathlib.Path(scratch) / "touchstone" / "touchstone.yaml")


def compose_addresses(services):
    """host:port that a configuration names, with what listens there."""
    mine = yaml.safe_load((COMPOSE / "touchstone/touchstone.yaml").read_text(encoding="utf-8"))
    listeners = {"touchstone": mine["http"]["listen"].rsplit(":", 1)[1], "prometheus": "9090", "alertmanager": "9093",
                 "webhook": services["webhook"]["command"][-1]}
    inside = re.search(r"INSIDE://kafka:(\d+)", services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]).group(1)
    listeners["kafka"] = inside
    named = [mine["kafka"]["properties"]["bootstrap.servers"], services["shoppers"]["environment"]["BOOTSTRAP"], services["input"]["command"][1]]
    texts = [(DEPLOY / name).read_text(encoding="utf-8") for name in
             ("prometheus/prometheus.yml", "prometheus/alertmanager.yml", "grafana/provisioning/datasources/touchstone.yml")]
    named += [address for text in texts for address in re.findall(r"(?:http://|\")([a-z]+:\d+)", text) if not address.startswith("localhost")]
    if len(named) < 8:
        yield f"only {len(named)} addresses found"
    for address in named:
        host, port = address.split(":")
        if host not in services or listeners[host] != port:
            yield f"{address}: nobody listens there"
    topics = {services["shoppers"]["environment"]["TOPIC"], services["input"]["command"][services["input"]["command"].index("--topic") + 1]}
    if topics != set(mine["input"]["topics"]):
        yield f"the topics {topics} are not those that are read"
    there = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/touchstone.yml").read_text(encoding="utf-8"))["providers"][0]["options"]["path"]
    if f"../grafana/dashboards:{there}:ro" not in services["grafana"]["volumes"]:
        yield f"grafana: the dashboards are not mounted at {there}"
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    if not (DEPLOY / "grafana/dashboards" / pathlib.Path(home).name).is_file():
        yield f"grafana: there is no {home}"


def shoppers(touchstone):
    """The invented customers are events, and nearly all of them are for a touchpoint of the map."""
    with tempfile.TemporaryDirectory() as scratch:
        made = subprocess.run([COMPOSE / "shoppers.sh", "--print", "500"], capture_output=True, text=True, check=False).stdout
        lines = [json.loads(line.split("\t", 1)[1]) | {"customer": line.split("\t", 1)[0], "time": 1795262400000 + number * 1000}
                 for number, line in enumerate(made.splitlines())]
        events = pathlib.Path(scratch) / "events.ndjson"
        events.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
        done = subprocess.run([touchstone, "replay", "--map", DEPLOY / "maps/retail.yaml", "--input", events, "--out", scratch],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0 or (pathlib.Path(scratch) / "touchstone.dead-letters.ndjson").read_text(encoding="utf-8"):
            yield f"shoppers.sh: no valid events: {done.stderr}"
            return
        found = [json.loads(line)["touchpoint"] for line in (pathlib.Path(scratch) / "touchstone.interactions.ndjson").read_text(encoding="utf-8").splitlines()]
        if len(found) < 300 or "unmapped" in found:
            yield f"shoppers.sh: {len(found)} events, {found.count('unmapped')} without a touchpoint of the retail map"


def webhook():
    """Prints what Alertmanager sends."""
    sys.path.insert(0, str(COMPOSE))
    sys.dont_write_bytecode = True
    import webhook as program  # pylint: disable=import-outside-toplevel
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), program.Webhook)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    message = {"alerts": [{"status": "firing", "labels": {"alertname": "TouchstoneDown", "severity": "page"},
                           "annotations": {"summary": "it is down", "runbook": "docs/runbooks.md#touchstonedown"}}]}
    with tempfile.TemporaryFile("w+") as said:
        before, sys.stdout = sys.stdout, said
        try:
            sent = subprocess.run(["curl", "-sf", "--data", json.dumps(message), f"http://127.0.0.1:{server.server_address[1]}/engine"], check=False)
            thread.join(600)
        finally:
            sys.stdout = before
        said.seek(0)
        text = said.read()
    server.server_close()
    if sent.returncode != 0 or text != "/engine firing TouchstoneDown (page): it is down [docs/runbooks.md#touchstonedown]\n":
        yield f"webhook.py says {text!r}"


# --- the image --------------------------------------------------------------------------------------------------------

def dockerfile_problems():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    steps = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    stages = [step.split() for step in steps if step.startswith("FROM ")]
    if len(stages) != 2 or any(not stage[1].startswith("debian:trixie") for stage in stages):
        yield f"Dockerfile: its stages are {stages}"
    ignored = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line]
    for step in steps:
        words = step.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from=") and not (ROOT / words[1]).exists():
            yield f"Dockerfile: there is no {words[1]} to copy"
    # What the build reads must not be left out of what docker is given; of the rest CMake takes what is there.
    for folder in ("app", "cmake", "deploy", "engine", "exporters", "ingest", "state"):
        if folder in ignored:
            yield f".dockerignore: the build needs {folder}"
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    for folder in ignored:
        if re.search(rf"^add_subdirectory\({re.escape(folder)}\)", cmake, re.MULTILINE):
            yield f".dockerignore: CMakeLists.txt cannot do without {folder}"
    users = [step.split()[1] for step in steps if step.startswith("USER ")]
    pods = [each for each in read_all("base") if each["kind"] == "StatefulSet"][0]["spec"]["template"]["spec"]["securityContext"]
    if users[-1:] != [f"{pods['runAsUser']}:{pods['runAsGroup']}"]:
        yield f"Dockerfile: its user {users} is not that of the StatefulSet"
    last = [step for step in steps if step.startswith(("ENTRYPOINT", "CMD"))]
    if [json.loads(step.split(" ", 1)[1]) for step in last] != [["/usr/bin/touchstone"], ["run", "--config", "/etc/touchstone/touchstone.yaml"]]:
        yield f"Dockerfile: it runs {last}"
    yield from health_check(steps)


def health_check(steps):
    """The command of HEALTHCHECK, against something that is well and something that is not."""
    command = json.loads(re.search(r"CMD (\[.*\])", next(step for step in steps if step.startswith("HEALTHCHECK"))).group(1))
    for status, expected in ((200, 0), (503, 1)):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status if self.path == "/-/healthy" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = [word.replace("/9480", f"/{server.server_address[1]}") for word in command]
        done = subprocess.run(here, capture_output=True, check=False, timeout=600)
        server.shutdown()
        server.server_close()
        if done.returncode != expected:
            yield f"Dockerfile: HEALTHCHECK exits {done.returncode} where the engine says {status}: {done.stderr.decode()}"
    # Nobody listens there any more.
    if subprocess.run(here, capture_output=True, check=False, timeout=600).returncode == 0:
        yield "Dockerfile: HEALTHCHECK is content with nobody"


# --- Kubernetes -------------------------------------------------------------------------------------------------------

def read_all(directory):
    """The objects of a directory as they are written."""
    made = []
    for name in yaml.safe_load((KUBERNETES / directory / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]:
        path = KUBERNETES / directory / name
        if path.is_dir():
            made += read_all(path.resolve().relative_to(KUBERNETES.resolve()))
        else:
            made += [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
    return made


def rendered(directory):
    done = subprocess.run(["kubectl", "kustomize", KUBERNETES / directory], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"kubectl kustomize {directory}: {done.stderr}")
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def pod_problems(pod, labels, others):
    containers = pod["initContainers"] + pod["containers"]
    security = pod["securityContext"]
    if not security["runAsNonRoot"] or security["seccompProfile"]["type"] != "RuntimeDefault" or not security["runAsUser"]:
        yield "pods do not hold the restricted standard"
    for container in containers:
        context = container["securityContext"]
        if (context["allowPrivilegeEscalation"] or not context["readOnlyRootFilesystem"] or not context["runAsNonRoot"]
                or context["capabilities"] != {"drop": ["ALL"]}):
            yield f"{container['name']} does not hold the restricted standard"
        if "memory" not in container["resources"]["limits"] or not container["resources"]["requests"]:
            yield f"{container['name']} has no limits"
        names = {each["name"] for each in pod["volumes"]} | {"state"}
        for mount in container["volumeMounts"]:
            if mount["name"] not in names:
                yield f"{container['name']} mounts {mount['name']}, which is no volume"
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
    routes = (ROOT / "exporters/health.cc").read_text(encoding="utf-8")
    for probe in PROBES:
        asked = pod["containers"][0][probe]["httpGet"]
        if asked["port"] not in ports or f'"{asked["path"]}"' not in routes:
            yield f"{probe} asks for {asked}"
    for each in others:
        selector = {"Service": lambda o: o["spec"]["selector"], "PodDisruptionBudget": lambda o: o["spec"]["selector"]["matchLabels"],
                    "NetworkPolicy": lambda o: o["spec"]["podSelector"]["matchLabels"]}.get(each["kind"])
        if selector and not selector(each).items() <= labels.items():
            yield f"the {each['kind']} does not select the pods"


def cluster_problems(objects, directory):
    kinds = {each["kind"] for each in objects}
    wanted = {"Namespace", "ServiceAccount", "Service", "StatefulSet", "PodDisruptionBudget", "NetworkPolicy"}
    wanted |= {"keda": {"ScaledObject"}, "monitoring": {"ServiceMonitor"}}.get(directory, set())
    if not wanted <= kinds:
        yield f"{wanted - kinds} is missing"
    stateful = next(each for each in objects if each["kind"] == "StatefulSet")
    template = stateful["spec"]["template"]
    if not stateful["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items():
        yield "the StatefulSet does not select its pods"
    if stateful["spec"]["serviceName"] not in [each["metadata"]["name"] for each in objects if each["kind"] == "Service"]:
        yield "the StatefulSet has no service"
    yield from pod_problems(template["spec"], template["metadata"]["labels"], objects)
    maps = [each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"]
    used = [volume["configMap"]["name"] for volume in template["spec"]["volumes"] if "configMap" in volume]
    if maps and used != maps:
        yield f"the pods read the ConfigMap {used}, and there is {maps}"
    mine = yaml.safe_load((KUBERNETES / "base/touchstone.yaml").read_text(encoding="utf-8"))
    for each in objects:
        if each["kind"] == "ScaledObject":
            asked = each["spec"]["triggers"][0]["metadata"]
            if [asked["topic"]] != mine["input"]["topics"] or asked["bootstrapServers"] != mine["kafka"]["properties"]["bootstrap.servers"]:
                yield "the ScaledObject looks at another topic or Kafka"
            if each["spec"]["maxReplicaCount"] > mine["topics"]["partitions"] or each["spec"]["scaleTargetRef"]["name"] != stateful["metadata"]["name"]:
                yield "the ScaledObject scales something else, or too far"
            if "replicas" in stateful["spec"] and maps:
                yield "two say how many pods there are"


def kubernetes_problems(touchstone, has_kubectl):
    for directory in ("base", "keda", "monitoring"):
        objects = rendered(directory) if has_kubectl else read_all(directory)
        yield from (f"kubernetes/{directory}: {problem}" for problem in cluster_problems(objects, directory))
    yield from check(touchstone, KUBERNETES / "base/touchstone.yaml", KUBERNETES / "base/map.yaml")


def main():
    touchstone = pathlib.Path(sys.argv[1]).resolve()
    has_kubectl = shutil.which("kubectl") is not None
    problems = [*versions(), *compose_problems(touchstone), *shoppers(touchstone), *webhook(), *dockerfile_problems(),
                *kubernetes_problems(touchstone, has_kubectl)]
    if not has_kubectl:
        print("skipped: no kubectl is installed (Debian's kubernetes-client has it): the kustomizations were read and not rendered")
    print("\n".join(problems) if problems else "ok: compose, Dockerfile and Kubernetes fit together")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
