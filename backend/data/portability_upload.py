"""A file of JSON that somebody sends, read without holding up the others."""

import asyncio
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from chassis.errors import InvalidRequest

F = TypeVar("F", bound=BaseModel)


async def read_upload(request: Request, file: type[F]) -> F:
    """The body as `file`. Raises InvalidRequest naming the first field that is wrong."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidRequest("send JSON with Content-Type: application/json", param="body")
    body = await request.body()
    try:
        return await asyncio.to_thread(file.model_validate_json, body)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or "body"
        code = "invalid_json" if first["type"] == "json_invalid" else None
        raise InvalidRequest(f"{param}: {first['msg']}", param=param, code=code) from exc


def upload_schema(file: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that calls `read_upload`. `file` has no models inside."""
    schema = {"schema": file.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}


def first_problem(exc: ValidationError) -> str:
    """In a line, for a row of a file that is left out. Never the value: it is what was said."""
    first = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
