"""What a call, and the next one, come to when a part of the exchange dies."""

import os
import signal
import socket
from contextlib import suppress

import pytest
from dotenv import dotenv_values

from tests.sip.exchange import NUMBER, Exchange, until
from tests.sip.softphone import Softphone

pytestmark = [pytest.mark.usefixtures("line"), pytest.mark.timeout(300)]
TRIES = 4


def test_a_call_whose_sip_service_dies_is_over_and_the_next_one_works(
    phone: Softphone, exchange: Exchange
) -> None:
    phone.dial(NUMBER)
    phone.until("CALL_ESTABLISHED")
    call = exchange.last_call()
    (pid,) = exchange.stack.pids("sip")
    os.kill(pid, signal.SIGKILL)
    ended = exchange.until_ended(call["id"], within_s=40)
    assert ended["ended_reason"] == "user_left"
    until(lambda: exchange.jobs() == 0, 20, "the agent has left")
    phone.hang_up()
    exchange.stack.wait_restarted("sip", pid, 20)
    exchange.stack.wait_service_ready("sip", 20)
    until_greeted(phone, exchange)


def test_lines_come_back_after_redis_forgot_them(
    phone: Softphone, exchange: Exchange, line: str
) -> None:
    ask_redis(exchange, "FLUSHALL")
    until(lambda: b"sip_dispatch_rule" in ask_redis(exchange, "KEYS sip_*"), 60, "rules are back")
    exchange.until_ready(line)
    until_greeted(phone, exchange)


def test_lines_come_back_after_redis_died(phone: Softphone, exchange: Exchange, line: str) -> None:
    (pid,) = exchange.stack.pids("redis")
    os.kill(pid, signal.SIGKILL)
    exchange.stack.wait_restarted("redis", pid, 20)
    until(lambda: b"sip_dispatch_rule" in ask_redis(exchange, "KEYS sip_*"), 60, "rules are back")
    exchange.until_ready(line)
    until_greeted(phone, exchange)


def until_greeted(phone: Softphone, exchange: Exchange) -> None:
    """Who calls in the moment in which a line is not there hears it ring, and calls again."""
    for _ in range(TRIES):
        phone.dial(NUMBER)
        with suppress(AssertionError):
            phone.until("CALL_ESTABLISHED", within_s=12)
            break
        phone.hang_up()
    phone.until_heard()
    phone.hang_up()
    assert exchange.until_ended(exchange.last_call()["id"])["ended_reason"] == "user_hung_up"


def ask_redis(exchange: Exchange, command: str) -> bytes:
    """Empty while it does not answer."""
    password = dotenv_values(exchange.stack.folder / ".env")["REDIS_PASSWORD"]
    try:
        with socket.create_connection(("127.0.0.1", exchange.stack.ports["REDIS_PORT"]), 2) as link:
            link.sendall(f"AUTH {password}\r\n{command}\r\nQUIT\r\n".encode())
            answer = b""
            while piece := link.recv(65_536):
                answer += piece
            return answer
    except OSError:
        return b""
