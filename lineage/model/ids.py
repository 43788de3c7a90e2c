"""Who is who: ids, kinds and states."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["dataset", "job", "run"]
Direction = Literal["up", "down", "both"]
Side = Literal["input", "output"]
EventType = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
RunState = Literal["NEW", "RUNNING", "COMPLETE", "FAIL", "ABORT"]

TERMINAL: frozenset[str] = frozenset({"COMPLETE", "FAIL", "ABORT"})


class NodeId(NamedTuple):
    """Who a dataset, job or run is. A run has its id as name and no namespace.

    A tuple, so that millions of them hash and compare at C speed.
    """

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """The id as Marquez's clients spell it: `dataset:NAMESPACE:NAME`, `run:UUID`."""
        return f"run:{self.name}" if self.kind == "run" else f"{self.kind}:{self.namespace}:{self.name}"


def dataset_id(namespace: str, name: str) -> NodeId:
    """The id of a dataset."""
    return NodeId("dataset", namespace, name)


def job_id(namespace: str, name: str) -> NodeId:
    """The id of a job."""
    return NodeId("job", namespace, name)


def run_id(run: str) -> NodeId:
    """The id of a run; *run* is a UUID in lower case with dashes."""
    return NodeId("run", "", run)


WHOLE: Final = ""  # instead of a column's name: the dataset as a whole, and so every column of it


class FieldId(NamedTuple):
    """A column of a dataset; *dataset* is a dataset's NodeId.

    As the target of an edge, the name `WHOLE` says that the source affects every column, known or not: what a filter,
    a join or a DISTINCT does.
    """

    dataset: NodeId
    name: str
