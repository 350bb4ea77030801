from types import SimpleNamespace

from sedpipe.detection.postprocess import PostProcessing
from sedpipe.labels import LabelSet
from sedpipe.views.page.operating_point import common_threshold, settings_of, threshold_of


def run_with(**settings):
    points = {"min_er": settings, "max_f1": {"threshold": 0.9}}
    scores = {"operating_point": "min_er", "post_processing": points}
    return SimpleNamespace(scores=scores, labels=LabelSet(("Dog", "Rain")))


def test_the_settings_are_those_that_the_events_were_made_with():
    run = run_with(threshold=0.3, median_s=0.4)
    assert settings_of(run) == PostProcessing(0.3, 0.4)
    assert (common_threshold(run), threshold_of(run, "Dog"), threshold_of(run, "Rain")) == (0.3, 0.3, 0.3)


def test_a_threshold_for_each_class_is_that_of_the_class():
    run = run_with(threshold=[0.3, 0.7])
    assert (common_threshold(run), threshold_of(run, "Dog"), threshold_of(run, "Rain")) == (None, 0.3, 0.7)
