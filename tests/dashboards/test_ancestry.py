"""The ancestry of a run as a tree."""

from dashboards.panels.ancestry import tally, tree
from lineage.audit.trace import Code, Link, Trace, TracedRun, TracedVersion
from lineage.model import Run, Version
from tests.support.graphs import AT, dataset, job


def run(name):
    """A completed run of the job of its name."""
    return Run(name, job(name), "COMPLETE", AT)


def trace(*links):
    """A trace from run `c` of (reader or writer, dataset, side, writer) rows."""
    runs = {name: TracedRun(run(name), 0, Code(), 1, ("00",)) for name, *_ in links}
    versions = {
        f"{data}#{writer}": TracedVersion(dataset(data), 0, Version(dataset(data), run(writer), AT, delivered=True))
        if writer
        else TracedVersion(dataset(data), 0)
        for _, data, _, writer in links
    }
    made = tuple(Link(name, f"{data}#{writer}", side, "as_of", ("00",)) for name, data, side, writer in links)
    return Trace("c", runs, versions, made)


DIAMOND = trace(
    ("c", "x", "input", "a"),
    ("c", "y", "input", "b"),
    ("b", "x", "input", "a"),
    ("a", "raw", "input", ""),
    ("c", "z", "output", "c"),
)


def test_each_run_hangs_under_what_was_read_of_it():
    """The reader comes first, then what it read, then who wrote that."""
    root = tree(DIAMOND)

    assert ("c", ["a", "b"]) == (root.run.run.id, [leaf.writer.run.run.id for leaf in root.read])


def test_a_run_that_is_met_twice_is_drawn_once():
    """The second place says that the first exists."""
    root = tree(DIAMOND)

    again = root.read[1].writer.read[0]
    assert (None, "a") == (again.writer, again.again)


def test_a_source_ends_its_branch():
    """Nobody is known to have written it."""
    source = tree(DIAMOND).read[0].writer.read[0]

    assert (None, None, None) == (source.writer, source.again, source.version.version)


def test_the_tally_says_how_sure_the_ancestry_is():
    """Steps by time are not called proven."""
    told = tally(DIAMOND)

    assert (3, 0, 4, 1) == (told.runs, told.proven, told.inferred, told.sources)
