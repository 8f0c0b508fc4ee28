"""`/api/personas`: who may answer a user's calls, and what they look like."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from backend.accounts.sign_in import Principal, SignIn
from backend.data.db import Database
from backend.personas import owned, schema
from backend.personas.drawn import ImageGenerator
from backend.personas.options import Options
from backend.personas.pictures import CONTENT_TYPE, MAX_BYTES, Pictures
from chassis.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    documented,
)

PICTURE_BYTES_BY_PATH = {"/api/personas/*/image": MAX_BYTES}
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
FOR_GOOD = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
PersonaId = Annotated[str, Path(min_length=1, max_length=64)]


def persona_routes(
    database: Database,
    sign_in: SignIn,
    options: Options,
    pictures: Pictures,
    generator: ImageGenerator,
) -> APIRouter:
    """`pictures` must be entered by the service."""
    router = APIRouter(
        prefix="/api/personas",
        tags=["personas"],
        responses=documented(Unauthorized, Forbidden, Unavailable),
    )
    _add_options(router, sign_in, options, generator)
    _add_reading(router, database, sign_in)
    _add_changing(router, database, sign_in, options)
    _add_owning(router, database, sign_in)
    _add_pictures(router, database, sign_in, pictures)
    _add_drawing(router, database, sign_in, pictures, generator)
    return router


def _add_options(
    router: APIRouter, sign_in: SignIn, options: Options, generator: ImageGenerator
) -> None:
    @router.get("/options", dependencies=[Depends(sign_in.user)])
    async def persona_options() -> schema.PersonaOptions:
        """What a persona can be made of now; a server that is away leaves its part empty."""
        return await options.told(image_generation=generator.is_on)


def _add_reading(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.get("")
    async def list_personas(who: Annotated[Principal, Depends(sign_in.user)]) -> schema.Personas:
        """The user's own and the shared ones, by name."""
        async with database.reading() as session:
            return schema.Personas(personas=await owned.list_for(session, who))

    @router.get("/{persona_id}", responses=documented(NotFound))
    async def get_persona(
        persona_id: PersonaId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.Persona:
        """One persona, by id."""
        async with database.reading() as session:
            row = await owned.get(session, persona_id, who)
            return await owned.view(session, row, who)


def _add_changing(router: APIRouter, database: Database, sign_in: SignIn, options: Options) -> None:
    @router.post("", status_code=201, responses=documented(Conflict))
    async def create_persona(
        body: schema.NewPersona, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.Persona:
        """A persona of the user's own."""
        await options.check_voice(body.voice)
        async with database.writing() as session:
            row = await owned.create(session, body, who)
            return await owned.view(session, row, who)

    @router.patch("/{persona_id}", responses=documented(NotFound, Conflict))
    async def change_persona(
        persona_id: PersonaId,
        body: schema.PersonaChange,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.Persona:
        """Change what is given; calls begun from now on are answered so."""
        async with database.reading() as session:
            known = (await owned.get_editable(session, persona_id, who)).voice
        if body.voice != known:  # a voice that has gone since does not stop a new name
            await options.check_voice(body.voice)
        async with database.writing() as session:
            row = await owned.get_editable(session, persona_id, who)
            await owned.change(session, row, body)
            return await owned.view(session, row, who)


def _add_owning(router: APIRouter, database: Database, sign_in: SignIn) -> None:
    @router.delete("/{persona_id}", status_code=204, responses=documented(NotFound, Conflict))
    async def delete_persona(
        persona_id: PersonaId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """Its conversations stay; whoever had chosen it has the shared default again."""
        async with database.writing() as session:
            await owned.delete(session, await owned.get_editable(session, persona_id, who))

    @router.post(
        "/{persona_id}/duplicate", status_code=201, responses=documented(NotFound, Conflict)
    )
    async def duplicate_persona(
        persona_id: PersonaId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.Persona:
        """The user's own copy, its picture too."""
        async with database.writing() as session:
            row = await owned.get(session, persona_id, who)
            copy = await owned.duplicate(session, row, who)
            return await owned.view(session, copy, who)

    @router.post("/{persona_id}/default", status_code=204, responses=documented(NotFound))
    async def choose_persona(
        persona_id: PersonaId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """It answers this user's calls from now on."""
        async with database.writing() as session:
            await owned.choose(session, await owned.get(session, persona_id, who), who)


def _add_pictures(
    router: APIRouter, database: Database, sign_in: SignIn, pictures: Pictures
) -> None:
    @router.put(
        "/{persona_id}/image",
        responses=documented(NotFound, TooLarge),
        openapi_extra=_body_of_pictures(),
    )
    async def put_persona_image(
        persona_id: PersonaId, request: Request, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> schema.Persona:
        """Its middle square becomes the persona's picture; nothing else of the file is kept."""
        async with database.reading() as session:
            await owned.get_editable(session, persona_id, who)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in PICTURE_TYPES:
            raise InvalidRequest(
                f"send a picture: {', '.join(PICTURE_TYPES)}",
                param="Content-Type",
                code="image_refused",
            )
        return await _keep(database, pictures, await request.body(), persona_id, who, "body")

    @router.get(
        "/{persona_id}/image",
        response_class=Response,
        responses=documented(NotFound)
        | {200: {"content": {CONTENT_TYPE: {}}, "description": "the picture"}},
    )
    async def get_persona_image(
        persona_id: PersonaId,
        who: Annotated[Principal, Depends(sign_in.user)],
        v: Annotated[str | None, Query(max_length=64, description="as in image_url")] = None,
    ) -> Response:
        """The picture; by the address in `image_url` it may be kept for good."""
        async with database.reading() as session:
            row = await owned.get(session, persona_id, who)
            found = await owned.picture(session, row)
        is_version = v == found.digest[: owned.VERSION_CHARS]
        headers = {
            "cache-control": FOR_GOOD if is_version else ASK_AGAIN,
            "content-disposition": "inline",
        }
        return Response(found.image, media_type=found.content_type, headers=headers)

    @router.delete("/{persona_id}/image", status_code=204, responses=documented(NotFound))
    async def delete_persona_image(
        persona_id: PersonaId, who: Annotated[Principal, Depends(sign_in.user)]
    ) -> None:
        """No picture from now on; none before is fine."""
        async with database.writing() as session:
            row = await owned.get_editable(session, persona_id, who)
            await owned.take_picture_away(session, row)


def _add_drawing(
    router: APIRouter,
    database: Database,
    sign_in: SignIn,
    pictures: Pictures,
    generator: ImageGenerator,
) -> None:
    @router.post("/{persona_id}/image/generate", responses=documented(NotFound))
    async def generate_persona_image(
        persona_id: PersonaId,
        body: schema.ImageDescription,
        who: Annotated[Principal, Depends(sign_in.user)],
    ) -> schema.Persona:
        """Has a picture drawn by the description; takes up to a minute and a half."""
        async with database.reading() as session:
            await owned.get_editable(session, persona_id, who)
        drawn = await generator.draw(body.description)
        return await _keep(database, pictures, drawn, persona_id, who, "description")


async def _keep(
    database: Database, pictures: Pictures, data: bytes, persona_id: str, who: Principal, param: str
) -> schema.Persona:
    safe = await pictures.made_safe(data, param=param)
    async with database.writing() as session:
        row = await owned.get_editable(session, persona_id, who)
        await owned.give_picture(session, row, safe.image, safe.digest, safe.content_type)
        return await owned.view(session, row, who)


def _body_of_pictures() -> dict[str, Any]:
    picture = {"schema": {"type": "string", "format": "binary", "maxLength": MAX_BYTES}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(PICTURE_TYPES, picture)}}
