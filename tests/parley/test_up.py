"""`parley up` with real processes: starts, restarts, stops, and leaves nothing behind."""

import signal
import socket
import time

import psutil
import pytest

from tests.parley.conftest import NAMES, Stack, is_alive, wait_until


def test_it_starts_everything_says_so_once_and_stops_clean(stack: Stack) -> None:
    stack.up_and_ready()
    assert stack.output[-1] == f"Parley is ready: http://localhost:{stack.ports['backend']}\n"
    for name in (*NAMES, "sfu"):
        assert stack.main_process(name).is_running()
    assert len(stack.processes()) >= 1 + 6 * 3  # parley, six services, two children each

    assert stack.stop(signal.SIGTERM) == 0
    assert stack.processes() == []
    assert sum("Parley is ready" in line for line in stack.output) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_ways_to_stop_are_as_clean(stack: Stack, number: signal.Signals) -> None:
    stack.up_and_ready()
    assert stack.stop(number) == 0
    assert stack.processes() == []


def test_a_killed_service_is_back_within_two_seconds(stack: Stack) -> None:
    stack.up_and_ready()
    killed = stack.main_process("stt")
    children = killed.children()
    killed_at_s = time.monotonic()
    killed.kill()
    stack.wait_line("stt      restarting")
    assert "killed by SIGKILL" in stack.output[-1]
    stack.wait_line("stt      ready")
    assert time.monotonic() - killed_at_s < 2
    assert stack.main_process("stt").pid != killed.pid
    assert len(children) == 2
    assert not any(is_alive(child) for child in children)
    assert stack.stop() == 0


def test_a_service_that_keeps_crashing_is_restarted_ever_more_slowly(stack: Stack) -> None:
    stack.mode("llm", "crash")
    stack.up()
    waits = [stack.wait_line("llm      restarting") for _ in range(3)]
    # What is left of each wait when it is said, which is late on a busy machine.
    left_s = [float(line.split(" in ")[1].split()[0]) for line in waits]
    assert all(left <= whole for left, whole in zip(left_s, (0.2, 0.4, 0.8), strict=True))
    assert left_s[2] > 0.2
    assert "exited with 3: it broke" in waits[0]
    stack.mode("llm", "")
    stack.wait_line("Parley is ready")
    assert stack.stop() == 0


def test_a_sfu_that_exits_with_0_has_crashed_too(stack: Stack) -> None:
    stack.up_and_ready()
    stack.main_process("sfu").terminate()
    stack.wait_line("sfu      restarting")
    stack.wait_line("sfu      ready")
    assert stack.stop() == 0


def test_wrong_settings_stop_everything_and_are_shown(stack: Stack) -> None:
    stack.mode("tts", "bad-settings")
    stack.up()
    assert stack.wait_end() == 78
    assert "tts cannot start, its settings are wrong" in "".join(stack.output)
    assert "TTS_PORT is not a setting" in "".join(stack.output)
    assert stack.processes() == []


def test_a_service_deaf_to_sigterm_is_killed_after_the_grace(stack: Stack) -> None:
    stack.mode("agent", "stubborn")
    stack.up_and_ready()
    started_at_s = time.monotonic()
    assert stack.stop() == 0
    assert 4.5 < time.monotonic() - started_at_s < 9
    assert stack.processes() == []


def test_a_second_signal_does_not_wait_for_the_grace(stack: Stack) -> None:
    stack.mode("agent", "stubborn")
    stack.up_and_ready()
    assert stack.process is not None
    started_at_s = time.monotonic()
    stack.process.send_signal(signal.SIGINT)
    stack.wait_line("Stopping")
    assert stack.stop(signal.SIGINT) == 0
    assert time.monotonic() - started_at_s < 4
    assert stack.processes() == []


def test_a_service_that_is_alive_but_not_ready_is_shown_and_left_alone(stack: Stack) -> None:
    stack.mode("agent", "unready")
    stack.up()
    line = stack.wait_line("agent    waiting for sfu")
    assert "sfu: refused" in line
    pid = stack.main_process("agent").pid
    stack.saw_or_wait("backend  ready")
    assert stack.main_process("agent").pid == pid
    assert stack.stop() == 0


