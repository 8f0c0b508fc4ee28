"""Which chat model a machine without one fetches by itself: the largest its memory carries."""

from chassis.weights.catalogue import Model, find_model

ON_GPU = "qwen3-30b-a3b-instruct-2507"
# Largest first. On a CPU a larger one than 4 B would not keep up with a conversation.
LADDER = ("qwen3-4b-instruct-2507", "qwen3-1.7b", "qwen3-0.6b")
CONTEXT_BYTES = 700_000_000  # of a few thousand tokens, and what the engine itself takes
SPARE = 1.1  # of the weights: what else is loaded meanwhile must not push it out


def best_to_fetch(budgets_bytes: list[int]) -> Model | None:
    """`budgets_bytes`: of the GPU alone, where there is one, then of all memory."""
    has_gpu = len(budgets_bytes) > 1
    for place, free_bytes in enumerate(budgets_bytes):
        ids = (ON_GPU, *LADDER) if has_gpu and place == 0 else LADDER
        found = next((model for id_ in ids if _fits(model := find_model(id_), free_bytes)), None)
        if found:
            return found
    return None


def _fits(model: Model, free_bytes: int) -> bool:
    return (model.size_bytes or 0) * SPARE + CONTEXT_BYTES <= free_bytes
