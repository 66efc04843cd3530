"""Words of messages that several tools share."""


def counted(number: int, noun: str, several: str | None = None) -> str:
    """A number and its noun: ``1 picture``, ``2 pictures``, ``2 batches``.

    Args:
        number: How many.
        noun: What one of them is called.
        several: What several are called; None adds an s.
    """
    return f'{number} {noun if number == 1 else several or noun + "s"}'