def test_services_die_with_a_killed_supervisor_and_the_next_run_starts(stack: Stack) -> None:
    stack.up_and_ready()
    assert stack.process is not None
    mains = [stack.main_process(name) for name in (*NAMES, "sfu")]
    stack.process.kill()
    stack.process.wait()
    wait_until(lambda: not any(is_alive(main) for main in mains), "the services end")
    orphans = stack.processes()
    assert orphans  # what the services themselves had started

    stack.up_and_ready()
    assert not any(is_alive(orphan) for orphan in orphans)
    assert stack.stop() == 0
    assert stack.processes() == []


def test_a_second_up_in_the_folder_says_one_is_running(stack: Stack) -> None:
    stack.up_and_ready()
    assert stack.process is not None
    second = stack.parley("up")
    assert second.returncode == 1
    address = f"http://localhost:{stack.ports['backend']}"
    assert f"already running here (pid {stack.process.pid}, {address})" in second.stdout
    assert stack.stop() == 0


def test_every_taken_port_is_named_with_its_holder_and_its_setting(stack: Stack) -> None:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", stack.ports["tts"]))
        tcp.listen()
        udp.bind(("127.0.0.1", int(stack.variables["LIVEKIT_UDP_PORT"])))
        result = stack.parley("up")
    assert result.returncode == 1
    port_line, udp_line = result.stdout.splitlines()[-2:]
    assert f"port {stack.ports['tts']} (tts) is in use by pid {psutil.Process().pid}" in port_line
    assert "set TTS_PORT" in port_line
    assert "UDP port" in udp_line
    assert "LIVEKIT_UDP_PORT" in udp_line
    assert not (stack.folder / "stt.environment").exists()  # nothing was started


def test_two_settings_on_one_port_are_refused(stack: Stack) -> None:
    stack.variables["LLM_PORT"] = stack.variables["STT_PORT"]
    result = stack.parley("up")
    assert result.returncode == 78
    assert "STT_PORT and LLM_PORT are both" in result.stderr


def test_services_are_told_where_moved_ones_are(stack: Stack) -> None:
    stack.variables["BACKEND_TTS_URL"] = "http://127.0.0.1:9/elsewhere"
    stack.up_and_ready()
    assert stack.stop() == 0
    agent, backend = stack.environment_of("agent"), stack.environment_of("backend")
    assert agent["AGENT_STT_URL"] == f"http://127.0.0.1:{stack.ports['stt']}/v1"
    assert agent["LIVEKIT_URL"] == f"ws://127.0.0.1:{stack.ports['sfu']}"
    assert agent["AGENT_STANDBY_URL"] == f"http://127.0.0.1:{stack.ports['embedded']}/v1"
    assert agent["AGENT_BACKEND_URL"] == f"http://127.0.0.1:{stack.ports['backend']}"
    assert backend["BACKEND_EMBEDDED_URL"] == f"http://127.0.0.1:{stack.ports['embedded']}"
    assert backend["BACKEND_AGENT_URL"] == f"http://127.0.0.1:{stack.ports['agent']}"
    assert backend["BACKEND_TTS_URL"] == "http://127.0.0.1:9/elsewhere"
    sfu = stack.environment_of("sfu")
    assert sfu["LIVEKIT_KEYS"] == f'"{agent["LIVEKIT_API_KEY"]}": "{agent["LIVEKIT_API_SECRET"]}"'


def test_output_that_nobody_reads_any_more_stops_nothing(stack: Stack) -> None:
    process = stack.start()
    assert process.stdout is not None
    while "Parley is ready" not in process.stdout.readline():
        assert process.poll() is None
    process.stdout.close()
    first = stack.main_process("stt")
    first.kill()
    wait_until(lambda: stack.pid_of("stt") not in (None, first.pid), "stt is started again")
    process.terminate()
    assert process.wait(15) == 0
    assert stack.processes() == []
