"""A page for one's own recordings, from this machine to its own browser: ``sedpipe listen``.

- :mod:`~sedpipe.serving.recordings`: the folder, and the lists of events beside its recordings
- :mod:`~sedpipe.serving.lists_beside`: the lists that other programs left there
- :mod:`~sedpipe.serving.found_list`: what of a list is shown, and what is cut
- :mod:`~sedpipe.serving.ear`: the model that hears them
- :mod:`~sedpipe.serving.guard`: whom the server answers
- :mod:`~sedpipe.serving.app`: what it answers
- :mod:`~sedpipe.serving.server`: the address, and the loop
"""
