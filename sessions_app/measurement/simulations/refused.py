"""How a request for a simulation is refused."""


class SimulationRefused(ValueError):
    """It cannot be computed like this. `problems`: (JSON pointer, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems
