"""Embeddings of many texts, and which of them are nearest to another."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
FIRST_ROWS = 64


class Vectors:
    """By id, all of one model: of one length, scaled to 1."""

    def __init__(self) -> None:
        self._rows: Vector = np.empty((0, 0), np.float32)
        self._ids: list[str] = []  # of the rows that are in use, from the first
        self._places: dict[str, int] = {}

    def put(self, id_: str, vector: Vector) -> None:
        """One of another length than the others is left out: its model answered otherwise once."""
        length = float(np.linalg.norm(vector))
        if self._ids and vector.shape != self._rows.shape[1:]:
            self.drop(id_)
            return
        if not np.isfinite(length) or length == 0:
            self.drop(id_)
            return
        place = self._places.get(id_)
        if place is None:
            place = self._places[id_] = len(self._ids)
            self._ids.append(id_)
            self._make_room(vector.size)
        self._rows[place] = vector / length

    def drop(self, id_: str) -> None:
        """One that is not there is fine. The last takes its place."""
        place = self._places.pop(id_, None)
        if place is None:
            return
        last = self._ids.pop()
        if last != id_:
            self._ids[place] = last
            self._places[last] = place
            self._rows[place] = self._rows[len(self._ids)]

    def nearest(self, vector: Vector, least: float) -> list[str]:
        """Ids of those whose cosine with `vector` is `least` or more, nearest first."""
        length = float(np.linalg.norm(vector))
        if not self._ids or vector.shape != self._rows.shape[1:] or not length > 0:
            return []
        # Not `@`: BLAS takes every core for it, and waits for the last where others are at work.
        cosines = np.einsum("ij,j->i", self._rows[: len(self._ids)], vector / length)
        near = np.flatnonzero(cosines >= least)
        return [self._ids[place] for place in near[np.argsort(-cosines[near], kind="stable")]]

    def __contains__(self, id_: object) -> bool:
        return id_ in self._places

    def _make_room(self, size: int) -> None:
        if len(self._ids) <= len(self._rows):
            return
        rows = np.empty((max(FIRST_ROWS, 2 * len(self._rows)), size), np.float32)
        rows[: len(self._rows)] = self._rows if len(self._rows) else 0
        self._rows = rows
