#!/usr/bin/env python3
"""The Debian package and the service, as far as they can be judged without installing them.

    package_test.py TOUCHSTONE BUILD_DIRECTORY

The unit is as confined as it says (systemd-analyze), the package is made by CPack and lintian finds nothing, the manual page and the
completions know every command and option of the program and no others. A tool that is missing is named, and its part left out.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd/touchstone.service"
MOST_EXPOSED = 2.2

WANTED = {
    "./usr/bin/touchstone": "-rwxr-xr-x root/root",
    "./usr/lib/systemd/system/touchstone.service": "-rw-r--r-- root/root",
    "./usr/lib/sysusers.d/touchstone.conf": "-rw-r--r-- root/root",
    "./usr/share/man/man1/touchstone.1.gz": "-rw-r--r-- root/root",
    "./usr/share/bash-completion/completions/touchstone": "-rw-r--r-- root/root",
    "./usr/share/zsh/vendor-completions/_touchstone": "-rw-r--r-- root/root",
    "./usr/share/touchstone/maps/retail.yaml": "-rw-r--r-- root/root",
    "./usr/share/doc/touchstone/copyright": "-rw-r--r-- root/root",
    "./usr/share/doc/touchstone/examples/touchstone.example.yaml": "-rw-r--r-- root/root",
}


def run(*arguments, **options):
    return subprocess.run([str(each) for each in arguments], capture_output=True, text=True, check=False, timeout=1200, **options)


# --- the program's own words ------------------------------------------------------------------------------------------

def commands(touchstone):
    """{command: its options} as --help says them, without those that all have."""
    text = run(touchstone, "--help").stdout
    names = re.findall(r"^  (\w+) {2,}", text.split("Subcommands:", 1)[1], re.MULTILINE)
    found = {name: set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", run(touchstone, name, "--help").stdout, re.MULTILINE)) for name in names}
    return {name: options - {"--help", "--version"} for name, options in found.items()}


def manual(text, known):
    for name, options in known.items():
        section = re.split(r"^\.(?:TP\n\.B (?:run|topics|check|explain|replay|demo)$|PP$)", text.split(f"\n.TP\n.B {name}\n", 1)[-1], maxsplit=1, flags=re.MULTILINE)[0]
        said = {each.replace("\\-", "-") for each in re.findall(r"^\.BI? (\\-\\-(?:\w|\\-)+)", section, re.MULTILINE)}
        if said != options:
            yield f"touchstone.1: {name} has {sorted(options)}, and it says {sorted(said)}"
    for name in re.findall(r"^\.B touchstone (\w+)", text, re.MULTILINE):
        if name not in known:
            yield f"touchstone.1: there is no command {name}"


def bash_offers(*words, begun=""):
    script = f"source {DEPLOY / 'completions/touchstone.bash'}; COMP_WORDS=({' '.join(words)} '{begun}'); COMP_CWORD={len(words)}; _touchstone; echo \"${{COMPREPLY[*]}}\""
    return set(run("bash", "-c", script).stdout.split()) - {"--help", "--version"}


def bash(known):
    if bash_offers("touchstone") != set(known):
        yield f"touchstone.bash offers {bash_offers('touchstone')}"
    for name, options in known.items():
        offered = bash_offers("touchstone", name, begun="--")
        if offered != options:
            yield f"touchstone.bash: {name} has {sorted(options)}, and it offers {sorted(offered)}"


def zsh(known):
    text = (DEPLOY / "completions/touchstone.zsh").read_text(encoding="utf-8")
    for name, options in known.items():
        part = re.search(rf"^    {name}\)(.*?);;", text, re.MULTILINE | re.DOTALL)
        said = set(re.findall(r"'(--[\w-]+)", part.group(1) if part else "")) - {"--help", "--version"}
        if said != options or not re.search(rf"[( ]{name}\\:", text):
            yield f"touchstone.zsh: {name} has {sorted(options)}, and it says {sorted(said)}"


# --- the service ------------------------------------------------------------------------------------------------------

def exposure(unit):
    said = run("systemd-analyze", "security", "--offline=true", unit)
    found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    if not found or float(found.group(1)) > MOST_EXPOSED:
        yield f"systemd-analyze security: {found.group(0) if found else said.stdout + said.stderr}"


def unit_is_right(touchstone, scratch):
    """What systemd says of the unit, had it the program of this build."""
    text = UNIT.read_text(encoding="utf-8")
    if "Documentation=man:touchstone(1)\n" not in text or "ExecStart=/usr/bin/touchstone run" not in text:
        yield "touchstone.service: another manual or program"
    there = pathlib.Path(scratch) / "touchstone.service"
    there.write_text(text.replace("Documentation=man:touchstone(1)\n", "").replace("/usr/bin/touchstone", str(touchstone)), encoding="utf-8")
    said = run("systemd-analyze", "verify", there)
    about_us = [line for line in (said.stdout + said.stderr).splitlines() if "touchstone.service" in line]
    if about_us:
        yield f"systemd-analyze verify: {about_us}"


# --- the package ------------------------------------------------------------------------------------------------------

def make_package(build, scratch):
    made = run("cpack", "--config", build / "CPackConfig.cmake", "-B", scratch, "-D", f"CPACK_OUTPUT_FILE_PREFIX={scratch}")
    packages = list(pathlib.Path(scratch).glob("*.deb"))
    if made.returncode != 0 or len(packages) != 1:
        raise RuntimeError(f"cpack: {made.stdout[-2000:]}{made.stderr[-2000:]}")
    return packages[0]


def contents(package):
    listed = {words[-1]: f"{words[0]} {words[1]}" for words in map(str.split, run("dpkg-deb", "--contents", package).stdout.splitlines())}
    for name, kind in WANTED.items():
        if listed.get(name) != kind:
            yield f"{package.name}: {name} is {listed.get(name)}, not {kind}"
    needs = run("dpkg-deb", "--field", package, "Depends").stdout
    for library in ("librdkafka1", "librocksdb", "libsimdjson", "systemd-sysusers"):
        if library not in needs:
            yield f"{package.name} does not ask for {library}: {needs}"
    scripts = run("dpkg-deb", "--info", package)
    for name in ("postinst", "prerm", "postrm"):
        if name not in scripts.stdout:
            yield f"{package.name} has no {name}"


def lintian(package):
    said = run("lintian", "--tag-display-limit", "0", "--fail-on", "error,warning", "--allow-root", package)
    if said.returncode != 0 or said.stdout.strip():
        yield f"lintian:\n{said.stdout}{said.stderr}"


def main():
    touchstone, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    known = commands(touchstone)
    problems = [] if len(known) >= 6 else [f"only the commands {sorted(known)} found"]
    problems += [*manual((DEPLOY / "man/touchstone.1").read_text(encoding="utf-8"), known), *bash(known), *zsh(known)]
    missing = []

    def has(tool, package):
        if shutil.which(tool) is None:
            missing.append(f"no {tool} is installed ({package} has it)")
            return False
        return True

    with tempfile.TemporaryDirectory() as scratch:
        if has("systemd-analyze", "systemd"):
            problems += [*exposure(UNIT), *unit_is_right(touchstone, scratch)]
        if has("zsh", "zsh") and run("zsh", "-n", DEPLOY / "completions/touchstone.zsh").returncode != 0:
            problems.append("touchstone.zsh cannot be read by zsh")
        if has("man", "man-db"):
            said = run("man", "--warnings", "--local-file", DEPLOY / "man/touchstone.1", env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "PATH": "/usr/bin:/bin"})
            if said.returncode != 0 or said.stderr:
                problems.append(f"man: {said.stderr}")
        if has("cpack", "cmake") and has("dpkg-shlibdeps", "dpkg-dev") and has("file", "file"):
            package = make_package(build, scratch)
            problems += contents(package)
            if has("lintian", "lintian"):
                problems += lintian(package)
    for each in missing:
        print(f"skipped: {each}")
    print("\n".join(problems) if problems else "ok: unit, package, manual and completions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
