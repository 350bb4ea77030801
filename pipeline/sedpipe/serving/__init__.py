"""Web pages for the user's recordings, served by this machine to its own browser: ``sedpipe listen``.

- :mod:`~sedpipe.serving.recordings`: the folder, and the event lists beside its recordings
- :mod:`~sedpipe.serving.lists_beside`: event lists from other programs in the folder
- :mod:`~sedpipe.serving.found_list`: which events of a list are shown, and which are cut
- :mod:`~sedpipe.serving.ear`: the model that finds events in the recordings
- :mod:`~sedpipe.serving.guard`: access control, so that only this browser gets responses
- :mod:`~sedpipe.serving.app`: the responses
- :mod:`~sedpipe.serving.server`: the address, and the loop of the server
"""
