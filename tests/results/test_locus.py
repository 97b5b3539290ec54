"""Curves in two parameters as results: names, words, files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dynana as dn
from dynana.results.locus import Locus
from dynana.results.special_points import CODES, SpecialPoint, in_words
from dynana.results.stop import Stop


@pytest.fixture
def locus() -> Locus:
    cusp = SpecialPoint(
        kind="cusp", code="CP", system="toy", fingerprint="f", states=("x",), point=np.array([0.0]),
        parameters={"a": 0.0, "b": 0.0, "c": 2.0}, free=("a", "b"), residual=0.0, interval=(0.0, 0.0), converged=True,
        eigenvalues=np.array([0j]), normal_form={"c": -1.0}, criticality="three equilibria inside", index=2,
    )  # fmt: skip
    x = np.linspace(-1, 1, 5)
    end = Stop(reason="end of range", message="b = 3.")
    return Locus(
        system="toy", fingerprint="f", states=("x",), kind="fold", free=("a", "b"),
        parameters={"a": 0.0, "b": 3.0, "c": 2.0}, places=np.column_stack([-2 * x**3, 3 * x**2]),
        points=x[:, None].copy(), periods=np.zeros(5), special=(cusp,), stops=(end, end), origin="from the fold at a",
        closed=False, measures={"a_coefficient": -3 * x},
    )  # fmt: skip


def test_columns_by_name(locus):
    np.testing.assert_array_equal(locus["b"], 3 * locus["x"] ** 2)
    np.testing.assert_array_equal(locus["a_coefficient"], -3 * locus["x"])
    with pytest.raises(KeyError, match="did you mean 'a_coefficient'"):
        locus["coefficient"]
    assert len(locus) == 5 and not locus["a"].flags.writeable
    assert locus.special_points("cusp") == locus.special_points("CP") == locus.special_points() == locus.special
    assert locus.special_points("bautin") == ()
    with pytest.raises(ValueError, match="cusp"):
        locus.special_points("cups")


def test_the_curve_in_words_and_as_a_table(locus):
    assert "fold" in locus.sentence and "a from -2 to 2" in locus.sentence and "end of range" in locus.sentence
    assert "cusp" in str(locus) and "three equilibria inside" in str(locus) and "b = 3" in str(locus)
    assert repr(locus).startswith("<Locus of toy:") and "<table>" in locus._repr_html_()


def test_files_hold_everything(locus, tmp_path):
    again = dn.load(locus.save(tmp_path / "locus.npz"))
    assert isinstance(again, Locus) and str(again) == str(locus)
    np.testing.assert_array_equal(again.places, locus.places)
    np.testing.assert_array_equal(again["a_coefficient"], locus["a_coefficient"])
    assert again.special[0].normal_form == {"c": -1.0}


def test_frames_have_one_row_for_each_point(locus):
    pytest.importorskip("pandas")
    assert list(locus.to_dataframe().columns) == ["a", "b", "x", "period", "a_coefficient"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("places", np.zeros((5, 3))), ("points", np.zeros((4, 1))), ("measures", {"l1": np.zeros(3)}), ("free", ("a",))],
)
def test_fields_that_do_not_fit_are_refused(locus, field, value):
    fields = {name: getattr(locus, name) for name in Locus.__dataclass_fields__} | {field: value}
    with pytest.raises(ValueError, match=field if field != "free" else "two varied parameters"):
        Locus(**fields)


def test_zero_and_kinds_in_sentences(locus):
    assert "curve of folds, a from -2 to 2, b from 0 to 3 (5 points" in locus.sentence
    tiny = replace(locus, places=locus.places + [[0.0, 1.8e-16]], kind="hopf")
    assert "curve of Hopf points, a from -2 to 2, b from 0 to 3" in tiny.sentence
    assert in_words("fold of cycles", many=True) == "folds of cycles" and in_words("bautin") == "Bautin point"
    assert all(in_words(kind) and in_words(kind, many=True) for kind in CODES)
