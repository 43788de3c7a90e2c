"""Each file of real or hand-made events gives the graph that its reviewer wrote down."""

import pytest

from tests.support.events import all_files, deltas, expected, picture


@pytest.mark.parametrize("name", all_files())
def test_a_file_of_events_gives_the_graph_beside_it(name):
    """Datasets, jobs, runs with states, edges, parents, aliases, column edges: all as written, and nothing else."""
    wanted = expected(name)

    found = picture(deltas(name))

    for run, said in found["runs"].items():
        if "seconds" not in wanted["runs"].get(run, {}):  # A reviewer writes a duration only where it is the point.
            said.pop("seconds", None)
    assert wanted == found
