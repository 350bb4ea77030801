from sedpipe.io.records.run import RunRecord, RunSettings
from sedpipe.views.page.introduction import system_note, system_sentence

SETTINGS = {"preset": "small", "network": {}, "training": {}, "seed": 3, "device": "cpu", "threads": 1}


def record(pooling, data, **changes):
    settings = RunSettings(**{**SETTINGS, **changes}, pooling=pooling)
    return RunRecord(dataset="garden", settings=settings, data=data, versions={})


def test_the_introduction_describes_training_data_pooling_and_seed():
    made = record({"function": "linear", "hierarchy": [5, 5]}, {"training": {"clips": 1234}})
    assert system_note(made) == "1,234 clips, hierarchical linear softmax pooling, random seed 3"
    assert system_sentence(made) == (
        "A neural network trained on weak labels, which say what sounds in a clip but not when: "
        "1,234 clips, hierarchical linear softmax pooling, random seed 3."
    )


def test_the_introduction_omits_what_a_run_does_not_record():
    assert system_note(record({"function": "power"}, {})) == "power pooling, random seed 3"
    assert system_note(record({}, {"training": "?"})) == "random seed 3"
    assert system_note(record({}, {"training": {"clips": "12"}})) == "random seed 3"
    assert system_sentence(None).endswith("not when.")


def test_strong_labels_used_in_training_are_mentioned():
    mixed = record({"function": "linear"}, {"training": {"clips": 12}}, training={"supervision": "mixed"})
    assert system_note(mixed) == "12 clips, also strong labels, linear softmax pooling, random seed 3"
