"""Why a trained model is not loaded."""


class CodeRefused(Exception):
    """Loading or running the file would run code that the file brings along; `reason` says where."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
