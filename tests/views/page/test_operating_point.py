from types import SimpleNamespace

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.labels import LabelSet
from sedpipe.views.page.operating_point import common_threshold, number_of, settings_of


def run_with(**settings):
    points = {"min_er": PostProcessing(**settings), "max_f1": PostProcessing(0.9)}
    scores = SimpleNamespace(operating_point="min_er", post_processing=points)
    return SimpleNamespace(scores=scores, labels=LabelSet(("Dog", "Rain")))


def test_the_settings_are_those_of_the_scored_operating_point():
    run = run_with(threshold=0.3, median_s=0.4)
    assert settings_of(run) == PostProcessing(0.3, 0.4)
    assert common_threshold(run) == 0.3
    assert [number_of(settings_of(run), "threshold", k) for k in (0, 1)] == [0.3, 0.3]


def test_each_class_has_its_own_threshold_if_they_differ():
    run = run_with(threshold=[0.3, 0.7])
    assert common_threshold(run) is None
    assert [number_of(settings_of(run), "threshold", k) for k in (0, 1)] == [0.3, 0.7]
