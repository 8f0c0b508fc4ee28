"""What happens when a user must not go on, or is no more."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.users import delete_account

OnUserGone = Callable[[str], Awaitable[None]]  # given the user's id; ends their calls
ForgetUser = Callable[[AsyncSession, str], Awaitable[None]]


async def nobody_to_tell(_: str) -> None:
    """There are no calls to end."""


async def forget_rows(session: AsyncSession, user_id: str) -> None:
    """The account alone."""
    await delete_account(session, user_id)
