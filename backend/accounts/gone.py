"""What happens when a user must not go on, or is no more."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

OnUserGone = Callable[[str], Awaitable[None]]  # given the user's id; ends their calls
Deed = Callable[[AsyncSession], Awaitable[None]]
# Given the user's id; deletes all that is theirs, and does the deed with it or neither.
ForgetUser = Callable[[str, Deed], Awaitable[None]]
