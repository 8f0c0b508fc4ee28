"""Why calls end: the one list that logs, metrics, storage and screens share."""

from enum import StrEnum


class EndedReason(StrEnum):
    """Stored and exported: never rename a value, only add."""

    USER_HUNG_UP = "user_hung_up"
    USER_LEFT = "user_left"  # the connection was lost and nobody came back
    AGENT_HUNG_UP = "agent_hung_up"  # the user said goodbye
    TRANSFERRED = "transferred"
    USER_SILENT = "user_silent"
    NO_STT = "no_stt"
    NO_LLM = "no_llm"
    NO_TTS = "no_tts"
    AGENT_LOST = "agent_lost"  # the worker died and no other took over
    MAX_DURATION = "max_duration"
    WORKER_STOPPED = "worker_stopped"
    ROOM_CLOSED = "room_closed"
    LINES_BUSY = "lines_busy"  # as many telephone calls were on as there may be
    NOT_ANSWERED = "not_answered"
    CALLEE_BUSY = "callee_busy"
    DIAL_FAILED = "dial_failed"  # no such number, or the provider refused
    ERROR = "error"
