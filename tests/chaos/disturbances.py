"""What is done to the engines and to their Kafka, and how each is brought back."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import harness

SESSION_SECONDS = 6        # of the group, and so long until others take over
BROKER_PAUSE_SECONDS = 30
# The time-out of transactions is half a minute: so long others wait for what a dead engine has left open.
RECOVERY_SECONDS = 240
TMPFS_MIB = 256
MIN_FREE_MIB = 96

# What is done while an engine is down that was killed. "nothing": its state is used again.
DAMAGES = ("nothing", "deleted", "sst", "wal", "manifest", "current")
OTHERS = ("pause", "broker-kill", "broker-pause", "disk-full")


class Instance:
    """One engine of the group, with its configuration and its state, through all its starts."""

    def __init__(self, world, configuration, state):
        self.world, self.configuration, self.state = world, configuration, state
        self.name = configuration.stem
        self.starts = 0
        self.engine = None

    def start(self):
        self.starts += 1
        self.engine = self.world.run_engine(self.configuration, name=f"{self.name}-{self.starts}")

    def kill(self):
        self.must_run()
        self.engine.program.kill()

    def must_run(self):
        if not self.engine.program.running():
            raise RuntimeError(f"{self.name} ended by itself ({self.engine.program.process.poll()}): "
                               f"{self.engine.program.text()[-2000:]}")

    def signal(self, number):
        os.kill(self.engine.program.process.pid, number)

    def ready(self):
        self.must_run()
        try:
            return self.engine.get("/-/ready")[0] == 200
        except OSError:
            return False

    def log(self):
        return "".join(program.text() for program in self.world.programs if program.name.startswith(f"{self.name}-"))


class Disturber:
    """Does one thing after another, and waits until the engines have come back from it."""

    def __init__(self, kafka, instances, reader, chance, small_disk):
        self.kafka, self.instances, self.reader, self.chance = kafka, instances, reader, chance
        self.small_disk = small_disk  # a SmallDisk, on which the last instance has its state, or None
        self.kills = 0
        self.done = []

    def do(self, kind):
        begun = time.monotonic()
        told = getattr(self, "_" + kind.replace("-", "_"), None)
        said = told() if told else self._kill(kind)
        self.done.append(kind)
        self.wait_recovered(kind)
        print(f"      {kind}: {said}; as before after {time.monotonic() - begun:.1f} s", flush=True)

    def wait_recovered(self, what):
        """All engines are ready, and something new has come out of the group since."""
        harness.wait_until(f"the engines are ready after {what}", lambda: all(each.ready() for each in self.instances),
                           RECOVERY_SECONDS, pause=0.2, state=self._state)
        seen = self.reader.count
        harness.wait_until(f"something comes out after {what}", lambda: self.reader.count > seen, RECOVERY_SECONDS,
                           state=self._state)

    def _state(self):
        return "\n".join(f"{each.name}: {each.engine.program.text()[-1500:]}" for each in self.instances)

    # --- an engine ----------------------------------------------------------------------------------------------------

    def _kill(self, damage):
        instance = self.chance.choice(self.instances)
        if damage == "sst" and not tables_of(instance.state):
            # What is in the log of a killed engine goes to tables when it starts.
            instance.kill()
            self.kills += 1
            instance.start()
            self.wait_recovered("a start that makes tables")
        instance.kill()
        self.kills += 1
        said = damaged(damage, instance.state, self.chance)
        away = self.chance.choice([0, 0, 1, SESSION_SECONDS + 2])
        time.sleep(away)
        instance.start()
        return f"{instance.name} killed, {said}, back after {away} s"

    def _pause(self):
        """Others take its partitions over; when it wakes it must not write what it was about to write."""
        instance = self.chance.choice(self.instances)
        seconds = SESSION_SECONDS + self.chance.uniform(1, 4)
        instance.signal(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            instance.signal(signal.SIGCONT)
        return f"{instance.name} stopped for {seconds:.1f} s"

    def _disk_full(self):
        """Nearly full at first, so that the engine can see it coming; then to the last byte."""
        instance = self.instances[-1]
        with self.small_disk.filled_up_to(MIN_FREE_MIB // 2):
            harness.wait_until("the engine takes no input any more", lambda: self._paused(instance) == 1,
                               RECOVERY_SECONDS, state=self._state)
            assert not instance.ready()
            with self.small_disk.filled_up_to(0):
                time.sleep(self.chance.uniform(2, 5))
                instance.must_run()
        harness.wait_until("the engine goes on", lambda: self._paused(instance) == 0, RECOVERY_SECONDS,
                           state=self._state)
        return f"{instance.name} had no room on its disk"

    @staticmethod
    def _paused(instance):
        instance.must_run()
        return harness.total(instance.engine.metrics(), "touchstone_input_paused")

    # --- Kafka --------------------------------------------------------------------------------------------------------

    def _broker_kill(self):
        with self._without_input():
            self.kafka.kill()
            away = self.chance.uniform(0, 3)
            time.sleep(away)
            self.kafka.start()
        return f"Kafka killed, started after {away:.1f} s"

    def _broker_pause(self):
        pid = self.kafka.pid()
        with self._without_input():
            os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(BROKER_PAUSE_SECONDS)
            finally:
                os.kill(pid, signal.SIGCONT)
        return f"Kafka stopped for {BROKER_PAUSE_SECONDS} s"

    @contextlib.contextmanager
    def _without_input(self):
        self.reader.input_stops()
        try:
            yield
        finally:
            self.reader.input_flows()


# --- files ------------------------------------------------------------------------------------------------------------

def tables_of(state):
    return [each for each in state.glob("*.sst") if each.stat().st_size]


def damaged(kind, state, chance):
    """Does it, and says what it did."""
    if kind == "nothing":
        return "its state left as it was"
    if kind == "deleted":
        for each in list(state.iterdir()):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        return "its state deleted"
    files = {"sst": tables_of(state), "wal": [each for each in state.glob("*.log") if each.stat().st_size],
             "manifest": sorted(state.glob("MANIFEST-*"))[-1:], "current": [state / "CURRENT"]}[kind]
    if not files:
        raise RuntimeError(f"there is no {kind} in {sorted(each.name for each in state.iterdir())}")
    file = chance.choice(sorted(files))
    content = bytearray(file.read_bytes())
    place, bit = chance.randrange(len(content)), chance.randrange(8)
    content[place] ^= 1 << bit
    file.write_bytes(content)
    return f"bit {bit} of byte {place} of {len(content)} of {file.name} turned over"


class SmallDisk:
    """A file system in memory, for the state of one engine."""

    def __init__(self, directory):
        self.directory = directory

    def mount(self):
        """Nothing, or why it cannot be."""
        self.directory.mkdir()
        if os.geteuid() != 0:
            return "to mount a small disk needs root"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MIB}m", "tmpfs", str(self.directory)],
                              capture_output=True, text=True, check=False)
        return f"no small disk can be mounted: {done.stderr.strip()}" if done.returncode else None

    def unmount(self):
        # Lazily: a process that is being ended may still have files open.
        subprocess.run(["umount", "-l", str(self.directory)], capture_output=True, check=False)

    @contextlib.contextmanager
    def filled_up_to(self, free_mib):
        filler = self.directory / f"filler-{free_mib}"
        try:
            with open(filler, "wb") as out:
                room = shutil.disk_usage(self.directory).free - free_mib * 2**20
                if room > 0:
                    with contextlib.suppress(OSError):
                        os.posix_fallocate(out.fileno(), 0, room)
            yield
        finally:
            filler.unlink()
